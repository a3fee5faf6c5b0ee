"""Requirement 11 on whole series: what a patient of a daily or a Monday, Wednesday and Friday series gets each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import DEFAULT_CADENCE
from reminders.core.merging import Candidate, bundles
from reminders.core.conditions import Telling, case_of
from reminders.core.planning import desired
from reminders.core.reminders import ReminderState
from tests.builders import NEW_YORK, a_clinic, a_patient, an_appointment, held, local, shown

MWF = ["2027-03-22 10:00", "2027-03-24 10:00", "2027-03-26 10:00"]
DAILY = ["2027-03-22 10:00", "2027-03-23 10:00", "2027-03-24 10:00", "2027-03-25 10:00"]


def _visits(starts: Sequence[str]) -> list[Appointment]:
    return [
        an_appointment(local(start), external_id=f"A{number}", series_id="S1", series_number=number)
        for number, start in enumerate(starts, start=1)
    ]


def _candidates(visits: Sequence[Appointment]) -> list[Candidate]:
    """Return every touch of a series: what is planned while it is booked, and what once it is fulfilled."""
    found = []
    for status in (AppointmentStatus.BOOKED, AppointmentStatus.FULFILLED):
        seen = [replace(visit, booking=replace(visit.booking, status=status)) for visit in visits]
        for visit in seen:
            others = [other for other in seen if other.id != visit.id]
            now = local("2027-03-01 12:00")
            plans = desired(
                visit, a_patient(), a_clinic(), siblings=others, telling=Telling(is_announced=False), now=now
            )
            for plan in plans:
                step = DEFAULT_CADENCE.step(plan.key.step)
                assert step is not None
                if plan.state is ReminderState.PLANNED:
                    found.append(Candidate(held(plan, visit), step, visit.starts_at))
    return found


def _days(starts: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Let time pass, and return the messages in their order: when each left, and its parts."""
    waiting, left = _candidates(_visits(starts)), []
    for now in sorted({item.reminder.due_at for item in waiting}):
        for bundle in bundles(waiting, tz=ZoneInfo(NEW_YORK), now=now):
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
        ("03-19 10:00", ["remind_confirm 22"]),
        ("03-20 10:00", ["ride_check 22", "remind_confirm 23"]),
        ("03-21 12:00", ["remind_final 22", "ride_check 23", "remind_confirm 24"]),
        ("03-22 10:00", ["remind_final 23", "ride_check 24", "remind_confirm 25"]),
        ("03-22 15:40", ["checkin_evening 22"]),
        ("03-23 10:00", ["remind_final 24", "ride_check 25"]),
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
