"""Which days are business days, by the package `holidays`: a country's weekend and its legal holidays."""

from __future__ import annotations

from datetime import date
from functools import cache

from holidays import HolidayBase, country_holidays

SATURDAY = 5


class HolidaysCalendar:
    """Knows every country that the package knows; of the others only that they rest on Saturday and Sunday.

    Holidays of a part of a country only are no holidays here: a deadline must not be longer than the law's.
    """

    def is_business_day(self, country: str, on: date) -> bool:
        """Say whether people work on a day in a country (ISO 3166, two letters)."""
        known = _calendar_of(country.upper())
        return on.weekday() < SATURDAY if known is None else known.is_working_day(on)


@cache
def _calendar_of(country: str) -> HolidayBase | None:
    try:
        return country_holidays(country)
    except NotImplementedError:
        return None
