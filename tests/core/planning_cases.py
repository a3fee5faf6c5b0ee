"""What the tests of planning share: one visit, its plan, and what the store does with a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.clinics import Clinic
from reminders.core.conditions import Telling, case_of
from reminders.core.merging import Candidate
from reminders.core.patients import Patient
from reminders.core.planning import Plan, desired, replan
from reminders.core.reminders import PlannedReminder, Reminder, ReminderState, ending
from reminders.core.windows import local_day
from tests.builders import a_clinic, a_patient, a_record, an_appointment, held, local

START = "2027-03-25 10:00"  # a Thursday
LONG_BEFORE = local("2027-03-02 12:00")
WITHOUT_CONSENT = a_record(has_sms_consent=False, has_email_consent=False)
SILENT = Telling(is_announced=False)
HOPEFUL = a_clinic(assume_fulfilled=True)
BEFORE_STEPS = {"prep_first", "remind_confirm", "ride_check", "remind_final"}
AFTER_STEPS = {"checkin_evening", "checkin_24h", "checkin_72h"}
FULFILLED = AppointmentStatus.FULFILLED


def a_visit(
    start: str = START,
    *,
    name: str = "A1",
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    series_id: str | None = None,
    series_number: int | None = None,
    version: int = 1,
    versioned_at: datetime = LONG_BEFORE,
    ended_at: datetime | None = None,
) -> Appointment:
    return an_appointment(
        local(start),
        external_id=name,
        status=status,
        series_id=series_id,
        series_number=series_number,
        version=version,
        versioned_at=versioned_at,
        ended_at=ended_at,
    )


def wanted(
    visit: Appointment,
    *,
    now: datetime = LONG_BEFORE,
    siblings: Sequence[Appointment] = (),
    patient: Patient | None = None,
    clinic: Clinic | None = None,
    telling: Telling = SILENT,
) -> dict[str, PlannedReminder]:
    case = case_of(visit, patient or a_patient(), clinic or a_clinic(), siblings=siblings, telling=telling, now=now)
    return {plan.key.step: plan for plan in desired(case)}


def states(plans: dict[str, PlannedReminder]) -> dict[str, str]:
    return {step: plan.reason or plan.state for step, plan in plans.items()}


def replanned(
    visit: Appointment,
    existing: Iterable[Reminder],
    *,
    now: datetime = LONG_BEFORE,
    patient: Patient | None = None,
    clinic: Clinic | None = None,
    telling: Telling = SILENT,
) -> Plan:
    case = case_of(visit, patient or a_patient(), clinic or a_clinic(), siblings=(), telling=telling, now=now)
    return replan(case, existing)


def applied(plan: Plan, existing: Sequence[Reminder], visit: Appointment) -> list[Reminder]:
    """Do what the store does with a plan."""
    moved = {item.id: new for item, new in plan.move}
    ended = {item.id: reason for item, reason in plan.cancel}
    kept = [replace(item, planned=moved.get(item.id, item.planned)) for item in existing]
    rows = [
        replace(item, planned=replace(item.planned, state=ending(ended[item.id]), reason=ended[item.id]))
        if item.id in ended
        else item
        for item in kept
    ]
    return rows + [held(new, visit) for new in plan.add]


def candidates(visits: Sequence[Appointment], *, patient: Patient | None = None) -> list[Candidate]:
    """Return every touch of one patient's sessions, before and after them, as it waits to leave."""
    found, now = [], local("2027-03-01 12:00")
    for visit in visits:
        others = [other for other in visits if other is not visit]
        case = case_of(visit, patient or a_patient(), HOPEFUL, siblings=others, telling=SILENT, now=now)
        for plan in desired(case):
            step = case.cadence.step(plan.key.step)
            assert step is not None
            assert plan.state is ReminderState.PLANNED
            found.append(Candidate(held(plan, visit), step, visit.starts_at, local_day(visit.starts_at, case.tz)))
    return found


def as_state(state: ReminderState, items: Iterable[Reminder], *steps: str) -> list[Reminder]:
    return [
        replace(item, planned=replace(item.planned, state=state)) if not steps or item.step in steps else item
        for item in items
    ]


statuses = st.sampled_from(AppointmentStatus)
nows = st.datetimes(datetime(2027, 3, 1), datetime(2027, 4, 20)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - hypothesis bounds are naive
patients = st.builds(
    a_record,
    timezone=st.sampled_from([None, "Asia/Kolkata", "Pacific/Honolulu"]),
    has_sms_consent=st.booleans(),
    has_email_consent=st.booleans(),
).map(a_patient)
