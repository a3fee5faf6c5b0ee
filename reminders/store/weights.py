"""Every open task, and no more of each than what says how much it presses: all are weighed, few are read."""

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
    its = (task.c.id, task.c.kind, task.c.urgency, task.c.opened_at, task.c.due_at, task.c.clinic_id)
    visit = task.c.appointment_id == appointment.c.id
    statement = select(*its, appointment.c.starts_at).outerjoin_from(task, appointment, visit).where(IS_OPEN)
    return [Weight(*row) for row in tx.connection.execute(narrowed(statement, wanted))]
