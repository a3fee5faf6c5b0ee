"""Reminders as stored: planned touches, found by when they fall due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from reminders.core.ids import AppointmentId, ClinicId, MessageId, PatientId, ReminderId
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderKey, ReminderState
from reminders.store.batches import in_batches
from reminders.store.rows import message, reminder
from reminders.store.unit_of_work import Transaction

IS_PLANNED = reminder.c.state == ReminderState.PLANNED


def of_appointments(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, list[Reminder]]:
    """Return every reminder of appointments, of all versions."""
    found: dict[AppointmentId, list[Reminder]] = {key: [] for key in ids}
    for batch in in_batches(ids):
        for row in tx.connection.execute(select(reminder).where(reminder.c.appointment_id.in_(batch))):
            found[AppointmentId(row.appointment_id)].append(_reminder(row))
    return found


def add(
    tx: Transaction,
    clinic_id: ClinicId,
    items: Iterable[tuple[UUID, AppointmentId, PatientId, int, PlannedReminder]],
    *,
    now: datetime,
) -> None:
    """Store planned touches: (new id, appointment, patient, version, plan)."""
    rows = [
        {
            "id": new_id,
            "clinic_id": clinic_id,
            "appointment_id": appointment_id,
            "patient_id": patient_id,
            "version": version,
            "step": plan.key.step,
            "recipient": plan.key.recipient,
            "channel": plan.key.channel,
            "not_before": plan.not_before,
            "due_at": plan.due_at,
            "expires_at": plan.expires_at,
            "state": plan.state,
            "reason": plan.reason,
            "changed_at": now,
        }
        for new_id, appointment_id, patient_id, version, plan in items
    ]
    if rows:
        tx.connection.execute(insert(reminder), rows)


def move(tx: Transaction, reminder_id: ReminderId, plan: PlannedReminder, *, now: datetime) -> None:
    """Give a waiting reminder new times, or let one that was refused or replaced wait again."""
    may_move = reminder.c.state.in_([ReminderState.PLANNED, ReminderState.SUPPRESSED, ReminderState.CANCELLED])
    statement = update(reminder).where(reminder.c.id == reminder_id, may_move)
    times = {"not_before": plan.not_before, "due_at": plan.due_at, "expires_at": plan.expires_at}
    tx.connection.execute(statement.values(**times, state=plan.state, reason=None, changed_at=now))


def end(
    tx: Transaction, ids: Collection[ReminderId], state: ReminderState, reason: Reason | None, *, now: datetime
) -> None:
    """Take waiting reminders to a state they do not leave, with the reason."""
    for batch in in_batches(ids):
        statement = update(reminder).where(reminder.c.id.in_(batch), IS_PLANNED)
        tx.connection.execute(statement.values(state=state, reason=reason, changed_at=now))


def dispatch(
    tx: Transaction, leader: ReminderId, others: Collection[ReminderId], message_id: MessageId, *, now: datetime
) -> None:
    """Tie a bundle to its message: the leader dispatched, the others merged into it."""
    waiting = update(reminder).where(IS_PLANNED)
    led = waiting.where(reminder.c.id == leader)
    tx.connection.execute(led.values(state=ReminderState.DISPATCHED, message_id=message_id, changed_at=now))
    if others:
        merged = waiting.where(reminder.c.id.in_(others))
        values = {"state": ReminderState.MERGED, "reason": Reason.MERGED, "merged_into_id": leader}
        tx.connection.execute(merged.values(**values, message_id=message_id, changed_at=now))


def patients_due(tx: Transaction, *, before: datetime, limit: int) -> dict[PatientId, ClinicId]:
    """Return patients of whom a reminder falls due before an instant, the longest due first."""
    statement = (
        select(reminder.c.patient_id, reminder.c.clinic_id)
        .where(IS_PLANNED, reminder.c.due_at <= before)
        .group_by(reminder.c.patient_id, reminder.c.clinic_id)
        .order_by(func.min(reminder.c.due_at))
        .limit(limit)
    )
    return {PatientId(row.patient_id): ClinicId(row.clinic_id) for row in tx.connection.execute(statement)}


def lock_waiting(tx: Transaction, ids: Collection[PatientId], *, before: datetime) -> dict[PatientId, list[Reminder]]:
    """Return the waiting reminders of patients due before an instant; rows another worker holds are left to it."""
    statement = (
        select(reminder)
        .where(IS_PLANNED, reminder.c.patient_id.in_(ids), reminder.c.due_at <= before)
        .order_by(reminder.c.due_at, reminder.c.id)
        .with_for_update(skip_locked=True)
    )
    found: dict[PatientId, list[Reminder]] = {}
    for row in tx.connection.execute(statement):
        found.setdefault(PatientId(row.patient_id), []).append(_reminder(row))
    return found


def overdue(tx: Transaction, *, now: datetime, limit: int) -> list[tuple[ClinicId, Reminder]]:
    """Return waiting reminders whose use is over."""
    statement = select(reminder).where(IS_PLANNED, reminder.c.expires_at <= now).limit(limit)
    rows = tx.connection.execute(statement.with_for_update(skip_locked=True))
    return [(ClinicId(row.clinic_id), _reminder(row)) for row in rows]


def next_due(tx: Transaction) -> datetime | None:
    """Return when the next waiting reminder falls due."""
    found: datetime | None = tx.connection.scalar(select(func.min(reminder.c.due_at)).where(IS_PLANNED))
    return found


def told_versions(tx: Transaction, ids: Collection[AppointmentId]) -> Mapping[AppointmentId, int]:
    """Return, of each appointment, the earliest version of which a message left for the patient."""
    told: dict[AppointmentId, int] = {}
    for batch in in_batches(ids):
        statement = (
            select(message.c.appointment_id, func.min(message.c.version).label("version"))
            .where(message.c.appointment_id.in_(batch), message.c.left_at.is_not(None))
            .group_by(message.c.appointment_id)
        )
        told |= {AppointmentId(row.appointment_id): row.version for row in tx.connection.execute(statement)}
    return told


def _reminder(row: Row[Any]) -> Reminder:
    return Reminder(
        id=ReminderId(row.id),
        appointment_id=AppointmentId(row.appointment_id),
        patient_id=PatientId(row.patient_id),
        version=row.version,
        planned=PlannedReminder(
            key=ReminderKey(row.step, row.recipient, row.channel),
            not_before=row.not_before,
            due_at=row.due_at,
            expires_at=row.expires_at,
            state=row.state,
            reason=row.reason,
        ),
    )
