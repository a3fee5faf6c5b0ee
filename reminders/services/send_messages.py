"""Send: the pump by which every message leaves, whoever wanted it.

Claim what falls due soon; of it let a group go whenever there is room: gate and intent in one transaction some moments
before it is due, then the calls with none open, outcomes recorded as they come. The database decides who sends what;
a pump that dies leaves leases and deadlines that others see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from reminders.core.errors import NotReadyError
from reminders.core.ids import MessageId
from reminders.core.pacing import Grant
from reminders.core.patients import Channel
from reminders.services.apart import together_or_apart
from reminders.services.begin_attempts import NoRoomError, begin_attempts
from reminders.services.call_provider import Calls
from reminders.services.claim_due import Claim, release
from reminders.services.deps import Deps
from reminders.services.fetch_ahead import Fetching
from reminders.services.pace_texts import grant
from reminders.services.put_aside import put_aside
from reminders.store.messages import Claimed

Wake = Callable[[float], bool]
"""Waits so many seconds and says whether to stop."""
NO_WAIT = timedelta(0)
NAP = timedelta(milliseconds=50)
"""How long a pump sleeps at most: what was made meanwhile may be due before what it waits for."""
FETCH_EVERY = timedelta(seconds=0.4)
"""Machine time after which more is fetched while something still waits: well within the claim-ahead."""


def pump(deps: Deps, channel: Channel, *, lasts: timedelta, wake: Wake) -> int:
    """Send what is due on a channel until nothing is or `lasts` (machine time) has passed; return how many left.

    `wake` waits until the next due time within the claim-ahead, and says when to stop: then nothing new is begun.
    """
    # Outcomes are recorded before anybody waits for a round of fetching: what the provider took must not be in doubt.
    with Fetching(deps, channel) as fetching, Calls(deps, channel) as calls:
        run = _Pump(deps, channel, fetching, calls, wake, deps.clock.monotonic() + lasts.total_seconds())
        with _given_back(run):
            return run.go()


@dataclass(slots=True)
class _Pump:
    """One run: what it claimed and has not begun yet, and when it looks for more."""

    deps: Deps
    channel: Channel
    fetching: Fetching
    calls: Calls
    wake: Wake
    until: float
    held: list[Claim] = field(default_factory=list)
    may_be_more: bool = True
    fetch_at: float = 0.0
    sent: int = 0
    may_judge_ahead: bool = True
    """Whether a group may be judged before there is room for it: not after one that found none."""
    paid: set[MessageId] = field(default_factory=set)
    """What the sender's pace was asked for already, and found no room."""
    decided: int = 0
    decided_before: int = 0
    """How many had been decided about when the last round of fetching began."""

    def go(self) -> int:
        """Fetch, then begin a group or wait, until nothing is left or time is up; return how many left."""
        is_left = True
        while is_left and not self._is_over():
            self._fetch()
            has_begun, pause = self._begin_group()
            is_left = has_begun or self._wait(pause)
        return self.sent

    def give_back(self) -> None:
        """Let others send what was not begun."""
        while self.held:
            release(self.deps, self.held[-1].token)
            self.held.pop()

    def _is_over(self) -> bool:
        return self.wake(0.0) or self.deps.clock.monotonic() >= self.until

    def _fetch(self) -> None:
        """Fetch more: in good time before what falls due next, and at once where little is left and more may be."""
        fetched = self.fetching.take()
        if fetched is not None:
            self.held += fetched.claims
            self.may_be_more = fetched.may_be_more
            self.fetch_at = self.deps.clock.monotonic() + FETCH_EVERY.total_seconds()
        waiting = sum(len(claim.due) for claim in self.held)
        is_little = waiting < self.deps.policy.in_flight and self.may_be_more
        if is_little or (self.deps.clock.monotonic() >= self.fetch_at and waiting < self.deps.policy.claim_size):
            self._begin_fetching()

    def _begin_fetching(self) -> None:
        self.fetching.begin()
        self.decided_before = self.decided

    def _begin_group(self) -> tuple[bool, timedelta]:
        """Begin what may leave by now, as far as there is room and the sender's pace allows; else say how long to wait.

        While calls are under way a small group waits for more room: a commit for each single message would cost more
        than it saves.
        """
        claim = self._first()
        ready = self._ready(claim.due) if claim is not None else []
        room = self._room(len(ready))
        if claim is None or not ready or room < min(len(ready), self.deps.policy.least_group):
            return False, NO_WAIT
        granted = self._pace(ready[:room])
        if granted.count == 0:
            return False, granted.wait
        some, later = claim.due[: granted.count], claim.due[granted.count :]
        refused = self._begin(claim, some)
        self.decided += len(some) - len(refused)
        self.may_judge_ahead, self.paid = not refused, refused
        claim.due = [*(item for item in some if item.id in refused), *later]
        if not claim.due:
            self.held.remove(claim)
        return not refused, NO_WAIT

    def _room(self, wanted: int) -> int:
        """Return how many may be judged now: as many as there is room for, or as will soon have some."""
        policy, room = self.deps.policy, self.calls.room
        may_wait = self.channel is Channel.SMS and policy.works_aside
        if may_wait and self.may_judge_ahead and self.calls.are_quick:
            return max(room, min(wanted, policy.least_group))
        return room

    def _first(self) -> Claim | None:
        """Return the claim of which something falls due first."""
        return min(self.held, key=lambda claim: claim.due[0].due_at, default=None)

    def _ready(self, due: Sequence[Claimed]) -> Sequence[Claimed]:
        """Return what is due, or will be soon: some at a time, not each alone. Mails queue: of them what is due."""
        now = self.deps.clock.now()
        ahead = self._gate_ahead
        return [item for item in due if item.due_at <= now + ahead] if due[0].due_at <= now + ahead / 2 else []

    @property
    def _gate_ahead(self) -> timedelta:
        """How far ahead intents are written, in the clinic's time."""
        return self.deps.policy.gate_ahead * self.deps.clock.speed if self.channel is Channel.SMS else NO_WAIT

    def _pace(self, ready: Sequence[Claimed]) -> Grant:
        paid = sum(item.id in self.paid for item in ready)
        if paid:
            return Grant(paid, NO_WAIT)
        if self.channel is Channel.SMS:
            return grant(self.deps, [item.segments for item in ready])
        return Grant(len(ready), NO_WAIT)

    def _begin(self, claim: Claim, group: Sequence[Claimed]) -> set[MessageId]:
        """Begin these, and return those for which there was no room after all."""
        refused: set[MessageId] = set()

        def begin(some: Sequence[Claimed]) -> None:
            # Where a group is taken apart, none is judged after one that was refused: each would wait for room in vain
            # while those before it wait for their calls.
            if refused or not self._begin_some(claim, some):
                refused.update(item.id for item in some)

        together_or_apart(group, begin, lambda item: put_aside(self.deps, item.id, claim.token))
        return refused

    def _begin_some(self, claim: Claim, some: Sequence[Claimed]) -> bool:
        """Begin some and call for them at once, so that they count for whoever asks for room next; False without it."""
        try:
            outgoing = begin_attempts(
                self.deps, self.channel, some, claim.token, is_probe=claim.is_probe, has_room=self.calls.has_room
            )
        except NoRoomError:
            return False
        self.sent += len(outgoing)
        self.calls.begin(outgoing)
        return True

    def _wait(self, pause: timedelta) -> bool:
        """Wait for whatever comes next; False where nothing does."""
        first, clock = self._first(), self.deps.clock
        if self.calls.are_under_way:
            self.calls.record()
        elif first is not None:
            at = clock.now() + pause * clock.speed if pause else first.due[0].due_at - self._gate_ahead / 2
            clock.sleep_until(at, at_most=NAP, wake=self.wake)
        elif self.fetching.is_busy:
            self.fetching.wait()
        elif self.decided > self.decided_before:
            # What became of these may call for more: what was merged into one that did not leave, and what waited for
            # the one that finds out whether a provider is back. Some of it may be old.
            self.deps.lookout.forget()
            self._begin_fetching()
        else:
            return self.may_be_more or self.fetching.has_news
        return True


@contextmanager
def _given_back(run: _Pump) -> Iterator[None]:
    """Give back what was not begun; where the database broke the work off, if it can be reached again by now.

    Else its leases end.
    """
    try:
        yield
    except NotReadyError:
        with suppress(NotReadyError):
            run.give_back()
        raise
    else:
        run.give_back()
