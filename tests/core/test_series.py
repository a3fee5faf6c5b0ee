"""Requirement 11 on whole series: what a patient of a daily or a Monday, Wednesday and Friday series gets each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from reminders.core.appointments import Appointment
from reminders.core.conditions import case_of
from reminders.core.merging import Candidate, bundles
from reminders.core.planning import desired
from reminders.core.reminders import ReminderState
from reminders.core.windows import local_day
from tests.builders import NEW_YORK, a_clinic, a_patient, an_appointment, held, local, shown
from tests.core.planning_cases import SILENT

TZ = ZoneInfo(NEW_YORK)
HOPEFUL = a_clinic(assume_fulfilled=True)

MWF = ["2027-03-22 10:00", "2027-03-24 10:00", "2027-03-26 10:00"]
DAILY = ["2027-03-22 10:00", "2027-03-23 10:00", "2027-03-24 10:00", "2027-03-25 10:00"]


def _visits(starts: Sequence[str]) -> list[Appointment]:
    return [
        an_appointment(local(start), external_id=f"A{number}", series_id="S1", series_number=number)
        for number, start in enumerate(starts, start=1)
    ]


def _candidates(visits: Sequence[Appointment]) -> list[Candidate]:
    """Return every touch of a series, before its sessions and after them."""
    found, now = [], local("2027-03-01 12:00")
    for visit in visits:
        others = [other for other in visits if other is not visit]
        case = case_of(visit, a_patient(), HOPEFUL, siblings=others, telling=SILENT, now=now)
        for plan in desired(case):
            step = case.cadence.step(plan.key.step)
            assert step is not None
            assert plan.state is ReminderState.PLANNED
            found.append(Candidate(held(plan, visit), step, visit.starts_at, local_day(visit.starts_at, TZ)))
    return found


def _days(starts: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Let time pass, and return the messages in their order: when each left, and its parts."""
    waiting, left = _candidates(_visits(starts)), []
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


def test_a_daily_series_day_by_day() -> None:
    assert _days(DAILY) == [
        ("03-17 10:00", ["prep_first 22"]),
        ("03-19 10:00", ["remind_confirm 22", "remind_confirm 23", "remind_confirm 24", "remind_confirm 25"]),
        ("03-20 10:00", ["ride_check 22", "ride_check 23", "ride_check 24", "ride_check 25"]),
        ("03-21 12:00", ["remind_final 22"]),
        ("03-22 10:00", ["remind_final 23"]),
        ("03-22 15:40", ["checkin_evening 22"]),
        ("03-23 10:00", ["remind_final 24"]),
        ("03-24 10:00", ["remind_final 25"]),
        ("03-26 11:40", ["checkin_24h 25"]),
        ("03-28 12:00", ["checkin_72h 25"]),
        ("04-01 10:00", ["outcome_7d 25"]),
        ("04-08 10:00", ["outcome_14d 25"]),
    ]


@pytest.mark.parametrize("starts", [MWF, DAILY])
def test_nobody_gets_more_than_two_messages_on_a_day(starts: list[str]) -> None:
    per_day = Counter(when[:5] for when, _ in _days(starts))
    assert max(per_day.values()) <= 2
