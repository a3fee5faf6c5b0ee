"""Read: what a patient answered after each session, what it is compared with, and the line through each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reminders.core.appointments import Appointment
from reminders.core.cadences import anchors
from reminders.core.check_ins import Change, CheckIn, Point, SessionEnd, changes, trend
from reminders.core.clinics import Clinic
from reminders.core.ids import AppointmentId
from reminders.core.patients import Override
from reminders.services.deps import Deps
from reminders.services.find_subjects import find_clinic, find_patient
from reminders.store import appointments, check_ins, patients
from reminders.store.check_ins import Unanswered


@dataclass(frozen=True, slots=True)
class CheckInReport:
    """A patient's check-ins, in order of time. `sessions` are those that answers or silences are about."""

    clinic: Clinic
    patient: str
    name: str
    sessions: Mapping[AppointmentId, Appointment]
    answers: Sequence[tuple[CheckIn, Change]]
    unanswered: Sequence[Unanswered]
    lines: Mapping[str | None, Sequence[Point]]
    now: datetime


def read_check_ins(deps: Deps, patient: str, clinic_slug: str | None = None) -> CheckInReport:
    """Return the check-ins of one patient. Raises NotFoundError for whom nobody knows, InputError for the clinic."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        clinic = find_clinic(tx, clinic_slug)
        patient_id = find_patient(tx, clinic, patient)
        known = patients.get_many(tx, clinic.id, [patient_id])[patient_id]
        answers = check_ins.of_patient(tx, patient_id, has_words=True)
        silences = check_ins.unanswered(tx, patient_id)
        about = {item.appointment_id for item in answers} | {item.appointment_id for item in silences}
        sessions = appointments.get_many(tx, about)
    ends = {key: _end(item, clinic, known.override) for key, item in sessions.items()}
    return CheckInReport(
        clinic=clinic,
        patient=patient,
        name=known.record.name,
        sessions=sessions,
        answers=list(zip(answers, changes(answers), strict=True)),
        unanswered=silences,
        lines=trend(answers, ends),
        now=now,
    )


def _end(session: Appointment, clinic: Clinic, override: Override) -> SessionEnd:
    booking = session.booking
    cadence = clinic.cadence(booking.appointment_type, override)
    base = anchors(
        booking.starts_at, booking.duration, cadence, versioned_at=session.versioned_at, ended_at=session.ended_at
    )
    return SessionEnd(booking.series_number, base.end)
