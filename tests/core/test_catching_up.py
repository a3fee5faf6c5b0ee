"""Requirement 14: after an outage what is late leaves at the clinic's pace; what is on time does not wait for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.catching_up import SPAN, is_late, late_line, room
from tests.builders import NOON


@pytest.mark.parametrize(
    ("overdue", "expected"),
    [
        (timedelta(minutes=-1), False),
        (timedelta(0), False),
        (timedelta(minutes=15), False),
        (timedelta(minutes=15, seconds=1), True),
        (timedelta(hours=30), True),
    ],
)
def test_late_is_what_is_overdue_by_more_than_a_quarter_of_an_hour(overdue: timedelta, *, expected: bool) -> None:
    assert is_late(NOON - overdue, now=NOON) is expected
    assert (NOON - overdue < late_line(NOON)) is expected


@pytest.mark.parametrize(
    ("per_minute", "seconds_ago", "expected"),
    [
        (3, [], 3),
        (3, [0, 59], 1),
        (3, [0, 59, 60], 1),
        (3, [60, 61, 3600], 3),
        (3, [1, 2, 3], 0),
        (3, [1, 2, 3, 4], 0),
        (0, [], 0),
    ],
)
def test_a_rolling_minute_has_room_for_what_the_clinic_allows(
    per_minute: int, seconds_ago: list[int], expected: int
) -> None:
    assert room(per_minute, [NOON - timedelta(seconds=ago) for ago in seconds_ago], now=NOON) == expected


@given(st.integers(1, 5), st.lists(st.floats(0.1, 70), max_size=30))
def test_no_span_of_a_minute_gets_more_however_often_somebody_looks(per_minute: int, waits: list[float]) -> None:
    now, made = NOON, list[float]()
    for wait in waits:
        now += timedelta(seconds=wait)
        found = room(per_minute, [NOON + timedelta(seconds=at) for at in made], now=now)
        made += [(now - NOON).total_seconds()] * found
    for at in made:
        assert sum(1 for other in made if at <= other < at + SPAN.total_seconds()) <= per_minute
