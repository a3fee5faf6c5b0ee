"""Requirement 39: ten business days, counted from the day after the request."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.business_days import HONOURED_WITHIN, deadline, end_of, hurries_on
from tests.builders import NEW_YORK, local

CHRISTMAS, NEW_YEAR = date(2026, 12, 25), date(2027, 1, 1)


def works(on: date) -> bool:
    return on.weekday() < 5 and on not in {CHRISTMAS, NEW_YEAR}


@pytest.mark.parametrize(
    ("asked_on", "due_on"),
    [
        (date(2026, 10, 5), date(2026, 10, 19)),  # a Monday: two weeks
        (date(2026, 10, 9), date(2026, 10, 23)),  # a Friday
        (date(2026, 10, 10), date(2026, 10, 23)),  # a Saturday counts from Monday, as the Friday did
        (date(2026, 10, 11), date(2026, 10, 23)),
        (date(2026, 12, 18), date(2027, 1, 5)),  # both holidays lie between
        (date(2026, 12, 25), date(2027, 1, 11)),  # on a holiday
    ],
)
def test_a_request_is_due_ten_business_days_later(asked_on: date, due_on: date) -> None:
    assert deadline(asked_on, works) == due_on


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_a_deadline_is_a_business_day_and_ten_of_them_lie_after_the_request(asked_on: date) -> None:
    due_on = deadline(asked_on, works)
    days = [asked_on + timedelta(days=number) for number in range(1, (due_on - asked_on).days + 1)]
    assert works(due_on)
    assert sum(works(on) for on in days) == HONOURED_WITHIN


def test_a_request_hurries_from_two_business_days_before_its_deadline() -> None:
    assert hurries_on(date(2026, 10, 19), works) == date(2026, 10, 15)
    assert hurries_on(date(2026, 10, 23), works) == date(2026, 10, 21)


def test_a_calendar_on_which_nobody_ever_works_moves_no_deadline_away() -> None:
    assert deadline(date(2026, 10, 5), lambda _: False) == date(2026, 10, 15)
    assert hurries_on(date(2026, 10, 5), lambda _: False) == date(2026, 10, 3)


def test_a_business_day_ends_at_five_on_the_clinic_s_wall() -> None:
    assert end_of(date(2027, 3, 12), ZoneInfo(NEW_YORK)) == local("2027-03-12 17:00")
    assert end_of(date(2027, 3, 15), ZoneInfo(NEW_YORK)) == local("2027-03-15 17:00")
