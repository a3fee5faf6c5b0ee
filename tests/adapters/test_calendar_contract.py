"""Which days count for a deadline: the package's calendar and its twin say the same of the same days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from reminders.adapters.holidays_calendar import HolidaysCalendar
from reminders.adapters.memory_calendar import MemoryCalendar
from reminders.ports import Calendar

CHRISTMAS, ITS_EVE = date(2026, 12, 25), date(2026, 12, 24)


@pytest.fixture(params=["holidays", "memory"])
def calendar(request: pytest.FixtureRequest) -> Calendar:
    return HolidaysCalendar() if request.param == "holidays" else MemoryCalendar([("US", CHRISTMAS)])


def test_people_work_from_monday_to_friday(calendar: Calendar) -> None:
    monday = date(2026, 10, 5)
    week = [calendar.is_business_day("US", monday + timedelta(days=number)) for number in range(7)]
    assert week == [True] * 5 + [False] * 2


def test_nobody_works_on_a_legal_holiday(calendar: Calendar) -> None:
    assert not calendar.is_business_day("US", CHRISTMAS)
    assert not calendar.is_business_day("us", CHRISTMAS)
    assert calendar.is_business_day("US", ITS_EVE)


def test_a_country_that_nobody_knows_rests_at_the_weekend(calendar: Calendar) -> None:
    assert calendar.is_business_day("ZZ", CHRISTMAS)
    assert not calendar.is_business_day("ZZ", date(2026, 12, 26))


@pytest.mark.parametrize(
    ("country", "on", "is_business"),
    [
        ("US", date(2026, 7, 3), False),  # 4 July is a Saturday and kept on the Friday
        ("US", date(2026, 11, 26), False),  # Thanksgiving
        ("US", date(2026, 11, 27), True),  # the day after is a holiday of some states only
        ("US", date(2027, 1, 1), False),
        ("ES", date(2026, 12, 8), False),
        ("US", date(2026, 12, 8), True),
        ("GB", date(2026, 5, 4), False),  # early May bank holiday
        ("AE", date(2026, 10, 10), False),  # where Saturday belongs to the weekend, and so does Sunday
    ],
)
def test_holidays_are_those_of_the_country(country: str, on: date, *, is_business: bool) -> None:
    assert HolidaysCalendar().is_business_day(country, on) is is_business
