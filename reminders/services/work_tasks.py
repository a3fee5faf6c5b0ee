"""Work the worklist off: take a task over, give it to somebody, resolve it, open it again; each by a named person.

What was done stays on the task: who took it over and who ended it in columns of their own, the rest as lines of its
notes. Locks are taken in the order of the house: the appointment before the task, and an alarm's tasks all together.
With `who`, tasks of clinics where they may not work do not exist; without, the operator works on all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.errors import InputError
from reminders.core.ids import TaskId
from reminders.core.staff import Actor, Right
from reminders.core.tasks import (
    CAN_BE_CONFIRMED,
    CAN_GET_A_RIDE,
    OUTCOMES,
    Outcome,
    Standing,
    TaskKind,
    Verb,
    how_it_ended,
    refusal,
    with_line,
)
from reminders.core.transport import RideState
from reminders.core.wording import StaffClock
from reminders.ports import SENDING_JOBS
from reminders.services.arrange_rides import record_ride
from reminders.services.confirm_sessions import confirm_session
from reminders.services.deps import Deps
from reminders.services.escalate import acknowledge, begin_anew
from reminders.services.find_subjects import LONGEST_NAME, LONGEST_REASON
from reminders.services.read_worklist import TaskLine, find_task, lines_of, short_id
from reminders.store import appointments, clinics, tasks
from reminders.store.tasks import Task
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a task ended, and what staff learned with it: the session is confirmed, or a ride is arranged."""

    outcome: Outcome
    note: str = ""
    is_confirmed: bool = False
    is_ride_arranged: bool = False

    @property
    def told(self) -> str:
        """Write all of it in one line."""
        learned = [(self.is_confirmed, "the session is confirmed"), (self.is_ride_arranged, "a ride is arranged")]
        said = "; ".join([OUTCOMES[self.outcome], *(text for is_so, text in learned if is_so)])
        return said + (f": {self.note}" if self.note else "")


def take_task(deps: Deps, name: str, *, by: str, who: Actor | None = None) -> TaskLine:
    """Take a task over: it is theirs, and an alarm behind it stops climbing. Twice by the same person is once.

    Raises NotFoundError, or InputError where somebody else was first, or it is resolved.
    """
    _check(by=by)

    def take(item: Task, now: datetime, _clock: StaffClock) -> Task:
        return replace(_acknowledged(item, by, now), owner=by)

    return _work(deps, name, _Act(Verb.TAKE, by, take, who=who))


def assign_task(deps: Deps, name: str, *, to: str, by: str, who: Actor | None = None) -> TaskLine:
    """Give a task to somebody, whoever had it. An alarm goes on climbing: nobody has seen to it yet.

    Raises NotFoundError, or InputError where it is resolved.
    """
    _check(by=by, to=to)

    def assign(item: Task, now: datetime, clock: StaffClock) -> Task:
        note = with_line(item.note, f"gave it to {to}", by=by, at=now, clock=clock)
        return item if item.owner == to else replace(item, owner=to, note=note)

    return _work(deps, name, _Act(Verb.ASSIGN, by, assign, who=who))


def resolve_task(deps: Deps, name: str, resolution: Resolution, *, by: str, who: Actor | None = None) -> TaskLine:
    """Resolve a task with its outcome, and record what staff learned with it.

    Raises NotFoundError, or InputError where somebody was first, or where the task is not about that.
    """
    _check(by=by, note=resolution.note)

    def resolve(item: Task, now: datetime, clock: StaffClock) -> Task:
        note = with_line(item.note, resolution.told, by=by, at=now, clock=clock)
        done = _acknowledged(item, by, now)
        return replace(
            done, owner=done.owner or by, resolved_at=now, resolved_by=by, outcome=resolution.outcome, note=note
        )

    return _work(deps, name, _Act(Verb.DONE, by, resolve, resolution, who))


def reopen_task(deps: Deps, name: str, *, by: str, note: str = "", who: Actor | None = None) -> TaskLine:
    """Open a resolved task again; how it had ended stays in its notes. An alarm begins its climb anew: nobody has it.

    Raises NotFoundError, or InputError where it is open.
    """
    _check(by=by, note=note)

    def reopen(item: Task, now: datetime, clock: StaffClock) -> Task:
        said = f"opened it again; it was resolved {how_it_ended(standing_of(item), clock)}" + (
            f": {note}" if note else ""
        )
        kept = with_line(item.note, said, by=by, at=now, clock=clock)
        again = replace(item, resolved_at=None, resolved_by=None, outcome=None, note=kept)
        is_alarm = item.kind is TaskKind.ESCALATION
        return replace(again, acknowledged_at=None, acknowledged_by=None) if is_alarm else again

    return _work(deps, name, _Act(Verb.REOPEN, by, reopen, who=who))


def standing_of(item: Task) -> Standing:
    """Return how far a task is."""
    return Standing(item.acknowledged_at, item.acknowledged_by, item.resolved_at, item.resolved_by, item.outcome)


@dataclass(frozen=True, slots=True)
class _Act:
    """What somebody does with a task, and what they learned; `who` may work on some clinics' tasks only."""

    verb: Verb
    by: str
    change: Callable[[Task, datetime, StaffClock], Task]
    learned: Resolution | None = None
    who: Actor | None = None


def _work(deps: Deps, name: str, act: _Act) -> TaskLine:
    with deps.store.transaction() as tx:
        found = find_task(tx, name, who=act.who, right=Right.WORK)
        now, task_id = deps.clock.now(), _id(found)
        about = _lock_session(tx, found, act.learned)
        # An alarm's tasks are locked together: two people who take two of them must not wait for each other.
        if found.kind is TaskKind.ESCALATION and act.verb in {Verb.TAKE, Verb.DONE}:
            acknowledge(tx, deps, found.key, by=act.by, now=now)
        held, clock = tasks.get(tx, task_id, is_locked=True), _clock(tx, found, act)
        reason = refusal(act.verb, standing_of(held), by=act.by, clock=clock)
        if reason is not None:
            raise InputError([f"{short_id(task_id)} {reason}"])
        tasks.save_work(tx, task_id, act.change(held, now, clock))
        if found.kind is TaskKind.ESCALATION and act.verb is Verb.REOPEN:
            begin_anew(tx, deps, held, now=now)
        if act.learned is not None and about is not None:
            _record(tx, deps, about, act.learned, now)
        line = lines_of(tx, [tasks.get(tx, task_id)])[0]
    deps.queue.hint(SENDING_JOBS.values())
    return line


def _lock_session(tx: Transaction, item: Task, resolution: Resolution | None) -> Appointment | None:
    """Return the session that staff learned something of, held until the end. Raises InputError where there is none."""
    if resolution is None or not (resolution.is_confirmed or resolution.is_ride_arranged):
        return None
    faults = []
    if resolution.is_confirmed and item.kind not in CAN_BE_CONFIRMED:
        faults.append("--confirmed: this task is not about whether the patient comes")
    if resolution.is_ride_arranged and item.kind not in CAN_GET_A_RIDE:
        faults.append("--ride-arranged: this task is not about the ride home")
    if item.appointment_id is None or item.patient_id is None:
        faults.append(f"{short_id(_id(item))} is about no one session")
    if faults or item.appointment_id is None or item.patient_id is None:
        raise InputError(faults)
    appointments.lock_of_patients(tx, [item.patient_id])
    return appointments.get_many(tx, [item.appointment_id])[item.appointment_id]


def _record(tx: Transaction, deps: Deps, about: Appointment, resolution: Resolution, now: datetime) -> None:
    if resolution.is_confirmed:
        confirm_session(tx, about.id, about.version, now=now)
    if resolution.is_ride_arranged:
        record_ride(tx, deps, about, RideState.ARRANGED, now=now)


def _acknowledged(item: Task, by: str, now: datetime) -> Task:
    return item if item.acknowledged_by is not None else replace(item, acknowledged_at=now, acknowledged_by=by)


def _clock(tx: Transaction, item: Task, act: _Act) -> StaffClock:
    """Return by whose clock notes are written: the clinic's own, else any clinic's; as tables have it in a terminal."""
    every = clinics.every(tx)
    chosen = every.get(item.clinic_id) if item.clinic_id is not None else None
    chosen = chosen or next(iter(every.values()), None)
    if chosen is None:
        return StaffClock(ZoneInfo("UTC"))
    return chosen.clock if act.who is not None else StaffClock(chosen.tz)


def _id(item: Task) -> TaskId:
    if item.id is None:
        message = f"a stored task without an id: {item.key}"
        raise ValueError(message)
    return item.id


def _check(*, by: str, to: str | None = None, note: str = "") -> None:
    """Refuse what nobody could read later. Raises InputError."""
    names = [("--by", by)] + ([("--to", to)] if to is not None else [])
    faults = [f"{option}: found nothing; say who" for option, name in names if not name.strip()]
    faults += [
        f"{option}: found {len(name)} characters; at most {LONGEST_NAME} are kept"
        for option, name in names
        if len(name) > LONGEST_NAME
    ]
    if len(note) > LONGEST_REASON:
        faults.append(f"--note: found {len(note)} characters; at most {LONGEST_REASON} are kept")
    if faults:
        raise InputError(faults)
