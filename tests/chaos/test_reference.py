"""The short seeded versions of T8 and T10, and what the reference of delivery and the judge of clocks know of time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.chaos.delivery_words import opening
from tests.chaos.t08_clocks import clock_changes, is_quiet, run_cases
from tests.chaos.t10_reference import run_examples


@pytest.mark.timeout(240)  # five seconds where nothing else runs; a crowded machine is no fault
def test_whatever_happens_to_texts_what_is_stored_equals_the_reference() -> None:
    report = run_examples(4, 7, is_simplified=False)
    assert report.is_good, report.text
    assert report.figures["calls"] > 5, "hardly anything was sent, so nothing was tried"


@pytest.mark.timeout(240)  # as above
def test_while_clocks_jump_and_disagree_nothing_leaves_at_the_wrong_time_nor_is_lost_or_doubled() -> None:
    report = run_cases(1, 7)
    assert report.is_good, report.text
    assert report.figures["texts"] > 3, "hardly anything was sent, so nothing was tried"


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
