"""Requirements 2, 11, 15 and 52: which steps a session gets among the patient's others, and who else is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.cadences import DEFAULT_CADENCE
from reminders.core.clinics import Clinic
from reminders.core.conditions import Case, Telling, Told, case_of
from reminders.core.escorts import EscortWord
from reminders.core.patients import Override, Patient, Recipient
from reminders.core.pauses import NO_PAUSES, Pauses
from reminders.core.planning import desired
from reminders.core.reminders import Reason, ReminderState
from tests.builders import a_clinic, a_patient, local, shown
from tests.core.planning_cases import (
    AFTER_STEPS,
    BEFORE_STEPS,
    FULFILLED,
    HOPEFUL,
    LONG_BEFORE,
    SILENT,
    START,
    WITHOUT_CONSENT,
    a_visit,
    wanted,
)

BOOKED, CANCELLED, NOSHOW = AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW
OUTCOMES = {"outcome_7d", "outcome_14d"}
STARTS = ["2027-03-22 10:00", "2027-03-24 10:00", "2027-03-26 10:00"]


def _series(*statuses: AppointmentStatus, numbers: Sequence[int | None] = (1, 2, 3)) -> list[Appointment]:
    return [
        a_visit(start, name=f"A{place}", series_id="S1", series_number=number, status=status)
        for place, (start, status, number) in enumerate(zip(STARTS, statuses, numbers, strict=False))
    ]


def _with(step: str, visits: Sequence[Appointment], clinic: Clinic | None = None) -> list[int]:
    """Return the places of the sessions of a series that get a step."""
    return [
        place
        for place, visit in enumerate(visits)
        if step in wanted(visit, siblings=[other for other in visits if other is not visit], clinic=clinic)
    ]


def _case(
    visit: Appointment,
    *,
    telling: Telling = SILENT,
    pauses: Pauses = NO_PAUSES,
    patient: Patient | None = None,
    clinic: Clinic | None = None,
    agreed: bool = False,
) -> Case:
    return case_of(
        visit,
        patient or a_patient(),
        clinic or a_clinic(),
        siblings=(),
        telling=telling,
        now=LONG_BEFORE,
        pauses=pauses,
        escort=EscortWord.AGREED if agreed else EscortWord.SILENT,
    )


# ----- the first of a series


@pytest.mark.parametrize(
    ("statuses", "numbers", "first"),
    [
        ((BOOKED, BOOKED, BOOKED), (1, 2, 3), [0]),
        ((CANCELLED, BOOKED, BOOKED), (1, 2, 3), [1]),  # the first that takes place
        ((NOSHOW, CANCELLED, BOOKED), (1, 2, 3), [2]),
        ((BOOKED, BOOKED, BOOKED), (4, 5, 6), []),  # it began before we knew it
        ((CANCELLED, BOOKED, BOOKED), (4, 5, 6), []),
        ((CANCELLED, BOOKED, BOOKED), (1, 3, 4), []),  # number 2 may have taken place unseen
        ((BOOKED, BOOKED, BOOKED), (2, 1, 3), [1]),  # numbers count, not dates
        ((BOOKED, BOOKED, BOOKED), (None, None, None), [0]),
        ((CANCELLED, BOOKED, BOOKED), (None, None, None), [1]),
    ],
)
def test_the_first_of_a_series_is_the_one_before_which_none_took_place(
    statuses: Sequence[AppointmentStatus], numbers: Sequence[int | None], first: list[int]
) -> None:
    assert _with("prep_first", _series(*statuses, numbers=numbers)) == first
    assert _with("checkin_evening", _series(*statuses, numbers=numbers), HOPEFUL) == first


def test_a_session_of_no_series_is_prepared_each_time() -> None:
    visits = [a_visit(start, name=f"A{place}") for place, start in enumerate(STARTS)]
    assert _with("prep_first", visits) == [0, 1, 2]


def test_another_series_or_a_single_session_before_does_not_count() -> None:
    first, _, third = _series(BOOKED, BOOKED, BOOKED, numbers=(None, None, None))
    single = replace(first, booking=replace(first.booking, series_id=None))
    other = replace(first, booking=replace(first.booking, series_id="S2"))
    assert "prep_first" in wanted(third, siblings=[single, other])


# ----- the end of a series


@pytest.mark.parametrize("marks", list(product([BOOKED, FULFILLED, NOSHOW, CANCELLED], repeat=3)))
def test_outcomes_hang_on_the_last_session_that_was_not_cancelled_if_one_was_not_off(
    marks: tuple[AppointmentStatus, ...],
) -> None:
    left = [place for place, mark in enumerate(marks) if mark is not CANCELLED]
    is_held = any(not mark.is_off for mark in marks)
    assert _with("outcome_7d", _series(*marks)) == (left[-1:] if is_held else [])


def test_outcomes_count_from_the_actual_end_where_it_is_known() -> None:
    visit = a_visit("2027-03-22 21:00", series_id="S1", ended_at=local("2027-03-23 02:00"), status=FULFILLED)
    assert shown(wanted(visit)["outcome_7d"].due_at) == "2027-03-30 10:00"


def test_a_single_session_has_no_outcome() -> None:
    assert not OUTCOMES & set(wanted(a_visit(status=FULFILLED)))


# ----- check-ins, and what comes in between


@pytest.mark.parametrize(
    ("next_start", "kept"),
    [
        ("2027-03-26 11:39", {"checkin_evening"}),  # before the check-in of the 26th at 11:40
        ("2027-03-26 11:40", {"checkin_evening"}),  # at its very time
        ("2027-03-26 11:41", {"checkin_evening", "checkin_24h"}),
        ("2027-03-28 12:00", {"checkin_evening", "checkin_24h"}),  # Sunday opens at noon, and so it is due
        ("2027-03-28 12:01", AFTER_STEPS),
    ],
)
def test_a_check_in_is_left_out_where_another_session_starts_before_it(next_start: str, kept: set[str]) -> None:
    found = wanted(a_visit(status=FULFILLED), siblings=[a_visit(next_start, name="A2")])
    assert set(found) == kept


@pytest.mark.parametrize("status", [CANCELLED, NOSHOW])
def test_a_session_that_is_off_is_nothing_in_between(status: AppointmentStatus) -> None:
    off = a_visit("2027-03-26 09:00", name="A2", status=status)
    assert set(wanted(a_visit(status=FULFILLED), siblings=[off])) == AFTER_STEPS


def test_an_earlier_session_is_not_in_between() -> None:
    earlier = a_visit("2027-03-25 08:00", name="A2", status=FULFILLED)
    assert set(wanted(a_visit(status=FULFILLED), siblings=[earlier])) == AFTER_STEPS


# ----- asking for another session (requirement 15)

FOUR_WEEKS = a_clinic(cadences={"*": replace(DEFAULT_CADENCE, rebook_weeks=4)})


def test_another_session_is_asked_for_some_weeks_after_the_days_of_the_last() -> None:
    # 11 March + 4 weeks lies behind a clock change; a session over midnight counts by the day on which it began.
    visit = a_visit("2027-03-11 22:00", status=FULFILLED, ended_at=local("2027-03-12 03:00"))
    found = wanted(visit, clinic=FOUR_WEEKS)["rebook"]
    assert (shown(found.due_at), shown(found.expires_at)) == ("2027-04-08 10:00", "2027-04-22 10:00")


@pytest.mark.parametrize(
    ("override", "is_asked"),
    [
        (Override(), True),
        (Override(is_rebooking=False), False),  # discharged, or declined
        (Override(rebook_weeks=2), True),
        (Override(off=frozenset({"rebook"})), False),
    ],
)
def test_who_was_discharged_or_declined_is_not_asked_for_another_session(override: Override, *, is_asked: bool) -> None:
    patient = replace(a_patient(), override=override)
    assert ("rebook" in wanted(a_visit(status=FULFILLED), clinic=FOUR_WEEKS, patient=patient)) is is_asked


@pytest.mark.parametrize(
    ("status", "is_asked"), [(BOOKED, False), (FULFILLED, False), (CANCELLED, True), (NOSHOW, True)]
)
def test_a_further_session_answers_the_question_for_one_unless_it_is_off(
    status: AppointmentStatus, *, is_asked: bool
) -> None:
    further = a_visit("2027-05-25 10:00", name="A2", status=status)
    assert ("rebook" in wanted(a_visit(status=FULFILLED), clinic=FOUR_WEEKS, siblings=[further])) is is_asked


def test_the_weeks_may_differ_from_patient_to_patient() -> None:
    patient = replace(a_patient(), override=Override(rebook_weeks=6))
    for clinic in (FOUR_WEEKS, a_clinic()):
        found = wanted(a_visit(status=FULFILLED), patient=patient, clinic=clinic)["rebook"]
        assert shown(found.due_at) == "2027-05-06 10:00"


# ----- what staff changed for one patient


def test_a_longer_fast_ends_the_last_reminder_earlier() -> None:
    patient = replace(a_patient(), override=Override(distances={"solids_fast": timedelta(hours=24)}))
    found = wanted(a_visit(), patient=patient)["remind_final"]
    assert shown(found.expires_at) == "2027-03-24 10:00"
    assert shown(found.due_at) == "2027-03-23 19:00"  # its own time is too late, so the evening before


def test_steps_may_be_off_or_on_for_one_patient() -> None:
    patient = replace(a_patient(), override=Override(off=frozenset({"ride_check"}), on=frozenset({"day_of"})))
    assert set(wanted(a_visit("2027-03-25 13:00"), patient=patient)) == BEFORE_STEPS - {"ride_check"} | {"day_of"}


# ----- who fetches the patient (requirement 52)


def _with_escort(visit: Appointment, phone: str | None = "+12025550111") -> Appointment:
    return replace(visit, booking=replace(visit.booking, escort_name="Sam", escort_phone=phone))


@pytest.mark.parametrize(
    ("phone", "agreed", "is_told"),
    [("+12025550111", True, True), ("+12025550111", False, False), (None, True, False), (None, False, False)],
)
def test_who_fetches_the_patient_is_told_only_with_a_number_and_consent_of_their_own(
    phone: str | None, *, agreed: bool, is_told: bool
) -> None:
    plans = desired(_case(_with_escort(a_visit(), phone), agreed=agreed))
    assert [plan.key.step for plan in plans if plan.key.recipient is Recipient.ESCORT] == ["pick_up"] * is_told


def test_the_pick_up_is_told_the_day_before_in_the_clinics_own_hours_whatever_the_patients() -> None:
    patient = a_patient(replace(WITHOUT_CONSENT, timezone="Pacific/Honolulu"))
    plans = {plan.key.step: plan for plan in desired(_case(_with_escort(a_visit()), agreed=True, patient=patient))}
    assert plans["pick_up"].state is ReminderState.PLANNED  # their consent, not the patient's
    assert shown(plans["pick_up"].due_at) == "2027-03-24 10:00"


@pytest.mark.parametrize(
    ("status", "told", "is_told"),
    [
        (CANCELLED, Told(local(START)), True),
        (CANCELLED, None, False),
        (CANCELLED, Told(local(START), is_off=True), False),
        (BOOKED, Told(local(START)), False),
    ],
)
def test_who_fetches_the_patient_hears_that_it_is_off_if_they_heard_that_it_was_on(
    status: AppointmentStatus, told: Told | None, *, is_told: bool
) -> None:
    telling = Telling(is_announced=False, escort=told)
    plans = desired(_case(_with_escort(a_visit(status=status)), telling=telling, agreed=True))
    assert ("pick_up_off" in {plan.key.step for plan in plans}) is is_told


# ----- pauses

PAUSED = {
    "a patient on hold": (Pauses(patients=frozenset({a_patient().id})), Reason.ON_HOLD),
    "a stopped series": (Pauses(series=frozenset({"S1"})), Reason.SERIES_STOPPED),
}


@pytest.mark.parametrize(("pauses", "reason"), PAUSED.values(), ids=PAUSED)
def test_a_pause_holds_everything_back_and_says_why(pauses: Pauses, reason: Reason) -> None:
    plans = desired(_case(_with_escort(a_visit(series_id="S1")), pauses=pauses, agreed=True))
    assert {plan.key.step for plan in plans} == BEFORE_STEPS | OUTCOMES | {"pick_up"}
    assert {(plan.state, plan.reason) for plan in plans} == {(ReminderState.SUPPRESSED, reason)}


def test_a_pause_of_others_holds_nothing_back() -> None:
    pauses = Pauses(series=frozenset({"S2"}))
    plans = desired(_case(a_visit(series_id="S1"), pauses=pauses))
    assert {plan.state for plan in plans} == {ReminderState.PLANNED}


def test_a_day_on_which_staff_close_the_clinic_moves_reminders_like_a_closure_of_its_file() -> None:
    closed = Pauses(days=frozenset({local("2027-03-24 10:00").date()}))
    by_staff = desired(_case(a_visit(), pauses=closed))
    by_file = desired(_case(a_visit(), clinic=replace(a_clinic(), closures=closed.days)))
    assert by_staff == by_file
    assert {plan.key.step: shown(plan.due_at) for plan in by_staff}["remind_final"] == "2027-03-23 10:00"
