"""Requirement 11 on whole series: what a patient of a daily or a Monday, Wednesday and Friday series gets each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from reminders.core.appointments import Appointment
from reminders.core.merging import bundles
from tests.builders import NEW_YORK, an_appointment, local, shown
from tests.core.planning_cases import candidates

TZ = ZoneInfo(NEW_YORK)

MWF = ["2027-03-22 10:00", "2027-03-24 10:00", "2027-03-26 10:00"]
DAILY = ["2027-03-22 10:00", "2027-03-23 10:00", "2027-03-24 10:00", "2027-03-25 10:00", "2027-03-26 10:00"]


def _visits(starts: Sequence[str]) -> list[Appointment]:
    return [
        an_appointment(local(start), external_id=f"A{number}", series_id="S1", series_number=number)
        for number, start in enumerate(starts, start=1)
    ]


def _days(starts: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Let time pass, and return the messages in their order: when each left, and its parts."""
    waiting, left = candidates(_visits(starts)), []
    for now in sorted({item.reminder.due_at for item in waiting}):
        for bundle in bundles(waiting, tz=TZ, now=now):
            parts = [bundle.leader, *bundle.others]
            waiting = [item for item in waiting if item not in parts]
            left.append((shown(now)[5:], [f"{item.step.key} {shown(item.starts_at)[8:10]}" for item in parts]))
    assert not waiting
    return left


def test_a_monday_wednesday_friday_series_day_by_day() -> None:
    assert _days(MWF) == [
        ("03-17 10:00", ["prep_first 22"]),
        ("03-19 10:00", ["remind_confirm 22"]),
        ("03-20 10:00", ["ride_check 22"]),
        ("03-21 12:00", ["remind_final 22", "remind_confirm 24"]),
        ("03-22 10:00", ["ride_check 24"]),
        ("03-22 15:40", ["checkin_evening 22"]),
        ("03-23 10:00", ["remind_final 24", "remind_confirm 26"]),
        ("03-23 11:40", ["checkin_24h 22"]),
        ("03-24 10:00", ["ride_check 26"]),
        ("03-25 10:00", ["remind_final 26"]),
        ("03-25 11:40", ["checkin_24h 24"]),
        ("03-27 11:40", ["checkin_24h 26"]),
        ("03-29 11:40", ["checkin_72h 26"]),
        ("04-02 10:00", ["outcome_7d 26"]),
        ("04-09 10:00", ["outcome_14d 26"]),
    ]


def test_five_sessions_on_five_days_day_by_day() -> None:
    assert _days(DAILY) == [
        ("03-17 10:00", ["prep_first 22"]),
        ("03-19 10:00", [f"remind_confirm {day}" for day in (22, 23, 24, 25, 26)]),
        ("03-20 10:00", [f"ride_check {day}" for day in (22, 23, 24, 25, 26)]),
        ("03-21 12:00", ["remind_final 22"]),
        ("03-22 10:00", ["remind_final 23"]),
        ("03-22 15:40", ["checkin_evening 22"]),
        ("03-23 10:00", ["remind_final 24"]),
        ("03-24 10:00", ["remind_final 25"]),
        ("03-25 10:00", ["remind_final 26"]),
        ("03-27 11:40", ["checkin_24h 26"]),
        ("03-29 11:40", ["checkin_72h 26"]),
        ("04-02 10:00", ["outcome_7d 26"]),
        ("04-09 10:00", ["outcome_14d 26"]),
    ]


@pytest.mark.parametrize("starts", [MWF, DAILY])
def test_nobody_gets_more_than_two_messages_on_a_day(starts: list[str]) -> None:
    per_day = Counter(when[:5] for when, _ in _days(starts))
    assert max(per_day.values()) <= 2
