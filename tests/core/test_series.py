"""Requirement 11 on whole series, daily or on Monday, Wednesday and Friday: what leaves on each day, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import DEFAULT_CADENCE
from reminders.core.merging import bundles
from tests.builders import NEW_YORK, a_clinic, an_appointment, local, shown
from tests.core.planning_cases import AFTER_STEPS, FULFILLED, a_visit, candidates, wanted

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


# ----- which steps each session of a series gets


def _series(starts: Sequence[str], *, status: AppointmentStatus = AppointmentStatus.BOOKED) -> list[Appointment]:
    return [
        a_visit(start, name=f"A{number}", series_id="S1", series_number=number, status=status)
        for number, start in enumerate(starts, start=1)
    ]


def _others(visits: Sequence[Appointment], visit: Appointment) -> list[Appointment]:
    return [other for other in visits if other is not visit]


def test_only_the_first_of_a_series_is_prepared_and_asked_about_its_evening() -> None:
    visits = _series(MWF)
    for visit in visits:
        is_first = visit is visits[0]
        assert ("prep_first" in wanted(visit, siblings=_others(visits, visit))) is is_first
        done = a_visit(
            shown(visit.starts_at), series_id="S1", series_number=visit.booking.series_number, status=FULFILLED
        )
        assert ("checkin_evening" in wanted(done, siblings=_others(visits, visit))) is is_first


def test_without_numbers_the_earliest_session_that_is_not_off_is_the_first() -> None:
    first = a_visit("2027-03-22 10:00", name="A1", series_id="S1", status=AppointmentStatus.CANCELLED)
    second = a_visit("2027-03-24 10:00", name="A2", series_id="S1")
    third = a_visit("2027-03-26 10:00", name="A3", series_id="S1")
    assert "prep_first" in wanted(second, siblings=[first, third])
    assert "prep_first" not in wanted(third, siblings=[first, second])


def test_outcomes_follow_the_last_session_of_a_series_only() -> None:
    visits = _series(MWF, status=FULFILLED)
    for visit in visits:
        plans = wanted(visit, siblings=_others(visits, visit))
        assert ({"outcome_7d", "outcome_14d"} <= set(plans)) is (visit is visits[-1])
    last = wanted(visits[-1], siblings=visits[:-1])
    assert shown(last["outcome_7d"].due_at) == "2027-04-02 10:00"
    assert shown(last["outcome_14d"].due_at) == "2027-04-09 10:00"
    assert shown(last["outcome_14d"].expires_at) == "2027-04-13 10:00"


def test_a_single_session_has_no_outcome_and_a_further_session_takes_it_over() -> None:
    single = a_visit(status=FULFILLED)
    assert "outcome_7d" not in wanted(single)
    done, further = a_visit(series_id="S1", status=FULFILLED), a_visit("2027-04-25 10:00", name="A2", series_id="S1")
    assert "outcome_7d" not in wanted(done, siblings=[further])
    cancelled = replace(further, booking=replace(further.booking, status=AppointmentStatus.CANCELLED))
    assert "outcome_7d" in wanted(done, siblings=[cancelled])


def test_in_a_daily_series_only_the_last_session_is_followed_by_check_ins() -> None:
    visits = _series(DAILY, status=FULFILLED)
    found = {visit.external_id: set(wanted(visit, siblings=_others(visits, visit))) & AFTER_STEPS for visit in visits}
    assert found == {
        "A1": {"checkin_evening"},
        "A2": set(),
        "A3": set(),
        "A4": set(),
        "A5": {"checkin_24h", "checkin_72h"},
    }


def test_in_a_monday_wednesday_friday_series_the_next_day_is_asked_about_and_the_third_is_not() -> None:
    visits = _series(MWF, status=FULFILLED)
    found = {visit.external_id: set(wanted(visit, siblings=_others(visits, visit))) & AFTER_STEPS for visit in visits}
    assert found["A1"] == {"checkin_evening", "checkin_24h"}
    assert found["A3"] == {"checkin_24h", "checkin_72h"}


def test_a_cancelled_session_in_between_does_not_keep_a_check_in_away() -> None:
    done = a_visit("2027-03-22 10:00", status=FULFILLED)
    off = a_visit("2027-03-24 10:00", name="A2", status=AppointmentStatus.CANCELLED)
    assert "checkin_72h" in wanted(done, siblings=[off])


def test_rebooking_is_asked_where_it_is_set_and_no_session_is_ahead() -> None:
    clinic = a_clinic(cadences={"*": replace(DEFAULT_CADENCE, rebook_weeks=4)})
    done, ahead = a_visit(status=FULFILLED), a_visit("2027-04-25 10:00", name="A2")
    assert shown(wanted(done, clinic=clinic)["rebook"].due_at) == "2027-04-22 10:00"
    assert "rebook" not in wanted(done, clinic=clinic, siblings=[ahead])
    assert "rebook" not in wanted(done)
    assert "rebook" not in wanted(a_visit(), clinic=clinic)
