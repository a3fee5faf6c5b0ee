"""Send: the pump by which every message leaves, whoever wanted it.

Claim some, and for each group: gate and intent in one transaction, call the provider with none open, record outcomes
as they come. The database decides who sends what; a pump that dies leaves leases and deadlines that others see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from time import sleep
from uuid import UUID

import structlog

from reminders.core.delivery import Absent, Outcome
from reminders.core.ids import AttemptTag, MessageId
from reminders.core.patients import Channel
from reminders.ports import OutgoingMail, OutgoingText, Report
from reminders.services.begin_attempts import Outgoing, begin_attempts
from reminders.services.deps import Deps
from reminders.services.dispatch_due import dispatch_due
from reminders.services.record_outcomes import record_outcomes
from reminders.store import messages

Wake = Callable[[float], bool]
"""Waits so many seconds and says whether to stop."""
FLUSH_AT = 100
PATIENCE = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries to record outcomes."""
log = structlog.get_logger()


def never(_seconds: float) -> bool:
    """Do not wait and do not stop: for a pump that only sends what is due now."""
    return False


def pump(deps: Deps, channel: Channel, *, lasts: timedelta, wake: Wake) -> int:
    """Send what is due on a channel until nothing is or `lasts` (machine time) has passed; return how many left.

    `wake` waits until the next due time within the claim-ahead, and says when to stop.
    """
    until = deps.clock.monotonic() + lasts.total_seconds()
    sent = 0
    while deps.clock.monotonic() < until:
        made = dispatch_due(deps)
        taken = _claim(deps, channel)
        if not taken.due and not made:
            break
        sent += _send_claimed(deps, channel, taken, wake)
    return sent


@dataclass(slots=True)
class _Claim:
    """Messages taken together, each with its due time, in order."""

    token: UUID
    due: list[tuple[MessageId, float]] = field(default_factory=list)


def _claim(deps: Deps, channel: Channel) -> _Claim:
    if not _has_gateway(deps, channel):
        return _Claim(deps.identity.new_id())
    before = deps.clock.now() + deps.policy.ahead
    taken = _Claim(deps.identity.new_id())
    with deps.store.reading() as tx:
        first = messages.next_due(tx, channel)
    if first is None or first > before:
        return taken
    with deps.store.transaction() as tx:
        rows = messages.claim(
            tx,
            channel,
            before=before,
            limit=deps.policy.claim_size,
            token=taken.token,
            lease_until=deps.clock.machine_now() + deps.policy.lease,
        )
    taken.due = [(key, due_at.timestamp()) for key, due_at in rows]
    return taken


def _has_gateway(deps: Deps, channel: Channel) -> bool:
    return (deps.sms if channel is Channel.SMS else deps.email) is not None


def _send_claimed(deps: Deps, channel: Channel, taken: _Claim, wake: Wake) -> int:
    sent = 0
    rest = taken.due
    while rest:
        group, rest = _next_group(deps, rest)
        if not group:
            if wake(min(1.0, (rest[0][1] - deps.clock.now().timestamp()) / deps.clock.speed)):
                break
            continue
        outgoing = begin_attempts(deps, [key for key, _ in group], taken.token)
        sent += len(outgoing)
        _call(deps, channel, outgoing)
    if rest:
        with deps.store.transaction() as tx:
            messages.release(tx, taken.token)
    return sent


def _next_group(
    deps: Deps, waiting: Sequence[tuple[MessageId, float]]
) -> tuple[Sequence[tuple[MessageId, float]], list[tuple[MessageId, float]]]:
    """Split off what is due by now, at most one group: nothing leaves before its time."""
    now = deps.clock.now().timestamp()
    ready = [item for item in waiting if item[1] <= now][: deps.policy.group_size]
    return ready, list(waiting[len(ready) :])


def _call(deps: Deps, channel: Channel, outgoing: Sequence[Outgoing]) -> None:
    """Call the provider for a group and record each outcome soon after it is known."""
    if not outgoing:
        return
    told: SimpleQueue[tuple[AttemptTag, Outcome]] = SimpleQueue()
    caller = Thread(
        target=_deliver, args=(deps, channel, outgoing, lambda tag, outcome: told.put((tag, outcome))), daemon=True
    )
    caller.start()
    missing = {item.tag for item in outgoing}
    while missing:
        found = _drain(told, deps.policy.flush_after.total_seconds())
        missing -= {tag for tag, _ in found}
        if found:
            _record_surely(deps, found)
        elif not caller.is_alive() and told.empty():
            break
    caller.join()


def _record_surely(deps: Deps, found: Sequence[tuple[AttemptTag, Outcome]]) -> None:
    """Record outcomes even if the database is away for a moment; recording them twice changes nothing.

    What cannot be recorded at all is found again by receipt or look-up, so giving up loses time, not messages.
    """
    for pause in PATIENCE:
        try:
            record_outcomes(deps, found)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the outcome is still true
            log.warning("outcomes.not_recorded", count=len(found), exc=error)
            sleep(pause)
        else:
            return


def _drain(told: SimpleQueue[tuple[AttemptTag, Outcome]], patience: float) -> list[tuple[AttemptTag, Outcome]]:
    """Collect outcomes for a moment after the first, so that many are recorded together."""
    found: list[tuple[AttemptTag, Outcome]] = []
    try:
        while len(found) < FLUSH_AT:
            found.append(told.get(timeout=patience))
    except Empty:
        return found
    return found


def _deliver(deps: Deps, channel: Channel, outgoing: Iterable[Outgoing], report: Report) -> None:
    items = list(outgoing)
    if channel is Channel.SMS and deps.sms is not None:
        deps.sms.send_many([item for item in items if isinstance(item, OutgoingText)], report)
    elif channel is Channel.EMAIL and deps.email is not None:
        deps.email.send_many([item for item in items if isinstance(item, OutgoingMail)], report)
    else:
        for item in items:
            report(item.tag, Absent("no provider is configured"))
