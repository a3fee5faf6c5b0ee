"""Send: the pump by which every message leaves, whoever wanted it.

Claim some; of these let a group go whenever there is room: gate and intent in one transaction, then the calls with none
open, outcomes recorded as they come. The database decides who sends what; a pump that dies leaves leases and deadlines
that others see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

from reminders.core.errors import NotReadyError
from reminders.core.ids import MessageId
from reminders.core.pacing import Grant
from reminders.core.patients import Channel
from reminders.services.apart import together_or_apart
from reminders.services.begin_attempts import Outgoing, begin_attempts
from reminders.services.call_provider import Calls
from reminders.services.claim_due import Claim, claim_due, release
from reminders.services.deps import Deps
from reminders.services.dispatch_ahead import Dispatching
from reminders.services.pace_texts import grant
from reminders.services.put_aside import put_aside
from reminders.store.messages import Claimed

Wake = Callable[[float], bool]
"""Waits so many seconds and says whether to stop."""
LONGEST_WAIT = timedelta(seconds=1)


def pump(deps: Deps, channel: Channel, *, lasts: timedelta, wake: Wake) -> int:
    """Send what is due on a channel until nothing is or `lasts` (machine time) has passed; return how many left.

    `wake` waits until the next due time within the claim-ahead, and says when to stop: then nothing new is begun.
    """
    until = deps.clock.monotonic() + lasts.total_seconds()

    def is_over() -> bool:
        return wake(0.0) or deps.clock.monotonic() >= until

    sent, has_enough = 0, False
    # Outcomes are recorded before anybody waits for a round of dispatch: what the provider took must not be in doubt.
    with Dispatching(deps) as dispatching, Calls(deps, channel) as calls:
        while not is_over():
            # No further ahead than one claim: what waits long after it was written may have become untrue.
            may_be_more = has_enough or dispatching.go_on()
            taken = claim_due(deps, channel)
            has_enough = len(taken.due) >= deps.policy.claim_size
            if taken.due:
                with _given_back(deps, taken):
                    sent += _send_claimed(deps, channel, taken, calls, wake=wake, is_over=is_over)
            elif calls.are_under_way:
                calls.record()
            elif dispatching.is_under_way:
                dispatching.wait()
            elif not may_be_more:
                break
    return sent


@contextmanager
def _given_back(deps: Deps, taken: Claim) -> Iterator[None]:
    """Give back a claim whose work the database broke off, if it can be reached again by now; else its lease ends."""
    try:
        yield
    except NotReadyError:
        with suppress(NotReadyError):
            release(deps, taken.token)
        raise


def _send_claimed(
    deps: Deps, channel: Channel, taken: Claim, calls: Calls, *, wake: Wake, is_over: Callable[[], bool]
) -> int:
    sent, rest = 0, taken.due
    while rest and not is_over():
        group, rest, pause = _next_group(deps, channel, rest, calls)
        if group:
            outgoing = _begin(deps, channel, [item.id for item in group], taken)
            sent += len(outgoing)
            calls.begin(outgoing)
        elif calls.are_under_way:
            calls.record()
        elif pause:
            deps.clock.sleep_until(deps.clock.now() + pause * deps.clock.speed, at_most=LONGEST_WAIT, wake=wake)
        else:
            deps.clock.sleep_until(rest[0].due_at, at_most=LONGEST_WAIT, wake=wake)
    if rest:
        release(deps, taken.token)
    return sent


def _next_group(
    deps: Deps, channel: Channel, waiting: Sequence[Claimed], calls: Calls
) -> tuple[Sequence[Claimed], list[Claimed], timedelta]:
    """Split off what is due by now, as far as there is room and the sender's pace allows; else say how long to wait.

    Nothing leaves before its time. While calls are under way a small group waits for more room: a commit for each
    single message would cost more than it saves.
    """
    now = deps.clock.now()
    ready = [item for item in waiting if item.due_at <= now]
    if calls.room < min(len(ready), deps.policy.least_group):
        return [], list(waiting), timedelta(0)
    ready = ready[: calls.room]
    granted = _pace(deps, channel, ready)
    group = ready[: granted.count]
    return group, list(waiting[len(group) :]), granted.wait if ready and not group else timedelta(0)


def _pace(deps: Deps, channel: Channel, ready: Sequence[Claimed]) -> Grant:
    if channel is Channel.SMS and ready:
        return grant(deps, [item.segments for item in ready])
    return Grant(len(ready), timedelta(0))


def _begin(deps: Deps, channel: Channel, ids: Sequence[MessageId], taken: Claim) -> list[Outgoing]:
    begun = together_or_apart(
        ids,
        lambda some: begin_attempts(deps, channel, some, taken.token, is_probe=taken.is_probe),
        lambda key: put_aside(deps, key, taken.token),
    )
    return [item for outgoing in begun for item in outgoing]
