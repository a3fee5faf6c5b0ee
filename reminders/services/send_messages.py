"""Send: the pump by which every message leaves, whoever wanted it.

Claim some, and for each group: gate and intent in one transaction, call the provider with none open, record outcomes
as they come. The database decides who sends what; a pump that dies leaves leases and deadlines that others see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from uuid import UUID

import structlog

from reminders.core.delivery import Absent, Outcome
from reminders.core.ids import AttemptTag, MessageId
from reminders.core.patients import Channel
from reminders.ports import OutgoingMail, OutgoingText, Report
from reminders.services.apart import together_or_apart
from reminders.services.begin_attempts import Outgoing, begin_attempts
from reminders.services.deps import Deps
from reminders.services.dispatch_due import dispatch_due
from reminders.services.put_aside import put_aside
from reminders.services.record_outcomes import record_outcomes
from reminders.store import messages

Wake = Callable[[float], bool]
"""Waits so many seconds and says whether to stop."""
FLUSH_AT = 100
LONGEST_WAIT = timedelta(seconds=1)
PATIENCE = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries to record outcomes."""
log = structlog.get_logger()


def pump(deps: Deps, channel: Channel, *, lasts: timedelta, wake: Wake) -> int:
    """Send what is due on a channel until nothing is or `lasts` (machine time) has passed; return how many left.

    `wake` waits until the next due time within the claim-ahead, and says when to stop: then nothing new is begun.
    """
    until = deps.clock.monotonic() + lasts.total_seconds()

    def is_over() -> bool:
        return wake(0.0) or deps.clock.monotonic() >= until

    sent = 0
    while not is_over():
        made = dispatch_due(deps)
        taken = _claim(deps, channel)
        if not taken.due and not made:
            break
        sent += _send_claimed(deps, channel, taken, wake=wake, is_over=is_over)
    return sent


@dataclass(slots=True)
class _Claim:
    """Messages taken together, each with its due time, in order."""

    token: UUID
    due: list[tuple[MessageId, datetime]] = field(default_factory=list)


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
        taken.due = messages.claim(
            tx,
            channel,
            before=before,
            limit=deps.policy.claim_size,
            token=taken.token,
            lease_until=deps.clock.machine_now() + deps.policy.lease,
        )
    return taken


def _has_gateway(deps: Deps, channel: Channel) -> bool:
    return (deps.sms if channel is Channel.SMS else deps.email) is not None


def _send_claimed(deps: Deps, channel: Channel, taken: _Claim, *, wake: Wake, is_over: Callable[[], bool]) -> int:
    sent = 0
    rest = taken.due
    while rest and not is_over():
        group, rest = _next_group(deps, rest)
        if group:
            outgoing = _begin(deps, [key for key, _ in group], taken.token)
            sent += len(outgoing)
            _call(deps, channel, outgoing)
        else:
            deps.clock.sleep_until(rest[0][1], at_most=LONGEST_WAIT, wake=wake)
    if rest:
        with deps.store.transaction() as tx:
            messages.release(tx, taken.token)
    return sent


def _begin(deps: Deps, ids: Sequence[MessageId], token: UUID) -> list[Outgoing]:
    begun = together_or_apart(
        ids, lambda some: begin_attempts(deps, some, token), lambda key: put_aside(deps, key, token)
    )
    return [item for outgoing in begun for item in outgoing]


def _next_group(
    deps: Deps, waiting: Sequence[tuple[MessageId, datetime]]
) -> tuple[Sequence[tuple[MessageId, datetime]], list[tuple[MessageId, datetime]]]:
    """Split off what is due by now, at most one group: nothing leaves before its time."""
    now = deps.clock.now()
    ready = [item for item in waiting if item[1] <= now][: deps.policy.group_size]
    return ready, list(waiting[len(ready) :])


def _call(deps: Deps, channel: Channel, outgoing: Sequence[Outgoing]) -> None:
    """Call the provider for a group and record each outcome soon after it is known.

    What a gateway raises is raised here, after everything it had reported is recorded.
    """
    if not outgoing:
        return
    told: SimpleQueue[tuple[AttemptTag, Outcome]] = SimpleQueue()
    missing = {item.tag for item in outgoing}
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"calls-{channel}") as caller:
        calls = caller.submit(_deliver, deps, channel, outgoing, lambda tag, outcome: told.put((tag, outcome)))
        while missing:
            found = _drain(told, deps.policy.flush_after.total_seconds(), most=min(FLUSH_AT, len(missing)))
            missing -= {tag for tag, _ in found}
            if found:
                _record_surely(deps, found)
            elif calls.done() and told.empty():
                break
    calls.result()


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


def _drain(
    told: SimpleQueue[tuple[AttemptTag, Outcome]], patience: float, *, most: int
) -> list[tuple[AttemptTag, Outcome]]:
    """Collect outcomes for a moment after the first, so that many are recorded together."""
    found: list[tuple[AttemptTag, Outcome]] = []
    until = monotonic() + patience
    try:
        while len(found) < most:
            found.append(told.get(timeout=max(0.0, until - monotonic())))
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
