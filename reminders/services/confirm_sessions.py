"""Confirm: a yes to one version of a session, whoever brought it, and the tasks that it ends.

Part of the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime

from reminders.core.cadences import QuestionKind
from reminders.core.ids import AppointmentId
from reminders.core.tasks import Resolver, TaskKind
from reminders.store import appointments, questions, tasks
from reminders.store.unit_of_work import Transaction


def confirm_session(tx: Transaction, appointment_id: AppointmentId, version: int, *, now: datetime) -> bool:
    """Record that the patient comes; False where the session has moved on, and then nothing is done."""
    if not appointments.confirm(tx, appointment_id, version, now=now):
        return False
    questions.mark_answered(tx, appointment_id, QuestionKind.CONFIRM, now=now)
    tasks.resolve_about(tx, appointment_id, TaskKind.UNCONFIRMED, by=Resolver.PATIENT, now=now)
    return True
