"""What is shared between sessions that are alike in time is what each would have got by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reminders.core.appointments import Appointment
from reminders.core.cadences import DEFAULT_CADENCE, HOUR
from reminders.core.conditions import Case, case_of
from reminders.core.patients import Channel, Override, Patient
from reminders.core.pauses import Pauses
from reminders.core.planning import desired, replan
from reminders.core.slots import MOST_SLOTS, Slots
from reminders.core.watching import outlook
from tests.builders import a_clinic, a_patient, a_record
from tests.core.planning_cases import HOPEFUL, LONG_BEFORE, SILENT, a_visit

PAUSES = (
    Pauses(),
    Pauses(days=frozenset({date(2027, 3, 24)})),
    Pauses(series=frozenset({"S1"})),
)
PATIENTS = (
    a_patient(),
    a_patient(a_record(timezone="Europe/Paris")),
    a_patient(a_record(has_sms_consent=False)),
    a_patient(a_record(has_sms_consent=False, has_email_consent=False)),
    a_patient(closed=frozenset({Channel.SMS})),
    replace(a_patient(), override=Override(off=frozenset({"ride_check"}), distances={"solids_fast": 4 * HOUR})),
)
VISITS = st.builds(
    a_visit,
    st.sampled_from(["2027-03-02 13:00", "2027-03-14 03:30", "2027-03-25 10:00", "2027-03-25 10:30"]),
    series_id=st.sampled_from([None, "S1"]),
    version=st.sampled_from([1, 2]),
    ended_at=st.sampled_from([None, LONG_BEFORE + timedelta(hours=9)]),
)
MOMENTS = st.sampled_from([LONG_BEFORE, LONG_BEFORE + timedelta(days=20), LONG_BEFORE + timedelta(days=26)])


def a_case(visit: Appointment, patient: Patient, pauses: Pauses, minutes: int) -> Case:
    booking = replace(visit.booking, duration=timedelta(minutes=minutes))
    return case_of(
        replace(visit, booking=booking),
        patient,
        HOPEFUL,
        siblings=(),
        telling=SILENT,
        now=LONG_BEFORE,
        pauses=pauses,
    )


CASES = st.builds(a_case, VISITS, st.sampled_from(PATIENTS), st.sampled_from(PAUSES), st.sampled_from([45, 120]))


@given(st.lists(st.tuples(CASES, MOMENTS), min_size=2, max_size=12))
def test_sessions_planned_together_are_planned_as_each_alone(found: list[tuple[Case, datetime]]) -> None:
    slots = Slots(HOPEFUL)
    for case in (replace(case, now=now) for case, now in found):
        assert desired(case, slots=slots) == desired(case)
        assert replan(case, (), slots) == replan(case, ())
        assert outlook(case, slots.of(case)) == outlook(case)


def test_two_alike_share_what_was_worked_out() -> None:
    slots = Slots(HOPEFUL)
    one, other = (a_case(a_visit(name=name), PATIENTS[0], PAUSES[0], 45) for name in ("A1", "A2"))
    assert all(a is b for a, b in zip(desired(one, slots=slots), desired(other, slots=slots), strict=True))


def test_a_session_of_another_clinic_shares_nothing() -> None:
    other = a_clinic(cadences={"*": replace(DEFAULT_CADENCE, steps=DEFAULT_CADENCE.steps[4:5])})
    slots = Slots(other)
    case = a_case(a_visit(), PATIENTS[0], PAUSES[0], 45)
    assert slots.of(case) is not slots.of(case)
    assert desired(case, slots=slots) == desired(case)


def test_no_more_are_kept_than_fit() -> None:
    slots = Slots(HOPEFUL)
    case = a_case(a_visit(), PATIENTS[0], PAUSES[0], 45)
    first = slots.of(case)
    assert slots.of(case) is first
    for minute in range(1, MOST_SLOTS + 1):
        slots.of(replace(case, now=case.now + timedelta(minutes=minute)))
    assert slots.of(case) is not first
