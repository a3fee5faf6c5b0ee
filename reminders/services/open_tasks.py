"""Open: the staff tasks that follow when a message ends without reaching anybody."""

from __future__ import annotations

from datetime import datetime

from reminders.core.messages import Draft
from reminders.core.tasks import USUAL_URGENCY, TaskKind, after_message
from reminders.ports import Identity
from reminders.store import tasks
from reminders.store.messages import Move
from reminders.store.unit_of_work import Transaction


def open_message_task(tx: Transaction, identity: Identity, draft: Draft, move: Move, *, now: datetime) -> None:
    """Open the task that this end of a message calls for, if any."""
    kind = after_message(move.state, move.reason, draft.origin)
    if kind is not None:
        open_task_about(tx, identity, draft, kind, move, now=now)


def open_task_about(
    tx: Transaction, identity: Identity, draft: Draft, kind: TaskKind, move: Move, *, now: datetime
) -> None:
    """Open a task of a kind about a message, once."""
    task = tasks.Task(
        kind=kind,
        urgency=USUAL_URGENCY[kind],
        key=f"{kind}:{draft.id}",
        clinic_id=draft.clinic_id,
        patient_id=draft.patient_id,
        appointment_id=draft.appointment_id,
        message_id=draft.id,
        reason=move.reason,
    )
    tasks.open_once(tx, identity.new_id(), task, now=now)
