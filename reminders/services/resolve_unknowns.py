"""Resolve: find out what became of attempts without an outcome. Never a blind resend (reliability (a), step 6).

Idempotent and safe to run twice at once: every change is guarded by the state it starts from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from reminders.core.delivery import REACHES, Accepted, AttemptState, Evidence, MessageState, is_proven_absent
from reminders.core.late_proof import NOT_LEFT, after_absence
from reminders.core.messages import Message
from reminders.core.patients import Channel
from reminders.failpoints import Failpoint, reach
from reminders.ports import SENDING_JOBS, Sighting
from reminders.services.apply_receipts import News, accept_late, advance_message
from reminders.services.close_addresses import lock_concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.services.mind_circuit import hold_if_doubled
from reminders.services.open_tasks import open_message_tasks
from reminders.services.read_time import read_moment
from reminders.services.retry_budget import pay_back
from reminders.store import attempts, circuits, clinics, messages, outcomes, pending, receipts
from reminders.store.attempts import OPEN_MESSAGE, OpenAttempt
from reminders.store.messages import Move
from reminders.store.outcomes import Ending
from reminders.store.unit_of_work import Transaction

T = TypeVar("T")
R = TypeVar("R")
AT_ONCE = 200
LOOKS_TOGETHER = 8
"""After an outage a thousand texts may be in doubt: one look after the other, the last would wait for minutes."""
LOOKS_LAST = timedelta(seconds=60)
"""How long one round of looks may take; a provider that does not answer must not keep the rest of the upkeep."""
POLL_AFTER, POLL_FOR = timedelta(hours=1), timedelta(days=3)
"""When a text without a final receipt is asked about, and for how long: some carriers never report."""
CLOCKS_APART = timedelta(days=1)
"""More than an attempt and its message, each timed by its own clock, can seem to lie apart."""
LOOK_BACK_FOR, LOOK_BACK_EVERY = timedelta(days=1), timedelta(minutes=30)
"""How long and how often a text that was found absent is looked for again."""
HEARING = timedelta(hours=1)
"""Receipts count as arriving when one came within this time."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look showed; None where that is no evidence. `began` is monotonic time: evidence is as old as its look."""

    sightings: Sequence[Sighting] | None
    began: float


def resolve_unknowns(deps: Deps) -> int:
    """Take overdue attempts into doubt, look for those in doubt, and settle what can be. Returns how many were."""
    with deps.store.looking() as tx:
        is_any = pending.is_in_doubt(tx, machine_now=read_moment(tx, deps).machine_now)
    settled = _resolve_all(deps) if is_any else 0
    look_back(deps)
    return settled


def _resolve_all(deps: Deps) -> int:
    with deps.store.transaction() as tx:
        moment = read_moment(tx, deps)
        released = messages.release_expired(tx, machine_now=moment.machine_now)
        attempts.doubt_overdue(tx, machine_now=moment.machine_now, now=moment.now)
        for channel, count in released.items():
            pay_back(tx, deps, channel, count)
    deps.lookout.forget()  # what a lease gave back was due long ago, and so is what is settled below
    with deps.store.reading() as tx:
        doubtful = [item for channel in Channel for item in attempts.unknown(tx, channel, limit=AT_ONCE)]
    asked = [item for item in doubtful if _may_look(deps, item)]
    settled = sum(_resolve(deps, item, look) for item, look in _look_together(deps, asked, _look))
    if settled:
        deps.lookout.forget()
        deps.queue.hint(SENDING_JOBS.values())
    return settled


def _may_look(deps: Deps, item: OpenAttempt) -> bool:
    if item.last_look_at is None:
        return True
    pause = min(deps.policy.look_again_after, deps.resolution.spread)
    return deps.clock.machine_now() - item.last_look_at >= pause


def _look_together(deps: Deps, items: Sequence[T], look: Callable[[Deps, T], R]) -> Iterator[tuple[T, R]]:
    """Look for items, some at a time, with no transaction open, until the round's time is over."""
    until = deps.clock.monotonic() + LOOKS_LAST.total_seconds()
    with ThreadPoolExecutor(LOOKS_TOGETHER, thread_name_prefix="look") as pool:
        for first in range(0, len(items), LOOKS_TOGETHER):
            if deps.clock.monotonic() >= until:
                return
            group = items[first : first + LOOKS_TOGETHER]
            yield from zip(group, pool.map(lambda item: look(deps, item), group), strict=True)


def _resolve(deps: Deps, item: OpenAttempt, look: Look) -> bool:
    """Act on what a look for one attempt showed."""
    sightings = look.sightings
    if sightings is None:
        return False
    with deps.store.transaction() as tx:
        # What is found may have failed for its address's sake, which is locked before any attempt.
        lock_concerned(tx, attempts.addressed(tx, [item.tag], ()) if sightings else ())
        if attempts.in_doubt(tx, item.tag) is None:
            return False
        owned = _mine(tx, sightings)
        if owned is not None:
            return _settle_accepted(tx, deps, item, owned)
        if read_moment(tx, deps, item.channel).fault is not None:
            return False  # by clocks that disagree a grace may seem over that has hardly begun
        if item.channel is Channel.SMS:
            age = timedelta(seconds=deps.clock.monotonic() - look.began)
            attempts.saw_nothing(tx, item.tag, machine_now=read_moment(tx, deps).machine_now - age)
        is_settled = _settle_absent_if_proven(tx, deps, item)
        reach(Failpoint.RESOLVE_BEFORE_COMMIT)
        return is_settled


def _look(deps: Deps, item: OpenAttempt) -> Look:
    """Return what the provider shows. A mail server shows nothing but time passing."""
    began = deps.clock.monotonic()
    if item.channel is Channel.EMAIL:
        is_old = deps.clock.machine_now() - item.machine_begun_at >= deps.resolution.blind_grace
        return Look(() if is_old else None, began)
    seen = None if deps.sms is None else deps.sms.find(item.address, item.body, since=item.machine_begun_at)
    return Look(seen, began)


def _mine(tx: Transaction, sightings: Sequence[Sighting]) -> Sighting | None:
    """Return a sighting that no other attempt accounts for: an equal text to the same number is not ours."""
    taken = attempts.taken(tx, [seen.provider_id for seen in sightings])
    return next((seen for seen in sightings if seen.provider_id not in taken), None)


def _settle_accepted(tx: Transaction, deps: Deps, item: OpenAttempt, seen: Sighting) -> bool:
    now = deps.clock.now()
    ending = Ending(item.tag, AttemptState.ACCEPTED, provider_id=seen.provider_id, provider_status=seen.provider_status)
    if not outcomes.settle(tx, ending, now=now):
        return False
    messages.move(tx, [Move(item.message_id, MessageState.ACCEPTED)], OPEN_MESSAGE, now=now)
    if attempts.late_accepted(tx, [item.message_id]):
        hold_if_doubled(tx, deps, now=now)
    advance_message(tx, deps, News(item.tag, item.message_id, seen.status, seen.refusal, seen.code))
    return True


def _settle_absent_if_proven(tx: Transaction, deps: Deps, item: OpenAttempt) -> bool:
    moment = read_moment(tx, deps)
    machine_now, now = moment.machine_now, moment.now
    fresh = attempts.in_doubt(tx, item.tag)
    held = messages.get_many(tx, [item.message_id], for_update=True)[item.message_id]
    if fresh is None or held.state is not MessageState.UNKNOWN:
        return False
    evidence = Evidence(
        begun_at=fresh.machine_begun_at,
        empty_looks=fresh.empty_looks,
        first_look_at=fresh.first_look_at,
        last_look_at=fresh.last_look_at,
        hears_receipts=receipts.heard_since(tx, machine_now - HEARING),
        can_look=item.channel is Channel.SMS,
    )
    if not is_proven_absent(evidence, deps.resolution, machine_now=machine_now):
        return False
    outcomes.settle(tx, Ending(item.tag, AttemptState.ABSENT, detail="not found at the provider"), now=now)
    messages.count_resend(tx, item.message_id)
    move = _after_absence(tx, deps, held, now)
    messages.move(tx, [move], [MessageState.UNKNOWN], now=now)
    open_message_tasks(tx, deps.identity, [(held.draft, move)], now=now)
    if item.channel is Channel.SMS:  # the provider never had it: the next try is the first that it sees
        pay_back(tx, deps, item.channel, 1)
    return True


def _after_absence(tx: Transaction, deps: Deps, held: Message, now: datetime) -> Move:
    earlier = attempts.late_accepted(tx, [held.id]).get(held.id)
    if earlier is not None:
        attempts.revive(tx, earlier.tag, earlier.provider_id or "", earlier.provider_status or "", now=now)
    follows = after_absence(
        was_taken=earlier is not None,
        may_resend=earlier is None and _may_resend(tx, deps, held),
        resends=held.resends,
        expires_at=held.draft.expires_at,
        now=now,
    )
    return Move(held.id, follows.state, follows.reason, follows.due_at, is_unsent=follows.state in NOT_LEFT)


def _may_resend(tx: Transaction, deps: Deps, held: Message) -> bool:
    is_held = circuits.holds_unknown_since(tx, deps.accounts[held.draft.channel]) is not None
    return not is_held and clinics.get(tx, held.draft.clinic_id).resends_unknown


def look_back(deps: Deps) -> int:
    """Look again for texts that were found absent: a provider may show late what it hid. Returns how many it had.

    Without this a double whose callback is lost would never be counted.
    """
    if deps.sms is None:
        return 0
    machine_now = deps.clock.machine_now()
    since, before = machine_now - LOOK_BACK_FOR, machine_now - LOOK_BACK_EVERY
    with deps.store.looking() as tx:
        waiting = attempts.found_absent(tx, since=since, before=before, limit=AT_ONCE)
    return sum(_look_back(deps, item, look) for item, look in _look_together(deps, waiting, _look))


def _look_back(deps: Deps, item: OpenAttempt, look: Look) -> bool:
    sightings = look.sightings
    if sightings is None:
        return False
    with deps.store.transaction() as tx:
        lock_concerned(tx, attempts.addressed(tx, [item.tag], ()) if sightings else ())
        attempts.lock_known(tx, [item.tag], [])
        attempts.looked_at(tx, [item.tag], machine_now=deps.clock.machine_now())
        known = attempts.by_receipt(tx, tag=item.tag, provider_id="")
        # The oldest that nobody accounts for: a newer one may be that of the next attempt, hidden like this one.
        seen = _mine(tx, list(reversed(sightings)))
        if seen is None or known is None or known.state is not AttemptState.ABSENT:
            return False
        # Begun since the looks were chosen: what they show may be the next attempt's.
        if attempts.is_under_way(tx, item.message_id):
            return False
        if accept_late(tx, deps, known, Accepted(seen.provider_id, seen.provider_status), now=deps.clock.now()):
            advance_message(tx, deps, News(item.tag, item.message_id, seen.status, seen.refusal, seen.code))
    return True


def poll_stuck(deps: Deps) -> int:
    """Ask about texts that no final receipt followed for an hour (requirement 23); return how many moved."""
    sms = deps.sms
    if sms is None:
        return 0
    machine_now = deps.clock.machine_now()
    with deps.store.reading() as tx:
        waiting = attempts.stuck(
            tx,
            left_since=deps.clock.now() - (POLL_FOR + CLOCKS_APART) * deps.clock.speed,
            since=machine_now - POLL_FOR,
            before=machine_now - POLL_AFTER,
            limit=AT_ONCE,
        )
    seen = list(_look_together(deps, waiting, lambda _, stuck: sms.fetch(stuck[2])))
    with deps.store.transaction() as tx:
        attempts.looked_at(tx, [stuck[0] for stuck, _ in seen], machine_now=machine_now)
    told = [
        News(tag, key, sight.status, sight.refusal, sight.code) for (tag, key, _), sight in seen if sight is not None
    ]
    return sum(_advance(deps, news) for news in told)


def _advance(deps: Deps, news: News) -> bool:
    """Move a message by what a look showed; bad news may close an address, so that is locked first."""
    with deps.store.transaction() as tx:
        is_bad = REACHES[news.status] is MessageState.UNDELIVERED
        people = lock_concerned(tx, attempts.addressed(tx, [news.tag], ())) if is_bad else set()
        attempts.lock_known(tx, [news.tag], [])
        known = attempts.by_receipt(tx, tag=news.tag, provider_id="")
        if known is None or known.state is not AttemptState.ACCEPTED:
            return False  # a receipt came between the look and now: what was seen is old news
        has_moved = advance_message(tx, deps, news)
        plan_concerned(tx, deps, people, now=deps.clock.now())
    return has_moved
