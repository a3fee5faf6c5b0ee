"""A calendar in memory: Monday to Friday, but for the days that it is told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

SATURDAY = 5


class MemoryCalendar:
    """The twin that ships; `holidays` are (country, day)."""

    def __init__(self, holidays: Collection[tuple[str, date]] = ()) -> None:
        """Remember the days on which nobody works, beside weekends."""
        self.holidays = set(holidays)

    def is_business_day(self, country: str, on: date) -> bool:
        """Say whether people work on a day in a country."""
        return on.weekday() < SATURDAY and (country.upper(), on) not in self.holidays
