"""Plan: bring the reminders of some patients in line with their appointments. Part of the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.conditions import Telling, Told, case_of
from reminders.core.ids import AppointmentId, PatientId, ReminderId
from reminders.core.patients import Recipient
from reminders.core.planning import Plan, replan
from reminders.core.reminders import PlannedReminder, Reason, ReminderState, ending
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.ports import Identity
from reminders.store import appointments, escorts, messages, patients, pauses, reminders, tasks
from reminders.store.unit_of_work import Transaction

TASKS = {
    Reason.NO_WINDOW: TaskKind.NO_WINDOW,
    Reason.NO_CONSENT: TaskKind.NO_CONSENT,
    Reason.NO_ADDRESS: TaskKind.ADDRESS_FAULT,
}
"""Refusals at planning time that a person should hear of."""

NewRow = tuple[UUID, AppointmentId, PatientId, int, PlannedReminder]


@dataclass(slots=True)
class Planned:
    """What one run of the planner changed."""

    added: int = 0
    moved: int = 0
    cancelled: int = 0
    rows: list[NewRow] = field(default_factory=list)
    ended: dict[Reason, list[ReminderId]] = field(default_factory=dict)


def plan_patients(
    tx: Transaction, clinic: Clinic, ids: Collection[PatientId], *, identity: Identity, now: datetime
) -> Planned:
    """Re-plan every appointment of these patients; unchanged input changes nothing."""
    people = patients.get_many(tx, clinic.id, ids)
    booked = appointments.of_patients(tx, ids)
    every = [item.id for items in booked.values() for item in items]
    held = reminders.of_appointments(tx, every)
    told = reminders.last_told(tx, every)
    paused = pauses.current(tx, clinic.id)
    willing = escorts.willing(tx, ids)
    done = Planned()
    for patient_id, items in booked.items():
        for item in items:
            case = case_of(
                item,
                people[patient_id],
                clinic,
                siblings=[other for other in items if other.id != item.id],
                telling=_telling(item, told),
                now=now,
                pauses=paused,
                has_escort_consent=(patient_id, item.booking.escort_phone) in willing,
            )
            _collect(tx, done, item, replan(case, held[item.id]), identity=identity, now=now)
    _write(tx, clinic, done, identity=identity, now=now)
    return done


def _telling(item: Appointment, told: Mapping[tuple[AppointmentId, Recipient], tuple[int, Told]]) -> Telling:
    """Return what was said of earlier versions: what this one said is no news to anybody."""
    heard = {
        recipient: what
        for recipient in Recipient
        for version, what in [told.get((item.id, recipient), (item.version, None))]
        if version < item.version
    }
    return Telling(item.is_announced, patient=heard.get(Recipient.PATIENT), escort=heard.get(Recipient.ESCORT))


def _collect(
    tx: Transaction, done: Planned, item: Appointment, plan: Plan, *, identity: Identity, now: datetime
) -> None:
    done.rows += [(identity.new_id(), item.id, item.patient_id, item.version, wanted) for wanted in plan.add]
    for held, wanted in plan.move:
        reminders.move(tx, held.id, wanted, now=now)
    for held, reason in plan.cancel:
        done.ended.setdefault(reason, []).append(held.id)
    done.moved += len(plan.move)
    done.cancelled += len(plan.cancel)


def _write(tx: Transaction, clinic: Clinic, done: Planned, *, identity: Identity, now: datetime) -> None:
    reminders.add(tx, clinic.id, done.rows, now=now)
    done.added = sum(1 for row in done.rows if row[4].state is ReminderState.PLANNED)
    for reason, ids in done.ended.items():
        reminders.end(tx, ids, ending(reason), reason, now=now)
    _open_tasks(tx, clinic, done.rows, identity=identity, now=now)


def _open_tasks(tx: Transaction, clinic: Clinic, rows: Iterable[NewRow], *, identity: Identity, now: datetime) -> None:
    for _, appointment_id, patient_id, version, plan in rows:
        kind = TASKS.get(plan.reason) if plan.reason is not None else None
        if kind is None:
            continue
        task = tasks.Task(
            kind=kind,
            urgency=USUAL_URGENCY[kind],
            key=f"{kind}:{appointment_id}:{version}",
            clinic_id=clinic.id,
            patient_id=patient_id,
            appointment_id=appointment_id,
            reason=plan.reason,
        )
        tasks.open_once(tx, identity.new_id(), task, now=now)


def withdraw(tx: Transaction, ids: Collection[AppointmentId], *, now: datetime) -> None:
    """Stop what waits to leave for earlier versions of these appointments (requirement 2)."""
    if ids:
        messages.cancel_waiting(tx, appointments=ids, reason=Reason.SUPERSEDED, now=now)
