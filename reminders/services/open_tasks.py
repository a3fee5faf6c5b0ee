"""Open: the staff tasks that follow when a message ends without reaching anybody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reminders.core.messages import Draft
from reminders.core.tasks import USUAL_URGENCY, TaskKind, after_message, key_after_message
from reminders.ports import Identity
from reminders.store import tasks
from reminders.store.messages import Move
from reminders.store.unit_of_work import Transaction


def open_message_tasks(
    tx: Transaction, identity: Identity, ends: Iterable[tuple[Draft, Move]], *, now: datetime
) -> None:
    """Open the tasks that these ends of messages call for, each once."""
    found = [(draft, move, after_message(move.state, move.reason, draft.origin)) for draft, move in ends]
    wanted = [(identity.new_id(), _task(draft, kind, move)) for draft, move, kind in found if kind is not None]
    tasks.open_many(tx, wanted, now=now)


def _task(draft: Draft, kind: TaskKind, move: Move) -> tasks.Task:
    return tasks.Task(
        kind=kind,
        urgency=USUAL_URGENCY[kind],
        key=key_after_message(kind, draft),
        clinic_id=draft.clinic_id,
        patient_id=draft.patient_id,
        appointment_id=draft.appointment_id,
        message_id=draft.id,
        reason=move.reason,
    )
