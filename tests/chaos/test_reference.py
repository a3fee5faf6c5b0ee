"""What the reference of delivery (T10) and the judge of clocks (T8) know of time. Their runs are commands."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.chaos.delivery_words import opening
from tests.chaos.t08_clocks import clock_changes, is_quiet


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2027-03-04 16:59", "2027-03-04 16:59"),
        ("2027-03-05 03:00", "2027-03-05 16:00"),
        ("2027-03-05 15:59", "2027-03-05 16:00"),
        ("2027-03-07 03:30", "2027-03-07 19:00"),
        ("2027-03-07 18:00", "2027-03-07 19:00"),
        ("2027-03-08 02:59", "2027-03-08 02:59"),
    ],
    ids=["open", "closing", "early", "Saturday night", "Sunday morning", "Sunday evening"],
)
def test_the_reference_waits_for_nine_and_on_sundays_for_noon(at: str, opens: str) -> None:
    begun, ends = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, opens))
    assert opening(begun) == ends


def test_the_judge_of_clocks_knows_quiet_hours_and_clock_changes() -> None:
    assert is_quiet(datetime(2027, 3, 14, 15, 59, tzinfo=UTC), "America/New_York")
    assert not is_quiet(datetime(2027, 3, 14, 16, 0, tzinfo=UTC), "America/New_York")
    assert is_quiet(datetime(2027, 3, 15, 3, 0, tzinfo=UTC), "Asia/Kolkata")
    assert not is_quiet(datetime(2027, 3, 15, 3, 30, tzinfo=UTC), "Asia/Kolkata")
    assert clock_changes("America/Phoenix") == []
    assert date(2027, 3, 14) in clock_changes("America/New_York")
    assert len(clock_changes("Australia/Lord_Howe")) == 4
