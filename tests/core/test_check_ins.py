"""Scores as tables: what is compared with what, when staff hear of it, and when we ask again."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest

from reminders.core.check_ins import (
    DEFAULT_RULES,
    NUDGE,
    Change,
    CheckIn,
    CheckInRules,
    Concern,
    Point,
    SessionEnd,
    Thresholds,
    asks_once_more,
    baseline,
    changes,
    in_words,
    is_score,
    judge,
    may_nudge,
    trend,
)
from reminders.core.delivery import MessageState
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId
from reminders.core.reminders import Reason
from reminders.core.tasks import TaskKind, after_message
from tests.builders import NOON, an_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, SECOND = AppointmentId(an_id("A1")), AppointmentId(an_id("A2"))


def said(
    score: int | None, at: datetime = NOON, *, series_id: str | None = "S1", about: AppointmentId = FIRST
) -> CheckIn:
    return CheckIn(about, series_id, score, str(score), at - HOUR, at)


@pytest.mark.parametrize(
    ("score", "first", "expected"),
    [
        (7, None, None),
        (8, None, Concern.HIGH_SCORE),
        (10, 10, Concern.HIGH_SCORE),
        (5, 3, None),
        (5, 2, Concern.JUMP),
        (7, 4, Concern.JUMP),
        (8, 2, Concern.HIGH_SCORE),
        (2, 9, None),
        (0, None, None),
        (3, 0, Concern.JUMP),
    ],
)
def test_a_score_concerns_staff_where_it_is_high_or_rose(
    score: int, first: int | None, expected: Concern | None
) -> None:
    assert judge(score, first, Thresholds()) is expected


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [
        (Thresholds(high=None), Concern.JUMP),
        (Thresholds(jump=None), Concern.HIGH_SCORE),
        (Thresholds(high=None, jump=None), None),
        (Thresholds(high=10, jump=9), None),
    ],
)
def test_either_threshold_can_be_changed_or_switched_off(thresholds: Thresholds, expected: Concern | None) -> None:
    assert judge(9, 1, thresholds) is expected


@pytest.mark.parametrize(("found", "expected"), [(None, False), (0, True), (10, True), (11, False), (-1, False)])
def test_only_a_number_from_0_to_10_answers(found: int | None, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_score(found) is expected


def test_words_are_answered_with_a_wish_for_a_number_once() -> None:
    assert [asks_once_more(times) for times in range(4)] == [False, True, False, False]


def test_the_baseline_is_the_first_score_of_the_same_series() -> None:
    earlier = [said(9, NOON - 200 * DAY, series_id="S0"), said(None, NOON - 9 * DAY), said(6, NOON - 8 * DAY), said(3)]
    assert baseline(earlier, series_id="S1", at=NOON) == 6
    assert baseline(earlier, series_id="S2", at=NOON) is None


def test_without_a_series_it_is_the_patients_first_in_ninety_days() -> None:
    earlier = [said(9, NOON - 91 * DAY), said(5, NOON - 90 * DAY), said(2, NOON - DAY, series_id=None)]
    assert baseline(earlier, series_id=None, at=NOON) == 5
    assert baseline([], series_id=None, at=NOON) is None


def test_each_answer_is_compared_with_the_first_before_it() -> None:
    every = [said(6), said(None, NOON + DAY), said(4, NOON + 2 * DAY), said(6, NOON + 3 * DAY), said(9, series_id="S2")]
    expected = [Change(None, None), Change(None, None), Change(6, -2), Change(6, 0), Change(None, None)]
    assert changes(every) == expected


def test_a_series_is_a_line_of_sessions_hours_and_scores() -> None:
    ends = {FIRST: SessionEnd(3, NOON), SECOND: SessionEnd(None, NOON + 2 * DAY)}
    answers = [
        said(4, NOON + 3 * DAY, about=SECOND),
        said(7, NOON + DAY),
        said(None, NOON + DAY),
        said(6, NOON + 26 * HOUR),
        said(1, NOON + 3 * DAY, about=SECOND, series_id=None),
    ]
    assert trend(answers, ends) == {
        "S1": [Point(3, 24, 7), Point(3, 26, 6), Point(2, 24, 4)],
        None: [Point(1, 24, 1)],
    }


@pytest.mark.parametrize(("change", "expected"), [(2, "2 above"), (-3, "3 below"), (0, "the same as")])
def test_a_change_is_said_in_words(change: int, expected: str) -> None:
    assert in_words(change) == expected


LATER = CheckInRules(nudge_after=6 * HOUR)


@pytest.mark.parametrize(
    ("opens_at", "rules", "expected"),
    [
        (NOON + 6 * HOUR - timedelta(seconds=1), LATER, False),
        (NOON + 6 * HOUR, LATER, True),
        (NOON + 11 * HOUR, LATER, True),
        (NOON + 11 * HOUR + timedelta(seconds=1), LATER, False),
        (None, LATER, False),
        (NOON + 6 * HOUR, CheckInRules(nudge_after=None), False),
        (NOON + 6 * HOUR, DEFAULT_RULES, True),
    ],
)
def test_a_question_that_holds_twelve_hours_is_asked_again_in_its_second_half(
    opens_at: datetime | None,
    rules: CheckInRules,
    expected: bool,  # noqa: FBT001 - a table
) -> None:
    assert may_nudge(NOON, NOON + 12 * HOUR, rules, opens_at=opens_at) is expected


def test_a_nudge_that_does_not_leave_is_nobodys_task_unless_the_address_is_bad() -> None:
    for state, reason in product(MessageState, [None, *Reason]):
        kind = after_message(state, reason, Origin.REMINDER, NUDGE)
        assert kind in {None, TaskKind.ADDRESS_FAULT}
        assert kind is None or reason is Reason.ADDRESS_FAULT
    assert after_message(MessageState.REJECTED, Reason.ADDRESS_FAULT, Origin.REMINDER, NUDGE) is TaskKind.ADDRESS_FAULT
