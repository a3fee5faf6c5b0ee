"""Times and numbers as staff read them, on every page and in every table. What patients read is in `clock_words`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def day_and_time(at: datetime, tz: ZoneInfo) -> str:
    """Write an instant as its weekday, day and wall-clock time in a zone: 'Tue 16 Mar 12:00'."""
    return at.astimezone(tz).strftime("%a %d %b %H:%M")


def dated_time(at: datetime, tz: ZoneInfo) -> str:
    """Write an instant that may be long ago, with its year: 'Tue 16 Mar 2027 12:00'."""
    return at.astimezone(tz).strftime("%a %d %b %Y %H:%M")


def many(number: int, noun: str) -> str:
    """Write a number with its noun: '1 patient', '2 patients'."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
