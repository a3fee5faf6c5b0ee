"""What becomes of something that is stored for longer than it is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reminders.core.retention import A_DAY, Fate, Retention, Stored, Subject, fate, trusted
from tests.builders import NOON

HOUR = timedelta(hours=1)
OLD, YOUNG = NOON - HOUR, NOON + HOUR


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (Stored(OLD, OLD), Fate.GOES),
        (Stored(NOON, NOON), Fate.TOO_YOUNG),
        (Stored(YOUNG, YOUNG), Fate.TOO_YOUNG),
        (Stored(OLD, None), Fate.WAITS),
        (Stored(OLD, NOON), Fate.WAITS),
        (Stored(OLD, YOUNG), Fate.WAITS),
        (Stored(OLD, OLD, is_needed=True), Fate.WAITS),
        (Stored(OLD, OLD, is_evidence=True), Fate.STAYS),
        (Stored(OLD, None, is_needed=True, is_evidence=True), Fate.STAYS),
        (Stored(YOUNG, None, is_evidence=True), Fate.TOO_YOUNG),
    ],
)
def test_what_is_over_goes_unless_it_is_needed_or_proves_something(stored: Stored, expected: Fate) -> None:
    assert fate(stored, before=NOON) is expected


def test_everything_has_a_time_that_the_rule_names() -> None:
    days = {subject: kept.days for subject in Subject if (kept := Retention().of(subject)) is not None}
    assert set(days) == set(Subject)
    assert (days[Subject.TEXTS], days[Subject.REPLIES]) == (30, 30)
    assert days[Subject.ATTEMPTS] >= 13 * 30
    assert days[Subject.AUDIT] >= 6 * 365


def test_each_of_the_three_times_may_be_for_ever() -> None:
    assert [Retention(None, None, None).of(subject) for subject in Subject] == [None] * len(Subject)


@pytest.mark.parametrize(
    ("looked_at", "expected"),
    [(None, NOON), (NOON, NOON), (NOON - A_DAY, NOON), (NOON - 3 * A_DAY, NOON - 2 * A_DAY), (NOON + A_DAY, NOON)],
)
def test_a_clock_that_leapt_is_believed_a_day_at_a_look(looked_at: datetime | None, expected: datetime) -> None:
    assert trusted(NOON, looked_at) == expected
