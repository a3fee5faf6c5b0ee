"""Claim: take what is due on a channel for a limited time, as far as clocks, circuit and retry budget allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import structlog

from reminders.core.circuit import Passage
from reminders.core.clock_sanity import ClockFault
from reminders.core.lookout import OLD_AFTER
from reminders.core.pacing import again_share, first_share, is_counted, is_worth_storing, retries_after, retries_left
from reminders.core.patients import Channel
from reminders.failpoints import Failpoint, reach
from reminders.services.deps import Deps
from reminders.services.mind_circuit import passage, read_passage, take_probe
from reminders.services.read_time import Moment, report_clocks
from reminders.services.retry_budget import budget_of, pay_back
from reminders.store import buckets, messages
from reminders.store.messages import Claimed
from reminders.store.unit_of_work import Transaction

NOBODY = "SM" + "0" * 32
"""No message has this id: asking for it shows the provider's clock and sends nothing."""
log = structlog.get_logger()


@dataclass(slots=True)
class Claim:
    """Messages taken together, in the order of their due times. A probe is one message past an open circuit."""

    token: UUID
    due: list[Claimed] = field(default_factory=list)
    is_probe: bool = False


def claim_due(deps: Deps, channel: Channel, *, is_made: bool = False) -> Claim:
    """Take some messages that are due, or will be within the claim-ahead; none where nothing may leave.

    `is_made` says that some have just been made: then nobody looks first whether there are any.
    """
    taken = Claim(deps.identity.new_id())
    if not has_gateway(deps, channel) or not (is_made or _may_be_due(deps, channel)):
        return taken
    with deps.store.transaction() as tx:
        moment, way = read_passage(tx, deps, channel)
        if moment.fault is not None:
            log.warning("clocks.disagree", which=moment.fault.value)
            report_clocks(tx, deps, now=moment.now)
        else:
            _claim(tx, deps, channel, taken, moment=moment, way=way)
    if moment.fault is ClockFault.PROVIDER and deps.sms is not None:
        deps.sms.fetch(NOBODY)
    reach(Failpoint.CLAIMED)
    return taken


def has_gateway(deps: Deps, channel: Channel) -> bool:
    """Say whether a provider is configured for a channel."""
    return (deps.sms if channel is Channel.SMS else deps.email) is not None


def release(deps: Deps, token: UUID) -> None:
    """Give back what a claim still holds; the next look is for everything, for this may be old."""
    with deps.store.transaction() as tx:
        for channel, count in messages.release(tx, token).items():
            pay_back(tx, deps, channel, count)
    deps.lookout.forget()


def _may_be_due(deps: Deps, channel: Channel) -> bool:
    """Look first without a write lock: most of the time there is nothing to take."""
    now, at = deps.clock.now(), deps.clock.monotonic()
    since = deps.lookout.since(channel, at=at)
    with deps.store.looking() as tx:
        began = deps.clock.monotonic()  # that nobody could be asked yet is not what a look costs
        first = messages.next_due(tx, channel, since=since)
        if since is None:
            old_before, took = now - OLD_AFTER * deps.clock.speed, deps.clock.monotonic() - began
            deps.lookout.saw_everything(channel, first, at=at, took=took, old_before=old_before)
        is_due = first is not None and first <= now + deps.policy.ahead
        return is_due and passage(tx, deps, channel, now=now) is not Passage.NONE


def _claim(tx: Transaction, deps: Deps, channel: Channel, taken: Claim, *, moment: Moment, way: Passage) -> None:
    match way:
        case Passage.ALL:
            taken.due = _take(tx, deps, channel, taken.token, moment, limit=deps.policy.claim_size)
        case Passage.ONE:
            if take_probe(tx, deps, channel, now=moment.now):
                taken.is_probe = True
                taken.due = _take(tx, deps, channel, taken.token, moment, limit=1)
        case Passage.NONE:
            pass


def _take(tx: Transaction, deps: Deps, channel: Channel, token: UUID, moment: Moment, *, limit: int) -> list[Claimed]:
    """Take first tries, and as many second ones as the retry budget pays for."""
    name, speed = budget_of(deps, channel), deps.clock.speed
    before, lease_until = moment.now + deps.policy.ahead, moment.machine_now + deps.policy.lease

    def take(most: int, *, is_again: bool) -> list[Claimed]:
        return messages.claim(
            tx, channel, before=before, limit=most, token=token, lease_until=lease_until, is_again=is_again
        )

    waiting = messages.next_due(tx, channel, is_again=True)
    is_asked = waiting is not None and waiting <= before
    first = take(first_share(limit, wants_again=is_asked), is_again=False)
    stored = buckets.read(tx, name)
    if is_counted(stored, first=len(first), wants_again=is_asked):
        stored = buckets.lock(tx, name)
    left = retries_left(stored, machine_now=moment.machine_now, speed=speed)
    most = again_share(limit, left, first=len(first), wants_again=is_asked)
    again = take(most, is_again=True) if most else []
    after = retries_after(left, first=len(first), again=len(again))
    if is_worth_storing(stored, after, first=len(first), again=len(again)):
        buckets.write(tx, name, after)
    return sorted((*first, *again), key=lambda item: (item.due_at, item.id)) if again else first
