"""Arrange: what somebody said of a ride home, and the tasks that follow. Part of the caller's transaction.

Attendance is untouched: a confirmed session may lack its ride, and a ride confirms nothing (requirement 43).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.ids import InboundId
from reminders.core.tasks import Resolver, TaskKind
from reminders.core.transport import RideState
from reminders.core.watching import RIDE_TASKS, ride_task, ride_urgency
from reminders.services.deps import Deps
from reminders.services.open_tasks import task_about
from reminders.store import appointments, questions, tasks
from reminders.store.unit_of_work import Transaction


def record_ride(
    tx: Transaction,
    deps: Deps,
    appointment: Appointment,
    state: RideState,
    *,
    inbound_id: InboundId | None = None,
    now: datetime,
) -> bool:
    """Record what was said of the ride of this version; False where the session has moved on, and nothing is done."""
    return record_rides(tx, deps, [appointment], state, inbound_id=inbound_id, now=now)


def record_rides(
    tx: Transaction,
    deps: Deps,
    sessions: Sequence[Appointment],
    state: RideState,
    *,
    inbound_id: InboundId | None = None,
    now: datetime,
) -> bool:
    """Record one word about the rides of several sessions, and open one task for all, under the first: one call does.

    In any state our question has its answer: a bare "ok" that follows must not arrange what was just said to be
    missing. False where all have moved on.
    """
    found = [item for item in sessions if appointments.record_ride(tx, item.id, item.version, state)]
    for item in found:
        questions.mark_answered(tx, [item.id], QuestionKind.RIDE, now=now)
    kind = ride_task(state)
    if kind is None:
        for item in found:
            for over in sorted(RIDE_TASKS):
                tasks.resolve_about(tx, item.id, over, by=Resolver.PATIENT, now=now)
    elif found:
        first = min(found, key=lambda item: (item.starts_at, item.id))
        open_ride_task(tx, deps, first, kind, inbound_id=inbound_id, now=now)
    return bool(found)


def open_ride_task(
    tx: Transaction, deps: Deps, about: Appointment, kind: TaskKind, *, inbound_id: InboundId | None, now: datetime
) -> None:
    """Open the task about a ride, again where it was resolved; its clinic is that of the session."""
    clinic_id = appointments.clinic_of(tx, about.id)
    task = task_about(clinic_id, about, kind, urgency=ride_urgency(kind, about.starts_at, now=now))
    tasks.open_again(tx, deps.identity.new_id(), replace(task, inbound_id=inbound_id), now=now)
