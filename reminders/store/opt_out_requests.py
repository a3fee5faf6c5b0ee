"""Opt-outs that reached the clinic in a way that no address could be told from, and wait as tasks with a deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from reminders.core.ids import ClinicId
from reminders.core.tasks import TaskKind, Urgency
from reminders.store.rows import task
from reminders.store.unit_of_work import Transaction

IS_WAITING = (task.c.kind == TaskKind.OPT_OUT_REQUEST, task.c.resolved_at.is_(None), task.c.due_at.is_not(None))


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """One that is not urgent yet: the key of its task, and its deadline (UTC)."""

    key: str
    clinic_id: ClinicId
    due_at: datetime


def not_yet_urgent(tx: Transaction, *, due_before: datetime) -> list[WaitingRequest]:
    """Return what falls due before an instant and is not at the top of the worklist, in the order of their keys."""
    statement = select(task.c.key, task.c.clinic_id, task.c.due_at).where(*IS_WAITING)
    soon = statement.where(task.c.due_at < due_before, task.c.urgency != Urgency.HIGH, task.c.clinic_id.is_not(None))
    rows = tx.connection.execute(soon.order_by(task.c.key))
    return [WaitingRequest(row.key, ClinicId(row.clinic_id), row.due_at) for row in rows]


def overdue_since(tx: Transaction, *, now: datetime) -> datetime | None:
    """Return the oldest deadline (the clinic's time) that has passed without anybody having honoured the request."""
    found: datetime | None = tx.connection.scalar(
        select(func.min(task.c.due_at)).where(*IS_WAITING, task.c.due_at <= now)
    )
    return found
