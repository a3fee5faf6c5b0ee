"""Sync single entries: what a program says of one session or one patient goes the same way as a whole schedule.

Nothing is missing because it is not named here. A session that a schedule file brought keeps its source: the next
reading of that file has the last word on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from reminders.core.appointments import (
    Appointment,
    AppointmentStatus,
    ChangeKind,
    ScheduleEntry,
    diff,
)
from reminders.core.errors import ConflictError, NotFoundError
from reminders.core.ids import ClinicId
from reminders.core.patients import Patient, PatientRecord
from reminders.ports import SENDING_JOBS
from reminders.services.apply_schedule import Held, apply_record, store_diff
from reminders.services.deps import Deps
from reminders.services.plan_reminders import plan_patients
from reminders.store import appointments, clinics, patients
from reminders.store.unit_of_work import Transaction

SOURCE = "api"
"""The source of sessions that no schedule file brought."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session with its patient, and what this call changed of it, if anything."""

    appointment: Appointment
    patient: Patient
    change: ChangeKind = ChangeKind.UNCHANGED


def sync_entry(deps: Deps, clinic_id: ClinicId, entry: ScheduleEntry, *, is_announced: bool = True) -> Session:
    """Store a session as a program says that it is, with its patient, and plan its reminders. Twice is once.

    `is_announced` is whether the patient hears of a new session. Raises ConflictError where several schedules have one
    of this id.
    """
    with deps.store.transaction() as tx:
        clinics.lock(tx, clinic_id)
        now = deps.clock.now()
        done = _store(tx, deps, clinic_id, entry, is_announced=is_announced, now=now)
    deps.queue.hint(SENDING_JOBS.values())
    return done


def cancel_entry(deps: Deps, clinic_id: ClinicId, external_id: str) -> Session:
    """Cancel a session. One that was cancelled before stays so.

    Raises NotFoundError, and ConflictError where it took place already, or several schedules have one of this id.
    """
    with deps.store.transaction() as tx:
        clinics.lock(tx, clinic_id)
        now = deps.clock.now()
        held = _one(tx, clinic_id, external_id)
        if held is None:
            raise NotFoundError(f"no appointment {external_id!r}")
        if held.status not in {AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED}:
            raise ConflictError(f"the appointment is {held.status}; only one that is booked can be cancelled")
        record = patients.get_many(tx, clinic_id, [held.patient_id])[held.patient_id].record
        booking = replace(held.booking, status=AppointmentStatus.CANCELLED)
        entry = ScheduleEntry(external_id, record, booking)
        done = _store(tx, deps, clinic_id, entry, is_announced=True, now=now)
    deps.queue.hint(SENDING_JOBS.values())
    return done


def sync_record(deps: Deps, clinic_id: ClinicId, record: PatientRecord) -> tuple[Patient, bool]:
    """Store a patient as a program says that they are; say whether they are new. Twice is once."""
    with deps.store.transaction() as tx:
        clinics.lock(tx, clinic_id)
        people = patients.named(tx, clinic_id, [record.external_id])
        held = Held(clinics.get(tx, clinic_id), SOURCE, people, {})
        key = apply_record(tx, deps, held, record, now=deps.clock.now())
        found = patients.get_many(tx, clinic_id, [key])[key]
    deps.queue.hint(SENDING_JOBS.values())
    return found, not people


def _store(
    tx: Transaction, deps: Deps, clinic_id: ClinicId, entry: ScheduleEntry, *, is_announced: bool, now: datetime
) -> Session:
    held = _held(tx, clinic_id, entry)
    found = diff(held.known, [entry], now=now)
    touched = store_diff(tx, deps, held, found, is_announced=is_announced, now=now)
    plan_patients(tx, held.clinic, touched, identity=deps.identity, now=now)
    stored = _one(tx, clinic_id, entry.external_id)
    if stored is None:
        raise NotFoundError(f"no appointment {entry.external_id!r}")
    patient = patients.get_many(tx, clinic_id, [stored.patient_id])[stored.patient_id]
    return Session(stored, patient, found.changes[0].kind)


def _held(tx: Transaction, clinic_id: ClinicId, entry: ScheduleEntry) -> Held:
    booked = _one(tx, clinic_id, entry.external_id)
    whose = [] if booked is None else [booked.patient_id]
    return Held(
        clinics.get(tx, clinic_id),
        SOURCE if booked is None else appointments.source_of(tx, booked.id),
        patients.named(tx, clinic_id, [entry.patient.external_id], whose),
        {} if booked is None else {entry.external_id: booked},
    )


def _one(tx: Transaction, clinic_id: ClinicId, external_id: str) -> Appointment | None:
    found = appointments.named(tx, clinic_id, external_id)
    if len(found) > 1:
        raise ConflictError(f"{len(found)} schedules have an appointment {external_id!r}; give one of them another id")
    return found[0] if found else None


def read_session(deps: Deps, clinic_id: ClinicId, external_id: str) -> Session:
    """Return a session. Raises NotFoundError, or ConflictError where several schedules have one of this id."""
    with deps.store.reading() as tx:
        found = _one(tx, clinic_id, external_id)
        if found is None:
            raise NotFoundError(f"no appointment {external_id!r}")
        return Session(found, patients.get_many(tx, clinic_id, [found.patient_id])[found.patient_id])
