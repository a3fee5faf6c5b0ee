"""Clocks that disagree, and a provider of texts that is called by machines whose clocks are wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from reminders.core.delivery import Accepted, Outcome, ReceiptStatus, Unknown
from reminders.ports import OutgoingText, Report, Sighting

NONE = timedelta(0)
LOOKS_FURTHER_BACK = timedelta(seconds=130)
"""As far as clocks may be apart, and some: what the real gateway adds to every look."""


@dataclass(slots=True)
class Truth:
    """The real time, and how far the database's and the provider's clocks are ahead of it."""

    now: datetime
    database: timedelta = NONE
    provider: timedelta = NONE
    passed: float = 0.0
    """Seconds since the beginning, by a clock that nobody can set."""

    @property
    def official(self) -> datetime:
        """The time by which everything leaves: the database's."""
        return self.now + self.database

    def pass_until(self, at: datetime) -> None:
        """Let time pass."""
        self.passed += max(0.0, (at - self.now).total_seconds())
        self.now = max(self.now, at)


@dataclass(slots=True)
class SkewedClock:
    """The clock of one machine; the clinic's time is the machine's."""

    truth: Truth
    ahead: timedelta = NONE

    @property
    def speed(self) -> float:
        """Real time."""
        return 1.0

    def now(self) -> datetime:
        """Return the machine's time."""
        return self.truth.now + self.ahead

    def machine_now(self) -> datetime:
        """Return the machine's time."""
        return self.now()

    def skew_from(self, other: datetime) -> timedelta:  # noqa: ARG002 - SQLite would tell this machine's own time
        """Return how far the database's clock is ahead of this one."""
        return self.truth.database - self.ahead

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self.truth.passed

    def sleep_until(self, at: datetime, *, at_most: timedelta, wake: Callable[[float], bool]) -> None:
        """Let the time pass at once."""
        if at > self.now() and not wake(0.0):
            self.truth.pass_until(self.truth.now + min(at - self.now(), at_most))


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call, and how the clocks stood: by their own lights and by what the caller knew of the provider's."""

    tag: UUID
    to: str
    body: str
    at: datetime
    official: datetime
    validity: timedelta
    worker_skew: timedelta
    provider_skew: timedelta
    """How far the database's clock and the provider's were ahead of the caller's."""
    known_skew: timedelta | None
    """What the caller knew of the provider's when the intent was recorded."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A text that the provider took: listed with its own time, from an instant of the real time on."""

    sid: str
    call: CallSeen
    made: datetime
    shown_at: datetime


@dataclass(slots=True)
class Provider:
    """What all gateways call. `answers` are (is answered, has arrived, list lag) of the next calls."""

    truth: Truth
    answers: list[tuple[bool, bool, timedelta]] = field(default_factory=list)
    calls: list[CallSeen] = field(default_factory=list)
    taken: list[Listed] = field(default_factory=list)

    def take(self, call: CallSeen) -> Outcome:
        """Take a text, or lose it."""
        self.calls.append(call)
        sid = f"SM{len(self.calls):032x}"
        is_answered, has_arrived, lag = self.answers.pop(0) if self.answers else (True, True, NONE)
        if has_arrived:
            now = self.truth.now
            self.taken.append(Listed(sid, call, now + self.truth.provider, now + lag))
        return Accepted(sid, "queued") if is_answered else Unknown("no answer")


@dataclass(slots=True)
class SkewedGateway:
    """One machine's way to the provider; it learns the provider's time from each answer."""

    provider: Provider
    clock: SkewedClock
    skew: timedelta | None = None

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Call for each."""
        truth, known = self.provider.truth, self.skew
        for text in texts:
            call = CallSeen(
                tag=text.tag,
                to=text.to,
                body=text.body,
                at=truth.now,
                official=truth.official,
                validity=text.validity,
                worker_skew=truth.database - self.clock.ahead,
                provider_skew=truth.provider - self.clock.ahead,
                known_skew=known,
            )
            outcome = self.provider.take(call)
            if isinstance(outcome, Accepted):
                self._hear()
            report(text.tag, outcome)

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:
        """Look."""
        self._hear()
        return [
            Sighting(item.sid, ReceiptStatus.QUEUED, "queued", item.made)
            for item in reversed(self.provider.taken)
            if (item.call.to, item.call.body) == (to, body)
            and item.made >= since - LOOKS_FURTHER_BACK
            and item.shown_at <= self.provider.truth.now
        ]

    def fetch(self, provider_id: str) -> Sighting | None:  # noqa: ARG002 - only ever asked for the time
        """Answer that there is no such text, at this time."""
        self._hear()
        return None

    def _hear(self) -> None:
        self.skew = self.provider.truth.provider - self.clock.ahead
