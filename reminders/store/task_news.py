"""What the feed is told of tasks: opened, taken over, resolved. What belongs to no clinic is in nobody's feed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Update, select

from reminders.core.feed import FeedEvent, FeedKind
from reminders.core.ids import ClinicId, PatientId
from reminders.store import events
from reminders.store.batches import in_batches
from reminders.store.rows import task
from reminders.store.unit_of_work import Transaction

TOLD = (task.c.id, task.c.clinic_id, task.c.patient_id, task.c.appointment_id, task.c.kind)


def tell_opened(tx: Transaction, keys: Collection[str], *, now: datetime) -> None:
    """Tell of those of these tasks that were opened just now; a task that was open before is no news."""
    for batch in in_batches(keys):
        fresh = select(*TOLD).where(task.c.key.in_(batch), task.c.opened_at == now, task.c.resolved_at.is_(None))
        tell(tx, FeedKind.TASK_OPENED, tx.connection.execute(fresh), now=now)


def change_and_tell(tx: Transaction, kind: FeedKind, statement: Update, *, now: datetime) -> int:
    """Change tasks by this statement, tell of each that it changed, and return how many those are."""
    changed = tx.connection.execute(statement.returning(*TOLD)).all()
    tell(tx, kind, changed, now=now)
    return len(changed)


def tell(tx: Transaction, kind: FeedKind, rows: Iterable[Row[Any]], *, now: datetime) -> None:
    """Tell the same of several tasks."""
    events.add(tx, [_event(kind, row, now) for row in rows if row.clinic_id is not None])


def _event(kind: FeedKind, row: Row[Any], now: datetime) -> FeedEvent:
    about = {} if row.appointment_id is None else {"appointment": str(row.appointment_id)}
    return FeedEvent(
        kind=kind,
        clinic_id=ClinicId(row.clinic_id),
        subject="task",
        row=row.id,
        happened_at=now,
        patient_id=None if row.patient_id is None else PatientId(row.patient_id),
        facts={"task": row.kind.value, **about},
    )
