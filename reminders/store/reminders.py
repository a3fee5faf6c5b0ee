"""Reminders as stored: planned touches, found by when they fall due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, insert, or_, select, union, update

from reminders.core.appointments import AppointmentStatus
from reminders.core.conditions import Told
from reminders.core.delivery import IN_FLIGHT, LEFT, MessageState
from reminders.core.fallback import has_failed
from reminders.core.ids import AppointmentId, ClinicId, MessageId, PatientId, ReminderId
from reminders.core.patients import Recipient
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderKey, ReminderState
from reminders.store.batches import in_batches
from reminders.store.conversation_rows import question
from reminders.store.rows import appointment, appointment_version, message, patient, reminder
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

IS_PLANNED = reminder.c.state == plain(ReminderState.PLANNED)
MOVABLE = (ReminderState.PLANNED, ReminderState.SUPPRESSED, ReminderState.CANCELLED)


def of_appointments(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, list[Reminder]]:
    """Return every reminder of appointments, of all versions, and whether their messages failed."""
    found: dict[AppointmentId, list[Reminder]] = {key: [] for key in ids}
    ends = (message.c.state.label("end"), message.c.reason.label("end_reason"), message.c.redeliveries)
    statement = select(reminder, *ends).outerjoin(message, message.c.id == reminder.c.message_id)
    for batch in in_batches(ids):
        for row in tx.connection.execute(statement.where(reminder.c.appointment_id.in_(batch))):
            is_failed = row.end is not None and has_failed(row.end, row.end_reason, row.redeliveries)
            found[AppointmentId(row.appointment_id)].append(_reminder(row, is_failed=is_failed))
    return found


def taken_over(tx: Transaction, ids: Collection[MessageId]) -> set[MessageId]:
    """Return which of these messages have a reminder in their place that waits to leave by another channel."""
    led, other = reminder.alias("led"), reminder.alias("other")
    same = (
        (other.c.appointment_id == led.c.appointment_id)
        & (other.c.step == led.c.step)
        & (other.c.recipient == led.c.recipient)
        & (other.c.channel != led.c.channel)
        & (other.c.state == ReminderState.PLANNED)
    )
    statement = select(led.c.message_id).join(other, same).where(led.c.state == ReminderState.DISPATCHED)
    return {
        MessageId(key)
        for batch in in_batches(ids)
        for key in tx.connection.scalars(statement.where(led.c.message_id.in_(batch)))
    }


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


def move(tx: Transaction, moves: Iterable[tuple[ReminderId, PlannedReminder]], *, now: datetime) -> None:
    """Give waiting reminders new times, or let those that were refused or replaced wait again."""
    columns = reminder.c
    may_move = or_(*(columns.state == state for state in MOVABLE))  # not `IN`: many rows at once take no list
    names = ("not_before", "due_at", "expires_at", "state")
    values = {name: bindparam(f"b_{name}", type_=columns[name].type) for name in names}
    statement = update(reminder).where(columns.id == bindparam("b_id"), may_move)
    rows = [{"b_id": key, **{f"b_{name}": getattr(plan, name) for name in names}} for key, plan in moves]
    if rows:
        tx.connection.execute(statement.values(values | {"reason": None, "changed_at": now}), rows)


def end(
    tx: Transaction, ids: Collection[ReminderId], state: ReminderState, reason: Reason | None, *, now: datetime
) -> None:
    """Take waiting reminders to a state they do not leave, with the reason."""
    for batch in in_batches(ids):
        statement = update(reminder).where(reminder.c.id.in_(batch), IS_PLANNED)
        tx.connection.execute(statement.values(state=state, reason=reason, changed_at=now))


@dataclass(frozen=True, slots=True)
class Tie:
    """A bundle and its message: the leader is dispatched, the others are merged into it."""

    message_id: MessageId
    leader: ReminderId
    others: tuple[ReminderId, ...]


def dispatch(tx: Transaction, ties: Sequence[Tie], *, now: datetime) -> None:
    """Tie bundles to their messages."""
    led = [{"b_id": tie.leader, "b_message": tie.message_id} for tie in ties]
    merged = [
        {"b_id": other, "b_message": tie.message_id, "b_leader": tie.leader} for tie in ties for other in tie.others
    ]
    waiting = update(reminder).where(reminder.c.id == bindparam("b_id"), IS_PLANNED)
    waiting = waiting.values(message_id=bindparam("b_message"), changed_at=now)
    if led:
        tx.connection.execute(waiting.values(state=ReminderState.DISPATCHED), led)
    if merged:
        values = {"state": ReminderState.MERGED, "reason": Reason.MERGED, "merged_into_id": bindparam("b_leader")}
        tx.connection.execute(waiting.values(values), merged)


def free_merged(tx: Transaction, ids: Collection[MessageId], *, now: datetime) -> None:
    """Let what was merged into messages wait for one of its own again: theirs never left, through no fault of it."""
    for batch in in_batches(ids):
        statement = update(reminder).where(reminder.c.message_id.in_(batch), reminder.c.state == ReminderState.MERGED)
        values = {"state": ReminderState.PLANNED, "reason": None, "merged_into_id": None, "message_id": None}
        tx.connection.execute(statement.values(values | {"changed_at": now}))


def put_off(tx: Transaction, patient_id: PatientId, *, before: datetime, until: datetime, now: datetime) -> None:
    """Let what is due for a patient wait a while: something about it stops the work."""
    statement = update(reminder).where(IS_PLANNED, reminder.c.patient_id == patient_id, reminder.c.due_at <= before)
    tx.connection.execute(statement.values(due_at=until, changed_at=now))


def patients_due(
    tx: Transaction,
    *,
    now: datetime,
    before: datetime,
    limit: int,
    since: datetime | None = None,
    clinic_id: ClinicId | None = None,
) -> dict[PatientId, ClinicId]:
    """Return patients of whom a reminder of use falls due in [since, before], the newest need first.

    After an outage what is due now must not wait behind what was due yesterday. Nothing waits for ever: it expires.
    """
    statement = (
        select(reminder.c.patient_id, reminder.c.clinic_id)
        # What is past its use is for `expire_overdue`; it must not stand in the way of what is not.
        .where(IS_PLANNED, reminder.c.due_at <= before, reminder.c.expires_at > now)
        .group_by(reminder.c.patient_id, reminder.c.clinic_id)
        .order_by(func.max(reminder.c.due_at).desc(), reminder.c.patient_id)
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(reminder.c.due_at >= since)
    if clinic_id is not None:
        statement = statement.where(reminder.c.clinic_id == clinic_id)
    return {PatientId(row.patient_id): ClinicId(row.clinic_id) for row in tx.connection.execute(statement)}


def lock_waiting(tx: Transaction, ids: Collection[PatientId], *, before: datetime) -> dict[PatientId, list[Reminder]]:
    """Return the waiting reminders of patients due before an instant.

    The patients are locked first: two workers that shared one patient's reminders would not merge them. Patients whom
    another worker holds are left to it.
    """
    free = select(patient.c.id).where(patient.c.id.in_(ids)).order_by(patient.c.id)
    mine = tx.connection.scalars(free.with_for_update(skip_locked=True, key_share=True)).all()
    statement = (
        select(reminder)
        .where(IS_PLANNED, reminder.c.patient_id.in_(mine), reminder.c.due_at <= before)
        .order_by(reminder.c.due_at, reminder.c.id)
        .with_for_update(skip_locked=True, key_share=True)
    )
    found: dict[PatientId, list[Reminder]] = {}
    for row in tx.connection.execute(statement):
        found.setdefault(PatientId(row.patient_id), []).append(_reminder(row))
    return found


def upcoming(
    tx: Transaction, ids: Collection[PatientId], *, now: datetime, before: datetime
) -> dict[PatientId, list[Reminder]]:
    """Return the waiting reminders of use that are due to these patients themselves before an instant."""
    found: dict[PatientId, list[Reminder]] = {key: [] for key in ids}
    for batch in in_batches(ids):
        statement = select(reminder).where(
            IS_PLANNED,
            reminder.c.patient_id.in_(batch),
            reminder.c.recipient == Recipient.PATIENT,
            reminder.c.due_at < before,
            reminder.c.expires_at > now,
        )
        for row in tx.connection.execute(statement.order_by(reminder.c.due_at, reminder.c.id)):
            found[PatientId(row.patient_id)].append(_reminder(row))
    return found


def spoken(tx: Transaction, ids: Collection[PatientId], *, now: datetime) -> dict[PatientId, list[Reminder]]:
    """Return the reminders to these patients themselves that became part of a message and are still of use."""
    found: dict[PatientId, list[Reminder]] = {key: [] for key in ids}
    states = [ReminderState.DISPATCHED, ReminderState.MERGED]
    for batch in in_batches(ids):
        statement = select(reminder).where(
            reminder.c.patient_id.in_(batch),
            reminder.c.state.in_(states),
            reminder.c.recipient == Recipient.PATIENT,
            reminder.c.expires_at > now,
        )
        for row in tx.connection.execute(statement.order_by(reminder.c.due_at, reminder.c.id)):
            found[PatientId(row.patient_id)].append(_reminder(row))
    return found


def overdue(tx: Transaction, *, now: datetime, limit: int) -> list[tuple[ClinicId, Reminder]]:
    """Return waiting reminders whose use is over."""
    statement = select(reminder).where(IS_PLANNED, reminder.c.expires_at <= now).limit(limit)
    rows = tx.connection.execute(statement.with_for_update(skip_locked=True, key_share=True))
    return [(ClinicId(row.clinic_id), _reminder(row)) for row in rows]


def next_due(tx: Transaction, *, after: datetime) -> datetime | None:
    """Return when the next waiting reminder falls due that is not due yet: what is overdue waits for its turn."""
    statement = select(func.min(reminder.c.due_at)).where(IS_PLANNED, reminder.c.due_at > after)
    found: datetime | None = tx.connection.scalar(statement)
    return found


def last_told(
    tx: Transaction, ids: Collection[AppointmentId]
) -> Mapping[tuple[AppointmentId, Recipient], tuple[int, Told]]:
    """Return what patients and escorts last heard about appointments from messages that left, with its version.

    A message speaks of its own appointment, of those whose reminder of the same step was merged into it, and of those
    that its question is about.
    """
    told: dict[tuple[AppointmentId, Recipient], tuple[int, Told]] = {}
    has_left = message.c.left_at.is_not(None) & message.c.state.in_([*LEFT, *IN_FLIGHT, MessageState.NEEDS_STAFF])
    heard_by = (message.c.recipient, message.c.patient_id, message.c.left_at)
    for batch in in_batches(ids):
        own = select(message.c.appointment_id, message.c.version, *heard_by).where(
            message.c.appointment_id.in_(batch), message.c.version.is_not(None), has_left
        )
        merged = (
            select(reminder.c.appointment_id, reminder.c.version, *heard_by)
            .join(message, message.c.id == reminder.c.message_id)
            .where(reminder.c.appointment_id.in_(batch), reminder.c.step == message.c.kind, has_left)
        )
        asked = (
            select(question.c.appointment_id, question.c.version, *heard_by)
            .join(message, message.c.id == question.c.message_id)
            .where(question.c.appointment_id.in_(batch), has_left)
        )
        heard = union(own, merged, asked).subquery()
        said = appointment_version
        statement = (
            select(heard, said.c.starts_at, said.c.status)
            .join(said, (said.c.appointment_id == heard.c.appointment_id) & (said.c.version == heard.c.version))
            # What the patient before heard, of whom a schedule took the session, the present one did not.
            .join(appointment, appointment.c.id == heard.c.appointment_id)
            .where(appointment.c.patient_id == heard.c.patient_id)
        )
        for row in tx.connection.execute(statement.order_by(heard.c.left_at, heard.c.version)):
            is_off = row.status is AppointmentStatus.CANCELLED
            told[AppointmentId(row.appointment_id), row.recipient] = (row.version, Told(row.starts_at, is_off=is_off))
    return told


def _reminder(row: Row[Any], *, is_failed: bool = False) -> Reminder:
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
        has_failed=is_failed,
    )
