"""The worklist as stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, select

from reminders.core.ids import AppointmentId, ClinicId, InboundId, MessageId, PatientId, TaskId
from reminders.core.reminders import Reason
from reminders.core.tasks import TaskKind, Urgency
from reminders.store.once import insert_many_once, insert_once
from reminders.store.rows import task
from reminders.store.unit_of_work import Transaction

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


def is_waiting(tx: Transaction, key: str) -> bool:
    """Say whether a task of this key is open."""
    statement = select(task.c.id).where(task.c.key == key, task.c.resolved_at.is_(None))
    return tx.connection.execute(statement).first() is not None


def waiting(tx: Transaction, *, clinic_id: ClinicId | None = None, limit: int = 200) -> Sequence[Task]:
    """Return open tasks, the most urgent first, then the oldest."""
    statement = select(task).where(task.c.resolved_at.is_(None)).order_by(BY_URGENCY, task.c.opened_at, task.c.id)
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
