"""Open tasks, and no more of each than what says how much it presses: all are weighed, few are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from reminders.core.ids import ClinicId, TaskId
from reminders.core.tasks import TaskKind, Urgency
from reminders.store.rows import appointment, task
from reminders.store.tasks import IS_OPEN, Wanted, narrowed
from reminders.store.unit_of_work import Transaction

WEIGHED = select(
    task.c.id,
    task.c.kind,
    task.c.urgency,
    task.c.opened_at,
    task.c.due_at,
    task.c.clinic_id,
    appointment.c.starts_at,
).outerjoin_from(task, appointment, task.c.appointment_id == appointment.c.id)


class Weight(NamedTuple):
    """What says how much an open task presses; `starts_at` is the start of the session that it is about."""

    id: TaskId
    kind: TaskKind
    urgency: Urgency
    opened_at: datetime
    due_at: datetime | None
    clinic_id: ClinicId | None
    starts_at: datetime | None


def every(tx: Transaction, wanted: Wanted) -> Sequence[Weight]:
    """Return every open task, and no more of it than what it is weighed by."""
    return [Weight(*row) for row in tx.connection.execute(narrowed(WEIGHED.where(IS_OPEN), wanted))]


def of_id(tx: Transaction, task_id: TaskId, wanted: Wanted) -> Weight | None:
    """Return what a task weighs, or weighed while it was open; None where it is not among those wanted."""
    row = tx.connection.execute(narrowed(WEIGHED.where(task.c.id == task_id), wanted)).one_or_none()
    return None if row is None else Weight(*row)
