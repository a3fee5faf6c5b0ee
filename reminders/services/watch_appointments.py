"""Watch: open the tasks that no message leads to, when their time comes, and resolve those whose cause ended.

Gather (appointments whose hour has come), decide (core/watching), apply. The planner looks in its own transaction at
whatever it plans, so that what is due already is told at once; the sweep looks at the rest, however late it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reminders.core.appointments import Appointment
from reminders.core.conditions import Case, Telling, case_of
from reminders.core.delivery import CRASH_PAUSE
from reminders.core.ids import AppointmentId, ClinicId
from reminders.core.slots import Slots
from reminders.core.tasks import Resolver, TaskKind, Urgency, by_link
from reminders.core.watching import outlook, over_by
from reminders.ports import Identity
from reminders.services.apart import together_or_apart
from reminders.services.deps import Deps
from reminders.services.open_tasks import task_about
from reminders.services.settle_tasks import settle_by_time
from reminders.store import appointments, clinics, patients, pauses, tasks
from reminders.store.unit_of_work import Transaction

AT_ONCE = 200


def watch_appointments(deps: Deps) -> int:
    """Look at every appointment whose time to be looked at has come; return how many."""
    settle_by_time(deps)
    done = 0
    while True:
        now = deps.clock.now()
        with deps.store.looking() as tx:
            waiting = appointments.to_watch(tx, now=now, limit=AT_ONCE)
        if not waiting:
            return done
        looked = sum(together_or_apart(waiting, lambda some: _look_at(deps, some), lambda one: _put_off(deps, one)))
        done += looked
        if not looked:  # another worker holds them
            return done


def _put_off(deps: Deps, appointment_id: AppointmentId) -> None:
    with deps.store.transaction() as tx:
        appointments.watch(tx, {appointment_id: deps.clock.now() + CRASH_PAUSE})


def _look_at(deps: Deps, ids: Sequence[AppointmentId]) -> int:
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        found = appointments.lock_watched(tx, ids, now=now)
        for clinic_id, items in found.items():
            cases = _cases(tx, clinic_id, items, now)
            look(tx, clinic_id, cases, Slots(cases[0].clinic), identity=deps.identity, now=now)
    return sum(len(items) for items in found.values())


def _cases(tx: Transaction, clinic_id: ClinicId, items: Sequence[Appointment], now: datetime) -> list[Case]:
    clinic, paused = clinics.get(tx, clinic_id), pauses.current(tx, clinic_id)
    people = patients.get_many(tx, clinic_id, {item.patient_id for item in items})
    # A ride and an outcome are each session's own: what else the patient has or heard makes no difference.
    return [
        case_of(item, people[item.patient_id], clinic, siblings=(), telling=Telling(), now=now, pauses=paused)
        for item in items
    ]


def look(
    tx: Transaction,
    clinic_id: ClinicId,
    cases: Sequence[Case],
    slots: Slots,
    *,
    identity: Identity,
    now: datetime,
    is_planning: bool = False,
) -> None:
    """Look at appointments of a clinic: resolve, say when to look again, open what is due. Twice is the same as once.

    While planning, an appointment whose time has come is left to the sweep: each would only wait for the other.
    """
    ids = [case.appointment.id for case in cases]
    held, waiting = appointments.watch_times(tx, ids), tasks.open_about(tx, clinic_id, ids)
    _resolve(tx, cases, waiting, now)
    if is_planning:
        cases = [case for case in cases if (at := held[case.appointment.id]) is None or at > now]
    # First the appointments, then the tasks: who opens the same task waits for the appointment, and not crosswise.
    times, due = outlooks(clinic_id, cases, slots)
    appointments.watch(tx, {key: at for key, at in times.items() if at != held[key]})
    asked = {key for items in waiting.values() for _, key in items}
    # What the patient asked for on their page is on the worklist already: one ride is one line of it.
    open_due(tx, identity, [item for item in due if by_link(item.key) not in asked], now=now)


def outlooks(
    clinic_id: ClinicId, cases: Sequence[Case], slots: Slots
) -> tuple[dict[AppointmentId, datetime | None], list[tasks.Task]]:
    """Return when to look at appointments next, and the tasks that are to be open by now."""
    times: dict[AppointmentId, datetime | None] = {}
    due: list[tasks.Task] = []
    for case in cases:
        about = case.appointment
        found, times[about.id] = outlook(case, slots.of(case))
        due += [task_about(clinic_id, about, item.kind, urgency=item.urgency) for item in found]
    return times, due


def _resolve(
    tx: Transaction,
    cases: Sequence[Case],
    waiting: Mapping[AppointmentId, Sequence[tuple[TaskKind, str]]],
    now: datetime,
) -> None:
    over: dict[Resolver, list[str]] = {}
    for case in cases:
        for kind, key in waiting.get(case.appointment.id, ()):
            by = over_by(kind, key, case)
            if by is not None:
                over.setdefault(by, []).append(key)
    for by, keys in over.items():
        tasks.resolve(tx, keys, by=by, now=now)


def open_due(tx: Transaction, identity: Identity, due: Sequence[tasks.Task], *, now: datetime) -> None:
    """Open what a look found to be due."""
    tasks.open_anew(tx, [(identity.new_id(), item) for item in due], now=now)
    tasks.hurry(tx, [item.key for item in due if item.urgency is Urgency.HIGH])
