"""The worklist as stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, select, update

from reminders.core.ids import AppointmentId, ClinicId, InboundId, MessageId, PatientId, TaskId
from reminders.core.reminders import Reason
from reminders.core.tasks import Resolver, TaskKind, Urgency
from reminders.store.batches import in_batches
from reminders.store.once import insert_many_once, insert_once
from reminders.store.rows import task
from reminders.store.unit_of_work import Transaction

IS_OPEN = task.c.resolved_at.is_(None)
BY_URGENCY = case({Urgency.HIGH: 0, Urgency.NORMAL: 1}, value=task.c.urgency, else_=2)


@dataclass(frozen=True, slots=True)
class Task:
    """An item of the worklist."""

    kind: TaskKind
    urgency: Urgency
    key: str
    clinic_id: ClinicId | None = None
    patient_id: PatientId | None = None
    appointment_id: AppointmentId | None = None
    message_id: MessageId | None = None
    inbound_id: InboundId | None = None
    reason: Reason | None = None
    id: TaskId | None = None
    opened_at: datetime | None = None


def open_once(tx: Transaction, new_id: UUID, item: Task, *, now: datetime) -> bool:
    """Open a task; False where one of the same key exists, open or resolved."""
    return insert_once(tx, task, _values(new_id, item, now))


def open_many(tx: Transaction, items: Sequence[tuple[UUID, Task]], *, now: datetime) -> None:
    """Open tasks, each given with its new id, where none of the same key exists, open or resolved."""
    insert_many_once(tx, task, [_values(new_id, item, now) for new_id, item in items])


def open_anew(tx: Transaction, items: Sequence[tuple[UUID, Task]], *, now: datetime) -> None:
    """Open tasks, and again those that the schedule resolved: their cause came back. What staff resolved stays so.

    In the order of their keys, so that two transactions that open the same ones wait for each other and no more.
    """
    ordered = sorted(items, key=lambda pair: pair[1].key)
    open_many(tx, ordered, now=now)
    for batch in in_batches(item.key for _, item in ordered):
        returned = update(task).where(task.c.key.in_(batch), task.c.resolved_by == Resolver.SCHEDULE)
        tx.connection.execute(returned.values(resolved_at=None, resolved_by=None, opened_at=now))


def resolve(tx: Transaction, keys: Collection[str], *, by: str, now: datetime) -> None:
    """Resolve open tasks whose cause ended; `by` is a resolver's word or a member of staff."""
    for batch in in_batches(sorted(keys)):
        statement = update(task).where(task.c.key.in_(batch), IS_OPEN)
        tx.connection.execute(statement.values(resolved_at=now, resolved_by=by))


def resolve_about(tx: Transaction, appointment_id: AppointmentId, kind: TaskKind, *, by: str, now: datetime) -> None:
    """Resolve every open task of a kind about an appointment, whoever opened it."""
    here = (task.c.appointment_id == appointment_id) & (task.c.kind == kind)
    tx.connection.execute(update(task).where(here, IS_OPEN).values(resolved_at=now, resolved_by=by))


def resolve_kind(tx: Transaction, kind: TaskKind, *, by: str, now: datetime) -> None:
    """Resolve every open task of a kind: what they all are about has ended."""
    tx.connection.execute(update(task).where(task.c.kind == kind, IS_OPEN).values(resolved_at=now, resolved_by=by))


def hurry(tx: Transaction, keys: Collection[str]) -> None:
    """Raise open tasks to the highest urgency."""
    for batch in in_batches(sorted(keys)):
        statement = update(task).where(task.c.key.in_(batch), IS_OPEN, task.c.urgency != Urgency.HIGH)
        tx.connection.execute(statement.values(urgency=Urgency.HIGH))


def open_about(
    tx: Transaction, clinic_id: ClinicId, ids: Collection[AppointmentId]
) -> dict[AppointmentId, list[tuple[TaskKind, str]]]:
    """Return kind and key of the open tasks about appointments of a clinic."""
    found: dict[AppointmentId, list[tuple[TaskKind, str]]] = {}
    statement = select(task.c.appointment_id, task.c.kind, task.c.key).where(task.c.clinic_id == clinic_id, IS_OPEN)
    for batch in in_batches(ids):
        for row in tx.connection.execute(statement.where(task.c.appointment_id.in_(batch))):
            found.setdefault(AppointmentId(row.appointment_id), []).append((row.kind, row.key))
    return found


def _values(new_id: UUID, item: Task, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id,
        "clinic_id": item.clinic_id,
        "patient_id": item.patient_id,
        "appointment_id": item.appointment_id,
        "message_id": item.message_id,
        "inbound_id": item.inbound_id,
        "kind": item.kind,
        "urgency": item.urgency,
        "reason": item.reason,
        "key": item.key,
        "opened_at": now,
    }


def reopen(tx: Transaction, keys: Collection[str], *, now: datetime) -> None:
    """Open tasks of these keys again that were closed: what they are about has come back."""
    for batch in in_batches(keys):
        statement = update(task).where(task.c.key.in_(batch), task.c.resolved_at.is_not(None))
        tx.connection.execute(statement.values(resolved_at=None, resolved_by=None, opened_at=now))


def is_waiting(tx: Transaction, key: str) -> bool:
    """Say whether a task of this key is open."""
    statement = select(task.c.id).where(task.c.key == key, IS_OPEN)
    return tx.connection.execute(statement).first() is not None


def waiting(tx: Transaction, *, clinic_id: ClinicId | None = None, limit: int = 200) -> Sequence[Task]:
    """Return open tasks, the most urgent first, then the oldest."""
    statement = select(task).where(IS_OPEN).order_by(BY_URGENCY, task.c.opened_at, task.c.id)
    if clinic_id is not None:
        statement = statement.where(task.c.clinic_id == clinic_id)
    return [
        Task(
            kind=row.kind,
            urgency=row.urgency,
            key=row.key,
            clinic_id=row.clinic_id,
            patient_id=row.patient_id,
            appointment_id=row.appointment_id,
            message_id=row.message_id,
            inbound_id=row.inbound_id,
            reason=row.reason,
            id=TaskId(row.id),
            opened_at=row.opened_at,
        )
        for row in tx.connection.execute(statement.limit(limit))
    ]
