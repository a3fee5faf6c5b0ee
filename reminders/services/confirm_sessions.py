"""Confirm: a yes to one version of a session, whoever brought it, and the tasks that it ends.

Part of the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from reminders.core.cadences import QuestionKind
from reminders.core.ids import AppointmentId
from reminders.core.tasks import Resolver, TaskKind
from reminders.store import appointments, confirmations, questions, tasks
from reminders.store.unit_of_work import Transaction

Said = tuple[AppointmentId, int]
"""A session, and the version of it that somebody says yes to."""


def confirm_session(tx: Transaction, appointment_id: AppointmentId, version: int, *, now: datetime) -> bool:
    """Record that the patient comes; False where the session has moved on, and then nothing is done."""
    return bool(confirm_sessions(tx, {(appointment_id, version)}, now=now))


def confirm_sessions(tx: Transaction, said: Collection[Said], *, now: datetime) -> frozenset[Said]:
    """Record that patients come, in as many statements as for one; return what stood as it was said yes to."""
    versions = appointments.lock_versions(tx, {key for key, _ in said}) if said else {}
    held = frozenset((key, version) for key, version in said if versions.get(key) == version)
    about = {key for key, _ in held}
    if about:
        confirmations.confirm(tx, about, now=now)
        questions.mark_answered(tx, about, QuestionKind.CONFIRM, now=now)
        tasks.resolve_kinds(tx, [TaskKind.UNCONFIRMED], about=about, by=Resolver.PATIENT, now=now)
    return held
