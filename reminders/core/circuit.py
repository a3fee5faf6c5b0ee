"""The circuit of a provider account: whether the next call is worth making, judged by how the last ones went.

One account, one circuit, shared by all workers (requirement 21; reliability, section 5). While it is open messages stay
due and burn no attempts; from time to time one of them goes ahead to find out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from reminders.core.delivery import Absent, Accepted, Blame, Outcome, Rejected, Unknown

MOST_IN_A_ROW = 10
LAST = 20
MOST_OF_LAST = 10
SPAN = timedelta(seconds=60)
"""Older results say nothing about now."""
PROBE_EVERY = timedelta(seconds=30)
LIMIT_PROBE_EVERY = timedelta(seconds=1)
"""After "too many requests" there is no failure to find out about, only whether it is too early still."""
NOTE_GOOD_EVERY = timedelta(seconds=5)
"""While all goes well, how often that is noted: it tells late failures from present ones."""
LEAST_PROBE_GAP = timedelta(milliseconds=200)
"""In machine time: a simulated clock that runs fast must not turn probes into a storm."""
LONGEST_PAUSE = timedelta(hours=3)
"""No provider is obeyed for so long: what is further away was written by a clock that was ahead."""
TOLD_LATER_FOR = timedelta(minutes=15)
"""Carriers refuse what the provider took: so long after such a report a call that is taken proves nothing."""
MOST_AFTER_LIMIT = 3
"""So many probes that fail in another way after "too many requests" are an outage."""
LIMIT_PAUSE = timedelta(seconds=5)
"""How long to stay away after "too many requests" without a wish of the provider's."""


class Cause(StrEnum):
    """Why a circuit is open."""

    FAILURES = "failures"
    CONFIGURATION = "configuration"
    LIMIT = "limit"


class Passage(StrEnum):
    """Who may go through."""

    ALL = "all"
    ONE = "one"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Result:
    """How one call went. `at` is the machine time at which it began: a timeout ends after others that began later."""

    at: datetime
    is_good: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One call that ended; the times are those of its intent, by the clinic's clock and by the machine's."""

    begun_at: datetime
    machine_begun_at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Circuit:
    """Closed where `cause` is None. `opened_at` and `probe_at` are the clinic's time.

    `results` are the last calls in the order in which they began; while all go well, a good one now and then. Of one
    that is open for its configuration they hold when a receipt last reported that carriers refuse us, if one did.
    """

    cause: Cause | None = None
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    results: tuple[Result, ...] = ()

    @property
    def is_open(self) -> bool:
        """Say whether calls are held back."""
        return self.cause is not None

    def passage(self, *, now: datetime) -> Passage:
        """Say who may go through at this moment of the clinic's time."""
        if not self.is_open:
            return Passage.ALL
        is_early = self.probe_at is not None and now < self.probe_at <= now + LONGEST_PAUSE
        return Passage.NONE if is_early else Passage.ONE

    def probing(self, *, now: datetime, speed: float) -> Circuit:
        """Return the circuit once one call was let through: the next one follows only later."""
        every = LIMIT_PROBE_EVERY if self.cause is Cause.LIMIT else PROBE_EVERY
        return replace(self, probe_at=now + _gap(every, speed))

    def after(self, calls: Iterable[Call], *, now: datetime, machine_now: datetime, speed: float) -> Circuit:
        """Return the circuit after these calls ended.

        It closes with the first good one that began after it opened: what was under way before proves nothing.
        """
        found = self
        for call in calls:
            found = found._after_one(call, now=now, machine_now=machine_now, speed=speed)
        return found

    def refused_later(self, *, now: datetime, machine_now: datetime, speed: float) -> Circuit:
        """Return the circuit once a text that was taken is reported as refused for the sake of how we are set up."""
        found = self._opened(Cause.CONFIGURATION, now, now + _gap(PROBE_EVERY, speed))
        return replace(found, results=(Result(machine_now, is_good=False),))

    def arrived(self, begun_at: datetime) -> Circuit:
        """Return the circuit once a text, called for at that time, arrived: carriers take our texts again."""
        is_news = self._is_told_later and self.opened_at is not None and begun_at > self.opened_at
        return Circuit() if is_news else self

    @property
    def _is_told_later(self) -> bool:
        """Say whether a receipt, not an answer, told what is wrong with how we are set up."""
        return self.cause is Cause.CONFIGURATION and bool(self.results)

    def _after_one(self, call: Call, *, now: datetime, machine_now: datetime, speed: float) -> Circuit:
        if self.opened_at is not None and call.begun_at <= self.opened_at <= now:
            return self
        match call.outcome:
            case Accepted() | Rejected():
                return self._well(call.machine_begun_at, machine_now)
            case Absent(blame=Blame.MESSAGE):
                return self
            case Absent(blame=Blame.CONFIGURATION):
                return self._opened(Cause.CONFIGURATION, now, now + _gap(PROBE_EVERY, speed))
            case Absent(blame=Blame.LIMIT, retry_after=wanted):
                return self._opened(Cause.LIMIT, now, now + max(wanted or LIMIT_PAUSE, LEAST_PROBE_GAP * speed))
            case Absent() | Unknown():
                return self._badly(call.machine_begun_at, now, machine_now, speed)

    def _well(self, begun_at: datetime, machine_now: datetime) -> Circuit:
        new = Result(begun_at, is_good=True)
        if self.is_open:
            is_too_early = self._is_told_later and begun_at - self.results[-1].at < TOLD_LATER_FOR
            return self if is_too_early else Circuit(results=(new,))
        last = self.results[-1] if self.results else None
        is_calm = all(item.is_good for item in self.results)
        if is_calm and last is not None and begun_at - last.at < NOTE_GOOD_EVERY:
            return self
        return replace(self, results=_recent((*self.results, new), machine_now))

    def _badly(self, begun_at: datetime, now: datetime, machine_now: datetime, speed: float) -> Circuit:
        if self.cause is Cause.LIMIT:
            return self._badly_after_limit(begun_at, now, speed)
        if self.is_open:
            return self
        results = _recent((*self.results, Result(begun_at, is_good=False)), machine_now)
        bad_of_last = sum(not item.is_good for item in results)
        in_a_row = len(results) >= MOST_IN_A_ROW and not any(item.is_good for item in results[-MOST_IN_A_ROW:])
        if in_a_row or (len(results) == LAST and bad_of_last >= MOST_OF_LAST):
            return self._opened(Cause.FAILURES, now, now + _gap(PROBE_EVERY, speed))
        return replace(self, results=results)

    def _badly_after_limit(self, begun_at: datetime, now: datetime, speed: float) -> Circuit:
        """Return it after a probe failed otherwise: it no longer says "too many".

        One may be bad luck; to go on once a second after several would burn a message each time.
        """
        results = (*self.results, Result(begun_at, is_good=False))
        if len(results) < MOST_AFTER_LIMIT:
            return replace(self, results=results)
        later = now + _gap(PROBE_EVERY, speed)
        return Circuit(Cause.FAILURES, self.opened_at, max(later, self.probe_at or later))

    def _opened(self, cause: Cause, now: datetime, probe_at: datetime) -> Circuit:
        """Return it open; one that is open already keeps its beginning, and its cause unless a worse one is found."""
        is_worse = self.cause is None or (cause is Cause.CONFIGURATION and self.cause is not Cause.CONFIGURATION)
        kept = cause if is_worse else self.cause
        since = now if is_worse or self.opened_at is None else self.opened_at
        later = probe_at if self.probe_at is None else max(probe_at, self.probe_at)
        return Circuit(kept, since, later, self.results if self.is_open and kept is self.cause else ())


def _gap(wanted: timedelta, speed: float) -> timedelta:
    return max(wanted, LEAST_PROBE_GAP * speed)


def _recent(results: tuple[Result, ...], machine_now: datetime) -> tuple[Result, ...]:
    """Keep the last results, none older than the span; of none but good ones the last says it all."""
    ordered = sorted(results, key=lambda item: item.at)
    kept = tuple(item for item in ordered[-LAST:] if machine_now - item.at <= SPAN)
    return kept[-1:] if all(item.is_good for item in kept) else kept
