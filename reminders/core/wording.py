"""Times and numbers as staff read them, on every page and in every table. What patients read is in `clock_words`.

Pages name a clinic's language and get its own way: the clock that its patients' texts use. Without one it is the way of
tables, which sort and line up: the day before the month, and 24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reminders.core.clock_words import MIDNIGHT, clock, day
from reminders.core.texts import FALLBACK_LANGUAGE, MIDNIGHTS

IN_TABLES = ""
"""The language of nobody: times as tables write them."""


def has_halves(language: str) -> bool:
    """Say whether people of this language count the hours of a day twice to twelve."""
    return language.lower().replace("_", "-").split("-")[0] == FALLBACK_LANGUAGE


def day_and_time(at: datetime, tz: ZoneInfo, language: str = IN_TABLES) -> str:
    """Write an instant as its weekday, day and wall-clock time in a zone: 'Tue 16 Mar 12:00', 'Tue Mar 16, noon'."""
    local = at.astimezone(tz)
    return f"{local:%a %d %b %H:%M}" if language == IN_TABLES else _told(local, short_day(local, language), language)


def dated_time(at: datetime, tz: ZoneInfo, language: str = IN_TABLES) -> str:
    """Write an instant that may be long ago, with its year: 'Tue 16 Mar 2027 12:00', 'Tue Mar 16 2027, noon'."""
    local = at.astimezone(tz)
    if language == IN_TABLES:
        return f"{local:%a %d %b %Y %H:%M}"
    return _told(local, f"{short_day(local, language)} {local.year}", language)


@dataclass(frozen=True, slots=True)
class StaffClock:
    """By whose clock staff are told times: a zone, and the language that decides how its hours are counted."""

    tz: ZoneInfo
    language: str = IN_TABLES

    def moment(self, at: datetime) -> str:
        """Write an instant of these days."""
        return day_and_time(at, self.tz, self.language)

    def dated(self, at: datetime) -> str:
        """Write an instant that may be long ago."""
        return dated_time(at, self.tz, self.language)

    def date(self, at: datetime) -> str:
        """Write the day of an instant, without its weekday: 'Mar 16', '16 Mar'."""
        return short_day(at.astimezone(self.tz), self.language).partition(" ")[2]

    def time(self, at: datetime) -> str:
        """Write an instant whose day is told beside it."""
        return time_of_day(at.astimezone(self.tz).time(), self.language)


def _told(local: datetime, on: str, language: str) -> str:
    if local.time().replace(second=0, microsecond=0) == MIDNIGHT:
        before = local.date() - timedelta(days=1)
        return MIDNIGHTS[FALLBACK_LANGUAGE].format(before=f"{before:%a}", day=on)
    return f"{on}, {time_of_day(local.time(), language)}"


def short_day(on: date, language: str = IN_TABLES) -> str:
    """Write a day, in English words: 'Tue Mar 16', 'Tue 16 Mar'."""
    return day(on, FALLBACK_LANGUAGE) if has_halves(language) else f"{on:%a} {on.day} {on:%b}"


def time_of_day(at: time, language: str = IN_TABLES) -> str:
    """Write a wall-clock time: '14:00' in tables and where 24 hours are counted, else '2:00 PM'."""
    if language == IN_TABLES or not has_halves(language):
        return f"{at:%H:%M}"
    return clock(datetime.combine(date.min, at, UTC), ZoneInfo("UTC"), FALLBACK_LANGUAGE)


def many(number: int, noun: str) -> str:
    """Write a number with its noun: '1 patient', '2 patients'."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
