"""Times in words, as people of a language read them, and clinical times that are safe however they are read.

Midnight and "12:00 PM" are misread, so they are written as words; a day is always named beside a clinical time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from reminders.core.texts import FALLBACK_LANGUAGE, MIDNIGHTS, MONTHS, SPANS, WEEKDAYS

NOON, MIDNIGHT = time(12), time(0)
HALF_A_DAY = 12
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
FEW = 3
"""So many times are named one by one; a run of fewer days than this is no span."""


def quarter_before(at: datetime) -> datetime:
    """Round down to a quarter of an hour."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def quarter_after(at: datetime) -> datetime:
    """Round up to a quarter of an hour."""
    down = quarter_before(at)
    return down if down == at else down + QUARTER


def not_after(at: datetime, tz: ZoneInfo) -> datetime:
    """Return the last quarter whose printed time nobody can read as later than `at` ("no food after …").

    In the night the clock goes back a printed time happens twice: the first of two gives way to the last quarter before
    the repeated hour, the second may be printed, because who takes it for the first stops eating earlier.
    """
    quarter = quarter_before(at.astimezone(UTC))
    while max(_readings(quarter, tz)) > at:
        quarter -= QUARTER
    return quarter


def not_before(at: datetime, tz: ZoneInfo) -> datetime:
    """Return the first quarter whose printed time nobody can read as earlier than `at` ("no driving until …").

    The second of a time that happens twice gives way to the end of the repeated hour.
    """
    quarter = quarter_after(at.astimezone(UTC))
    while min(_readings(quarter, tz)) < at:
        quarter += QUARTER
    return quarter


def _readings(at: datetime, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants that the wall-clock time of `at` can mean; the same one twice where it is plain (PEP 495)."""
    local = at.astimezone(tz)
    return local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def clock(at: datetime, tz: ZoneInfo, language: str) -> str:
    """Write a time of day as people of that language read it: 9:00 AM, noon, midnight; 9:00, 21:00."""
    return _clock(at.astimezone(tz), language)


def _clock(local: datetime, language: str) -> str:
    if language != FALLBACK_LANGUAGE:
        return f"{local.hour}:{local.minute:02d}"
    wall = _wall(local)
    if wall == NOON:
        return "noon"
    if wall == MIDNIGHT:
        return "midnight"
    return f"{(local.hour - 1) % HALF_A_DAY + 1}:{local.minute:02d} {'AM' if local.hour < HALF_A_DAY else 'PM'}"


def _wall(local: datetime) -> time:
    return local.time().replace(second=0, microsecond=0)


def day(on: date, language: str) -> str:
    """Write a day: 'Tue Mar 16', 'mar 16 mar'."""
    weekday, month = WEEKDAYS[language][on.weekday()], MONTHS[language][on.month - 1]
    return f"{weekday} {month} {on.day}" if language == FALLBACK_LANGUAGE else f"{weekday} {on.day} {month}"


def moment(at: datetime, tz: ZoneInfo, language: str) -> str:
    """Write a day and time, always with the day: 'Tue Mar 16, 9:00 AM', 'midnight (Mon to Tue Mar 16)'."""
    return _moment(at.astimezone(tz), language)


def _moment(local: datetime, language: str) -> str:
    if _wall(local) == MIDNIGHT:
        # "Sun Mar 14, 12:00 AM" is read as the night after as often as the night before: name both days.
        before = WEEKDAYS[language][(local.date() - DAY).weekday()]
        return MIDNIGHTS[language].format(before=before, day=day(local.date(), language))
    return f"{day(local.date(), language)}, {_clock(local, language)}"


def brief_moment(at: datetime, tz: ZoneInfo, language: str) -> str:
    """Write a weekday and time, for texts of few characters about the next days: 'Tue 9:00 AM', 'midnight Mon/Tue'."""
    local = at.astimezone(tz)
    weekday = WEEKDAYS[language][local.weekday()]
    if _wall(local) == MIDNIGHT and language == FALLBACK_LANGUAGE:
        return f"midnight {WEEKDAYS[language][local.weekday() - 1]}/{weekday}"
    return f"{weekday} {_clock(local, language)}"


def moments(locals_: Iterable[datetime], language: str) -> str:
    """Name several times, given as aware local ones: one by one up to three, then as briefly as is plain.

    'Mon Mar 22 to Fri Mar 26, 9:00 AM each day'; 'Mon Mar 22, Wed 24, Fri 26, Mon 29, 9:00 AM'.
    """
    ordered = sorted(set(locals_))
    if len(ordered) <= FEW:
        return "; ".join(_moment(local, language) for local in ordered)
    return "; ".join(_parts(_runs(ordered), language))


def _runs(ordered: Sequence[datetime]) -> list[list[datetime]]:
    """Split times where the next is not on the next day at the same time."""
    runs = [[ordered[0]]]
    for earlier, later in pairwise(ordered):
        if later.date() - earlier.date() == DAY and _wall(later) == _wall(earlier):
            runs[-1].append(later)
        else:
            runs.append([later])
    return runs


def _parts(runs: Iterable[list[datetime]], language: str) -> Iterator[str]:
    """Write spans of days as such, and whatever lies between two spans as days with their common time."""
    for (is_span, _), group in groupby(runs, key=lambda run: (len(run) >= FEW, _wall(run[0]))):
        for run in group if is_span else [[local for some in group for local in some]]:
            if is_span:
                first, last = day(run[0].date(), language), day(run[-1].date(), language)
                yield SPANS[language].format(first=first, last=last, clock=_clock(run[0], language))
            elif len(run) == 1:
                yield _moment(run[0], language)
            else:
                yield f"{_days(run, language)}, {_clock(run[0], language)}"


def _days(run: Sequence[datetime], language: str) -> str:
    """Write days of one time, the month only where it is another than the day before's."""
    named = [day(run[0].date(), language)]
    for earlier, later in pairwise(run):
        is_same = (earlier.year, earlier.month) == (later.year, later.month)
        short = f"{WEEKDAYS[language][later.weekday()]} {later.day}"
        named.append(short if is_same else day(later.date(), language))
    return ", ".join(named)
