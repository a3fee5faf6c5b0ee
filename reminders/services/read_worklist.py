"""The worklist as people read it: each task with whom and what it is about, what was said, and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.appointments import Glance
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import AppointmentId, ClinicId, InboundId, MessageId, PatientId, TaskId
from reminders.core.labels import REASONS
from reminders.core.pauses import NO_PAUSES, Pauses
from reminders.core.staff import Actor, Right
from reminders.core.tasks import DOUBTS, Group, TaskKind, Urgency, due_at, group_of, next_action, place, pressing
from reminders.core.turning import leaf_from
from reminders.core.wording import IN_TABLES, StaffClock
from reminders.services.deps import Deps
from reminders.services.find_subjects import find_clinic
from reminders.store import clinics, corrections, glances, lines, patients, pauses, tasks, timeline, weights
from reminders.store.corrections import Correction
from reminders.store.patients import Reached
from reminders.store.tasks import Task, Wanted
from reminders.store.timeline import Heard, Line
from reminders.store.unit_of_work import Transaction
from reminders.store.weights import Weight

__all__ = [
    "Around",
    "Filter",
    "Heard",
    "Line",
    "Pressing",
    "TaskLine",
    "Worklist",
    "around",
    "find_task",
    "lines_of",
    "pressing_lines",
    "read_task",
    "read_worklist",
    "short_id",
    "worklist_lines",
]

_Id = TypeVar("_Id", bound=UUID)
SHORT, WHOLE = 6, 32
HEXADECIMAL = frozenset("0123456789abcdef")
MOST_LINES = 1000
MOST_ABOVE = 10
"""How many alarms stand above every page of the worklist; where there are more, its first pages begin with them."""
LEVELS = {urgency: -rank for rank, urgency in enumerate(Urgency)}
MOST_NAMED = 5
"""How many tasks are named where a short id means several."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task with the names a person needs, and what to do about it. Instants are UTC, `timezone` is to show them in.

    `said` is the text that led to the task, `about_message` the message, `last_message` the newest about the session;
    where tasks are read in brief, both messages and how the text was understood stay out.
    """

    task: Task
    group: Group
    next_action: str
    due_at: datetime
    timezone: str
    language: str = IN_TABLES
    """Of the clinic it is told at."""
    clinic: str | None = None
    patient: str | None = None
    name: str | None = None
    session: str | None = None
    starts_at: datetime | None = None
    said: Heard | None = None
    about_message: Line | None = None
    last_message: Line | None = None
    corrected: Correction | None = None
    """How somebody read that text since, where they read it otherwise than we did."""
    phone: str | None = None
    """The patient's number; that which wrote where no patient is known."""

    @property
    def clock(self) -> StaffClock:
        """How staff there are told times."""
        return StaffClock(ZoneInfo(self.timezone), self.language)

    @property
    def why(self) -> str:
        """Why it is there beyond what its title says, in words; empty where that says all."""
        if self.task.doubt is not None:
            return DOUBTS[self.task.doubt]
        return REASONS[self.task.reason] if self.task.reason is not None else ""

    @property
    def id(self) -> TaskId:
        """The task's id; what is stored has one."""
        if self.task.id is None:
            message = f"a task of the worklist without an id: {self.task.key}"
            raise ValueError(message)
        return self.task.id

    @property
    def short_id(self) -> str:
        """What staff call the task by: the end of its id, which is random and never changes."""
        return short_id(self.id)


@dataclass(frozen=True, slots=True)
class Filter:
    """What somebody wants to see of the worklist; nothing is the whole of it."""

    clinic: str | None = None
    kinds: Collection[TaskKind] | None = None
    owner: str | None = None
    is_unassigned: bool = False


@dataclass(frozen=True, slots=True)
class Worklist:
    """The list in the order in which it is worked off, read at `now`."""

    now: datetime
    lines: Sequence[TaskLine]


def short_id(task_id: TaskId) -> str:
    """Return the six characters by which staff name a task."""
    return task_id.hex[-SHORT:]


def read_worklist(deps: Deps, chosen: Filter | None = None, *, who: Actor | None = None) -> Worklist:
    """Return the open tasks in the order of the morning list; `who` sees those of their clinics, the operator all.

    Raises InputError for a clinic that nobody knows.
    """
    chosen, now = chosen or Filter(), deps.clock.now()
    with deps.store.reading() as tx:
        clinic_id = find_clinic(tx, chosen.clinic).id if chosen.clinic is not None else None
        wanted = Wanted(clinic_id, chosen.kinds, chosen.owner, chosen.is_unassigned)
        if who is not None:
            wanted = replace(wanted, among=who.clinics(Right.READ), has_clinicless=who.sees_unassigned)
        return Worklist(now, worklist_lines(tx, wanted, limit=MOST_LINES))


def read_task(deps: Deps, name: str, *, who: Actor | None = None) -> tuple[datetime, TaskLine]:
    """Return one task, open or not, by its short id, and the time of reading. Raises NotFoundError or InputError.

    To `who` the tasks of other clinics do not exist; None is the operator, who sees all.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        return now, lines_of(tx, [find_task(tx, name, who=who)])[0]


def find_task(tx: Transaction, name: str, *, who: Actor | None = None, right: Right = Right.READ) -> Task:
    """Return the task of this id, or of which these are the last characters of it, an open one before a resolved one.

    Of `who`, only tasks with which they may do this. Raises NotFoundError where there is none, InputError where there
    are several.
    """
    digits = name.strip().replace("-", "").lower()
    if not SHORT <= len(digits) <= WHOLE or not set(digits) <= HEXADECIMAL:
        raise NotFoundError(f"no task {name!r}; tasks are named by the {SHORT} characters that `worklist` shows first")
    found = next(filter(None, (_permitted(some, who, right) for some in _named(tx, digits))), [])
    if not found:
        raise NotFoundError(f"no task {name!r}; `worklist` shows those that are open")
    if len(found) > 1:
        ids = ", ".join(f"{item.id} ({item.kind.replace('_', ' ')})" for item in found[:MOST_NAMED])
        raise InputError([f"{name}: means {len(found)} tasks; give more of the id, from its end: {ids}"])
    return found[0]


def _named(tx: Transaction, digits: str) -> Iterator[Sequence[Task]]:
    """Yield the tasks that are meant, the likeliest first: what comes later is read where nobody may see those."""
    if len(digits) == WHOLE:
        one = tasks.of_id(tx, TaskId(UUID(digits)))
        yield [one] if one is not None else []
        return
    yield tasks.ending_in(tx, digits, is_open=True)
    yield tasks.ending_in(tx, digits, is_open=False)


def _permitted(found: Sequence[Task], who: Actor | None, right: Right) -> list[Task]:
    return [item for item in found if who is None or who.may(right, item.clinic_id)]


def worklist_lines(tx: Transaction, wanted: Wanted, *, limit: int) -> list[TaskLine]:
    """Return open tasks with all that is shown of them, in the order of the morning list."""
    return sorted(lines_of(tx, tasks.waiting(tx, wanted, limit=limit)), key=_place)


@dataclass(frozen=True, slots=True)
class Around:
    """The clinics, and what is paused at each: by them it is told until when a task is to be done."""

    clinics: Mapping[ClinicId, Clinic]
    paused: Mapping[ClinicId, Pauses]


def around(tx: Transaction) -> Around:
    """Return all clinics with their pauses."""
    every = clinics.every(tx)
    return Around(every, pauses.current_of(tx, list(every)))


@dataclass(frozen=True, slots=True)
class Pressing:
    """One page of a list without groups, the most urgent first, of `waiting` open tasks, `alarms` of them alarms.

    `lines` begin with the alarms that stand above every page, `above` in number; then come the tasks of the page, the
    first of which has the place `first` in the list without those. `before` and `after` begin the pages beside it.
    `done` are those that were resolved, the last first.
    """

    lines: Sequence[TaskLine]
    waiting: int
    alarms: int
    above: int
    first: int
    before: TaskId | None
    after: TaskId | None
    done: Sequence[TaskLine]


def pressing_lines(
    tx: Transaction,
    wanted: Wanted,
    here: Around,
    *,
    room: int,
    opening: TaskId | None,
    done_since: datetime,
    most_done: int,
) -> Pressing:
    """Weigh every open task, and return in brief a page of them with those that were resolved since.

    The page begins with `opening`, or where that stood once it is resolved; with what presses most where it is None.
    Alarms are never left out for what else presses: the first stand above every page, of many the rest is turned to.
    """
    weighed, by = weights.every(tx, wanted), _Order(here)
    alarms = sorted((item for item in weighed if item.kind is TaskKind.ESCALATION), key=by.place)
    above = alarms[:MOST_ABOVE]
    rest = [*alarms[MOST_ABOVE:], *(item for item in weighed if item.kind is not TaskKind.ESCALATION)]
    begins = weights.of_id(tx, opening, wanted) if opening is not None else None
    leaf = leaf_from(rest, room, level=_level, place=by.place, opening=begins)
    waiting = tasks.get_many(tx, [item.id for item in (*above, *leaf.rows)])
    done = tasks.resolved_since(tx, wanted, done_since, limit=most_done)
    lines = _lines(tx, [*waiting, *done], here, is_brief=True)
    return Pressing(
        lines=lines[: len(waiting)],
        waiting=len(weighed),
        alarms=len(alarms),
        above=len(above),
        first=leaf.first,
        before=leaf.before.id if leaf.before is not None else None,
        after=leaf.after.id if leaf.after is not None else None,
        done=lines[len(waiting) :],
    )


def _level(item: Weight) -> tuple[bool, int]:
    """Return what tasks are put in order by before anything is worked out: alarms are an urgency of their own."""
    return item.kind is not TaskKind.ESCALATION, LEVELS[item.urgency]


@dataclass(frozen=True, slots=True)
class _Order:
    """How tasks of one level press: what is due first, then whose session is next, and always the same way."""

    here: Around

    def place(self, item: Weight) -> tuple[object, ...]:
        """Return what tasks are sorted by."""
        due = _due(item, _whose(item, self.here.clinics), self.here.paused, item.starts_at)
        return (*pressing(item.urgency, due=due, at=item.starts_at or item.opened_at), short_id(item.id), item.id)


def _place(line: TaskLine) -> tuple[object, ...]:
    return (*place(line.group, line.task.urgency, due=line.due_at, at=_at(line)), line.short_id)


def _at(line: TaskLine) -> datetime:
    return line.starts_at or line.task.opened_at or line.due_at


def lines_of(tx: Transaction, found: Sequence[Task]) -> list[TaskLine]:
    """Return tasks with all that is shown of them, in as many statements for many as for few."""
    return _lines(tx, found, around(tx), is_brief=False)


def _lines(tx: Transaction, found: Sequence[Task], here: Around, *, is_brief: bool) -> list[TaskLine]:
    about = _gather(tx, found, here, is_brief=is_brief)
    return [_line(item, about) for item in found]


@dataclass(frozen=True, slots=True)
class _About:
    """What a set of tasks is about, read at once."""

    here: Around
    booked: Mapping[AppointmentId, Glance]
    people: Mapping[PatientId, Reached]
    landlines: Collection[PatientId]
    said: Mapping[InboundId, Heard]
    corrected: Mapping[InboundId, Correction]
    sent: Mapping[MessageId, Line]
    last: Mapping[AppointmentId, Line]


def _gather(tx: Transaction, found: Sequence[Task], here: Around, *, is_brief: bool) -> _About:
    people = patients.reached(tx, _present(item.patient_id for item in found))
    visits = _present(item.appointment_id for item in found)
    texts = _present(item.inbound_id for item in found)
    return _About(
        here=here,
        booked=glances.by_id(tx, visits),
        people=people,
        landlines=lines.with_landlines(tx, people),
        said=timeline.heard(tx, texts, has_reading=not is_brief),
        corrected={key: made[-1] for key, made in corrections.of_texts(tx, texts).items()},
        sent={} if is_brief else timeline.messages_by_id(tx, _present(item.message_id for item in found)),
        last={} if is_brief else timeline.last_messages(tx, visits),
    )


def _present(ids: Iterable[_Id | None]) -> set[_Id]:
    return {key for key in ids if key is not None}


def _line(item: Task, about: _About) -> TaskLine:
    is_landline, here = item.patient_id in about.landlines, about.here
    booked = about.booked.get(item.appointment_id) if item.appointment_id is not None else None
    clinic = here.clinics.get(item.clinic_id) if item.clinic_id is not None else None
    whose = _whose(item, here.clinics)
    person = about.people.get(item.patient_id) if item.patient_id is not None else None
    said = about.said.get(item.inbound_id) if item.inbound_id is not None else None
    return TaskLine(
        task=item,
        group=group_of(item.kind, is_landline=is_landline),
        next_action=next_action(item.kind, is_landline=is_landline),
        due_at=_due(item, whose, here.paused, booked.starts_at if booked is not None else None),
        timezone=booked.timezone if booked is not None else whose.timezone if whose is not None else "UTC",
        language=whose.language if whose is not None else IN_TABLES,
        clinic=clinic.slug if clinic is not None else None,
        patient=person.external_id if person is not None else None,
        name=person.name if person is not None else None,
        session=booked.external_id if booked is not None else None,
        starts_at=booked.starts_at if booked is not None else None,
        said=said,
        corrected=about.corrected.get(item.inbound_id) if item.inbound_id is not None else None,
        about_message=about.sent.get(item.message_id) if item.message_id is not None else None,
        last_message=about.last.get(booked.id) if booked is not None else None,
        phone=person.phone if person is not None else said.sender if said is not None else None,
    )


def _whose(item: Task | Weight, every: Mapping[ClinicId, Clinic]) -> Clinic | None:
    """Return the clinic of a task; any of them where it is no clinic's."""
    clinic = every.get(item.clinic_id) if item.clinic_id is not None else None
    return clinic or next(iter(every.values()), None)


def _due(
    item: Task | Weight, clinic: Clinic | None, paused: Mapping[ClinicId, Pauses], start: datetime | None
) -> datetime:
    """Return until when: a deadline of its own, else as its kind is due. What is no clinic's counts by any of them."""
    opened_at = item.opened_at or datetime.max.replace(tzinfo=UTC)
    if item.due_at is not None or clinic is None:
        return item.due_at or opened_at
    return due_at(
        item.kind,
        item.urgency,
        opened_at=opened_at,
        clinic=clinic,
        pauses=paused.get(clinic.id, NO_PAUSES),
        start=start,
    )
