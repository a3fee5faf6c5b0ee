"""Take in: store patients whom a schedule names for the first time, with their sessions and the plan for each.

Part of the caller's transaction. Nobody else can hold anything of theirs, so planning needs little more than the rows
themselves: they are planned first and written once, instead of being written, read again and changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reminders.core.appointments import Appointment, ScheduleEntry
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.slots import Slots
from reminders.services.apply_schedule import Held, new_appointment, save_records
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_closed_day_tasks, open_planning_tasks
from reminders.services.plan_reminders import Planned, Surroundings, plan
from reminders.services.watch_appointments import open_due, outlooks
from reminders.store import appointments, escorts, patients, pauses, reminders
from reminders.store.unit_of_work import Transaction


def take_in(
    tx: Transaction,
    deps: Deps,
    held: Held,
    newcomers: Sequence[Sequence[ScheduleEntry]],
    slots: Slots,
    *,
    is_announced: bool,
    now: datetime,
) -> Planned:
    """Store and plan patients, each given as their rows, of which the last says who they are.

    `slots` are the same for all newcomers of a schedule.
    """
    own = {PatientId(deps.identity.new_id()): entries for entries in newcomers}
    booked = {key: _booked(deps, key, entries, is_announced=is_announced, now=now) for key, entries in own.items()}
    every = [item for items in booked.values() for item in items]
    records = {key: entries[-1].patient for key, entries in own.items()}
    around = Surroundings(
        people=patients.first_seen(tx, held.clinic.id, records),
        booked=booked,
        held={item.id: () for item in every},
        told={},
        paused=pauses.current(tx, held.clinic.id),
        words=escorts.words(tx, every),
    )
    done = plan(around, held.clinic, slots, identity=deps.identity, now=now)
    times, due = outlooks(held.clinic.id, done.cases, slots)
    save_records(tx, deps, held, {key: (record, None) for key, record in records.items()}, now)
    appointments.insert_many(tx, held.clinic.id, held.source, every, times)
    reminders.add(tx, held.clinic.id, done.rows, now=now)
    open_planning_tasks(tx, deps.identity, held.clinic.id, done.refused, now=now)
    open_due(tx, deps.identity, due, now=now)
    open_closed_day_tasks(tx, deps.identity, held.clinic.id, done.cases, now=now)
    return done


def _booked(
    deps: Deps, key: PatientId, entries: Sequence[ScheduleEntry], *, is_announced: bool, now: datetime
) -> list[Appointment]:
    """Return the sessions of one patient in order of start, as planning reads them elsewhere."""
    items = [
        new_appointment(AppointmentId(deps.identity.new_id()), entry, key, is_announced=is_announced, now=now)
        for entry in entries
    ]
    return sorted(items, key=lambda item: item.starts_at)
