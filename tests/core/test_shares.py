"""How a page that cannot show all shares its rows out, and what the next open day of a clinic is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.clinics import FARTHEST_OPEN_DAY, next_open_day
from reminders.core.pauses import Pauses
from reminders.core.shares import fair_share, start_of, told_days
from tests.builders import NOON, a_clinic, an_appointment

FRIDAY, MONDAY, TUESDAY = date(2027, 3, 5), date(2027, 3, 8), date(2027, 3, 9)


@pytest.mark.parametrize(
    ("sizes", "total", "share"),
    [
        ([], 96, 96),
        ([10], 96, 96),
        ([100], 96, 96),
        ([10, 20], 96, 96),
        ([100, 100], 96, 48),
        ([1, 100], 96, 95),
        ([100, 1, 20], 96, 75),
        ([5, 5, 5], 2, 1),
        ([0, 0, 200], 96, 96),
    ],
)
def test_what_short_lists_leave_is_the_long_ones(sizes: list[int], total: int, share: int) -> None:
    assert fair_share(sizes, total) == share


@given(st.lists(st.integers(0, 300), min_size=1, max_size=12), st.integers(12, 300))
def test_all_lists_together_fit_and_nothing_is_left_that_would_fit(sizes: list[int], total: int) -> None:
    share = fair_share(sizes, total)
    assert sum(min(size, share) for size in sizes) <= total
    if any(size > share for size in sizes):
        assert sum(min(size, share + 1) for size in sizes) > total


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, []),
        (1, [1]),
        (2, [1, 2]),
        (3, [1, 2, 3]),
        (4, [0, 1, 2, 3]),
        (5, [-1, 0, 1, 2, 3]),
        (9, [-2, -1, 0, 1, 2, 3]),
    ],
)
def test_the_next_ones_come_first_then_those_that_began_last(share: int, shown: list[int]) -> None:
    day = {
        hours: an_appointment(NOON + timedelta(hours=hours), external_id=f"A{hours}") for hours in (-2, -1, 0, 1, 2, 3)
    }
    start = start_of(list(day.values()), share, now=NOON)
    assert list(day.values())[start : start + share] == [day[hours] for hours in shown]


@pytest.mark.parametrize(
    ("closed", "paused", "expected"),
    [
        ((), (), MONDAY),
        ((MONDAY,), (), TUESDAY),
        ((), (MONDAY,), TUESDAY),
        ((MONDAY,), (TUESDAY,), date(2027, 3, 10)),
    ],
)
def test_the_next_open_day_skips_week_ends_closures_and_what_staff_closed(
    closed: tuple[date, ...], paused: tuple[date, ...], expected: date
) -> None:
    clinic = replace(a_clinic(), closures=frozenset(closed))
    assert next_open_day(clinic, FRIDAY, Pauses(days=frozenset(paused))) == expected


def test_where_no_open_day_is_near_it_is_tomorrow() -> None:
    closures = frozenset(FRIDAY + timedelta(days=ahead) for ahead in range(1, FARTHEST_OPEN_DAY))
    assert next_open_day(replace(a_clinic(), closures=closures), FRIDAY) == date(2027, 3, 6)


@pytest.mark.parametrize(
    ("sizes", "room", "expected"),
    [
        ((3, 4, 5), 12, (0, 1, 2)),
        ((3, 4, 5), 11, (0, 1)),
        ((0, 0, 5), 4, (0, 1)),
        ((200, 1, 1), 90, (0, 1)),
        ((), 90, ()),
    ],
)
def test_far_days_are_folded_only_where_all_together_are_many(
    sizes: tuple[int, ...], room: int, expected: tuple[int, ...]
) -> None:
    days = {date(2027, 3, 1 + n): size for n, size in enumerate(sizes)}
    assert told_days(days, near=date(2027, 3, 2), room=room) == {date(2027, 3, 1 + n) for n in expected}
