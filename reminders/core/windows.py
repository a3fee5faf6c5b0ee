"""When we may send: wall-clock arithmetic, and the only place that does any.

A civil time that does not exist (clock goes forward) moves forward to the first that does; one that happens twice
is the first of the two (requirement 4). All results are UTC instants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

SHORT_OF_CLOSING = timedelta(minutes=60)
"""A message pulled before a closing leaves the reader this long to act on it while the clinic may still write."""
HORIZON_DAYS = 15
"""How far a window is searched: two weeks and a day, so that any weekday pattern is seen twice."""
DAYS_OF_WEEK = 7


@lru_cache(maxsize=32_768)
def civil(on: date, at: time, tz: ZoneInfo) -> datetime:
    """Return the UTC instant of a wall-clock time in `tz`, right across clock changes (PEP 495)."""
    return from_local(datetime.combine(on, at), tz)


def from_local(naive: datetime, tz: ZoneInfo) -> datetime:
    """Return the UTC instant of a naive wall-clock time: first of two, or moved forward out of a gap."""
    first = naive.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if first.astimezone(tz).replace(tzinfo=None) == naive:
        return first
    # In a gap fold=0 reads the old offset, which lands after the gap by the gap's length; go to the gap's end instead.
    second = naive.replace(tzinfo=tz, fold=1).astimezone(UTC)
    return _end_of_gap(min(first, second), max(first, second), tz)


def _end_of_gap(low: datetime, high: datetime, tz: ZoneInfo) -> datetime:
    """Find, to the second, the instant between two at which the zone's offset changes."""
    before = low.astimezone(tz).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(tz).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=32_768)
def local_day(at: datetime, tz: ZoneInfo) -> date:
    """Return the calendar day of an instant in `tz`."""
    return at.astimezone(tz).date()


class Opening(NamedTuple):
    """One span of a day, half open. A closing at or before the opening lies on the next day."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class SendWindow:
    """The spans of a week in which we may write; Monday first. An empty day is closed."""

    days: tuple[tuple[Opening, ...], ...]

    def __post_init__(self) -> None:
        """Refuse a week that has not seven days."""
        if len(self.days) != DAYS_OF_WEEK:
            message = f"a send window has 7 days, not {len(self.days)}"
            raise ValueError(message)


def _daily(opens: int, closes: int) -> tuple[Opening, ...]:
    return (Opening(time(opens), time(closes)),)


DEFAULT_WINDOW = SendWindow((*(_daily(9, 20),) * 6, _daily(12, 20)))
"""Requirement 7: 09:00 to 20:00 in the patient's zone, on Sunday from 12:00."""


Span = tuple[datetime, datetime]


@lru_cache(maxsize=32_768)
def _spans_of_day(ordinal: int, openings: tuple[Opening, ...], tz: ZoneInfo) -> tuple[Span, ...]:
    """Return one day's spans as instants, in order. Kept, because all appointments of a clinic share their days."""
    on, found = date.fromordinal(ordinal), []
    for opening in sorted(openings, key=lambda span: span.opens):
        closes_on = on if opening.closes > opening.opens else on + timedelta(days=1)
        opens, closes = civil(on, opening.opens, tz), civil(closes_on, opening.closes, tz)
        if opens < closes:  # a span inside a gap of the clock does not happen that day
            found.append((opens, closes))
    return tuple(found)


def spans(around: datetime, tz: ZoneInfo, window: SendWindow, *, back: int = 1) -> Iterator[Span]:
    """Yield the window's spans as (opening, closing) instants, in order, from `back` days before an instant on."""
    on = local_day(around, tz).toordinal() - back
    for ordinal in range(on, on + back + HORIZON_DAYS):
        # Day 1 was a Monday, so the remainder is the weekday: what `date` would say, in a fraction of the time.
        yield from _spans_of_day(ordinal, window.days[(ordinal - 1) % DAYS_OF_WEEK], tz)


def is_open(at: datetime, tz: ZoneInfo, window: SendWindow) -> bool:
    """Say whether a message may leave at this instant."""
    return any(opens <= at < closes for opens, closes in spans(at, tz, window))


def next_opening(at: datetime, tz: ZoneInfo, window: SendWindow) -> datetime | None:
    """Return the first instant, not before `at`, at which the window is open; None where it never opens."""
    for opens, closes in spans(at, tz, window):
        if at < closes:
            return max(at, opens)
    return None


def closes_at(at: datetime, tz: ZoneInfo, window: SendWindow) -> datetime | None:
    """Return the end of the span that is open at this instant; None in quiet hours."""
    for opens, closes in spans(at, tz, window):
        if opens <= at < closes:
            return closes
    return None


def place(
    due: datetime,
    *,
    expires: datetime,
    now: datetime,
    tz: ZoneInfo,
    window: SendWindow,
    earliest: datetime | None = None,
) -> datetime | None:
    """Move a due time into the window (requirements 7 and 8): forward if that is still useful, else back.

    Back means 60 minutes before the last closing that precedes `expires`, never before `now` nor `earliest` (a check-in
    is never before the session's end), and inside the window. None where neither serves: a person has to act.
    """
    forward = next_opening(max(due, now), tz, window)
    if forward is not None and forward < expires:
        return forward
    return _pull_back(expires, not_before=max(now, earliest or now), tz=tz, window=window)


def _pull_back(expires: datetime, *, not_before: datetime, tz: ZoneInfo, window: SendWindow) -> datetime | None:
    closed = [(opens, closes) for opens, closes in spans(expires, tz, window, back=HORIZON_DAYS) if closes <= expires]
    if not closed:
        return None
    opens, closes = max(closed, key=lambda span: span[1])
    earlier = max(not_before, opens, closes - SHORT_OF_CLOSING)
    return earlier if earlier < expires and is_open(earlier, tz, window) else None


def open_day_before(on: date, is_closed: Callable[[date], bool]) -> date | None:
    """Return the last open day before a day; None where the clinic is closed for longer than reminders reach."""
    days = (on - timedelta(days=back) for back in range(1, HORIZON_DAYS + 1))
    return next((day for day in days if not is_closed(day)), None)
