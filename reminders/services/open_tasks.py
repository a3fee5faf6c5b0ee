"""Open: the staff tasks that follow when a message, or a reminder before it became one, reaches nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reminders.core.appointments import Appointment
from reminders.core.conditions import Case
from reminders.core.ids import ClinicId
from reminders.core.messages import Draft
from reminders.core.reminders import Reason
from reminders.core.tasks import (
    USUAL_URGENCY,
    Resolver,
    TaskKind,
    Urgency,
    after_message,
    after_reminder,
    key_after_message,
    key_of,
)
from reminders.core.watching import is_on_closed_day
from reminders.ports import Identity
from reminders.store import tasks
from reminders.store.messages import Move
from reminders.store.unit_of_work import Transaction


def open_message_tasks(
    tx: Transaction, identity: Identity, ends: Iterable[tuple[Draft, Move]], *, now: datetime
) -> None:
    """Open the tasks that these ends of messages call for, each once."""
    found = [(draft, move, after_message(move.state, move.reason, draft.origin, draft.kind)) for draft, move in ends]
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


@dataclass(frozen=True, slots=True)
class Refused:
    """A reminder that planning ended, or never let wait."""

    appointment: Appointment
    step: str
    reason: Reason


def open_planning_tasks(
    tx: Transaction, identity: Identity, clinic_id: ClinicId, refused: Iterable[Refused], *, now: datetime
) -> None:
    """Open the tasks that these ends of reminders call for, once for each version of an appointment, not each step."""
    found: dict[str, tasks.Task] = {}
    for item in refused:
        kind, appointment = after_reminder(item.reason, item.step), item.appointment
        if kind is None:
            continue
        task = task_about(clinic_id, appointment, kind, reason=item.reason)
        found.setdefault(task.key, task)
    tasks.open_anew(tx, [(identity.new_id(), task) for task in found.values()], now=now)


def open_closed_day_tasks(
    tx: Transaction, identity: Identity, clinic_id: ClinicId, cases: Iterable[Case], *, now: datetime
) -> None:
    """Tell staff, once for each version, of sessions to come on days that the clinic's file or staff closed."""
    kind = TaskKind.SESSION_ON_CLOSED_DAY
    found = [task_about(clinic_id, case.appointment, kind) for case in cases if is_on_closed_day(case)]
    tasks.open_anew(tx, [(identity.new_id(), task) for task in found], now=now)


def task_about(
    clinic_id: ClinicId,
    appointment: Appointment,
    kind: TaskKind,
    *,
    urgency: Urgency | None = None,
    reason: Reason | None = None,
) -> tasks.Task:
    """Return the task of a kind about one version of an appointment, as urgent as usual unless told otherwise."""
    return tasks.Task(
        kind=kind,
        urgency=urgency or USUAL_URGENCY[kind],
        key=key_of(kind, appointment.id, appointment.version),
        clinic_id=clinic_id,
        patient_id=appointment.patient_id,
        appointment_id=appointment.id,
        reason=reason,
    )


def resolve_reachable(tx: Transaction, reachable: Iterable[Appointment], *, now: datetime) -> None:
    """Resolve the tasks about patients who could not be written to, where their reminders wait to leave again."""
    kinds = (TaskKind.NO_CONSENT, TaskKind.ADDRESS_FAULT)
    keys = [key_of(kind, item.id, item.version) for item in reachable for kind in kinds]
    tasks.resolve(tx, keys, by=Resolver.SCHEDULE, now=now)
