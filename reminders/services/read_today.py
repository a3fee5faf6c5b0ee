"""Today: who comes today and on the next open day, clinic by clinic, and what a person should do, all in one snapshot.

Reads only what `who` may read, in a number of statements that grows with the clinics, never with the rows. The page has
so many rows at most; whoever wants more turns its pages. What is counted is counted by the database, shown or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from reminders.core.clinics import Clinic
from reminders.core.errors import NotFoundError
from reminders.core.escalations import Escalation
from reminders.core.ids import AppointmentId, TaskId
from reminders.core.staff import Actor, Right
from reminders.core.tasks import TaskKind
from reminders.core.windows import civil, local_day
from reminders.services.deps import Deps
from reminders.services.read_days import ClinicDays, Look, SessionDay, Span, read_days
from reminders.services.read_worklist import Pressing, TaskLine, around, pressing_lines
from reminders.store import escalations, ledger
from reminders.store.ledger import Ledger
from reminders.store.tasks import Wanted
from reminders.store.unit_of_work import Transaction

__all__ = ["Choice", "ClinicDays", "Ledger", "SessionDay", "Span", "TodayReading", "read_today"]

DAY = timedelta(days=1)
MOST_TASKS, MOST_DONE = 40, 12
"""How many are shown: of the open ones so many on a page, besides the alarms above them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody asked to see: one clinic, by its slug, how far ahead, or one day alone.

    `opening_task` and `opening_session` are those with which the page of the worklist, and of that day, begins.
    """

    clinic: str = ""
    span: Span = Span.NEXT
    on: date | None = None
    opening_task: TaskId | None = None
    opening_session: AppointmentId | None = None


@dataclass(frozen=True, slots=True)
class TodayReading:
    """What the first page shows. `clinics` are those chosen, `every` all that may be chosen, in the order of names.

    `climbs` holds the alarm behind a task, where it is one. `ledger` is counted only where it was asked for.
    """

    now: datetime
    every: Sequence[Clinic]
    clinics: Sequence[ClinicDays]
    worklist: Pressing
    climbs: Mapping[TaskId, Escalation]
    ledger: Ledger | None


def read_today(deps: Deps, who: Actor, choice: Choice, *, counts_all: bool = False) -> TodayReading:
    """Return the sessions and the worklist as somebody asked for them. Raises NotFoundError for an unknown clinic.

    `counts_all` adds the ledger of the whole installation, which takes long where much was ever sent.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        readable = who.clinics(Right.READ)
        here = around(tx)
        every = [item for key, item in here.clinics.items() if key in readable]
        chosen = [item for item in every if choice.clinic in {"", item.slug}]
        if choice.clinic and not chosen:
            raise NotFoundError(f"no clinic {choice.clinic!r}")
        wanted = Wanted(among=[item.id for item in chosen], has_clinicless=who.sees_unassigned and not choice.clinic)
        midnight = civil(local_day(now, chosen[0].tz), time(), chosen[0].tz) if chosen else now - DAY
        worklist = pressing_lines(
            tx, wanted, here, room=MOST_TASKS, opening=choice.opening_task, done_since=midnight, most_done=MOST_DONE
        )
        return TodayReading(
            now=now,
            every=every,
            clinics=read_days(tx, here, chosen, Look(now, choice.span, choice.on, choice.opening_session)),
            worklist=worklist,
            climbs=_climbs(tx, worklist.lines),
            ledger=ledger.read(tx) if counts_all else None,
        )


def _climbs(tx: Transaction, found: Sequence[TaskLine]) -> dict[TaskId, Escalation]:
    """Return the climb of each alarm: its own, or that about the same patient which it joined."""
    alarms = [line for line in found if line.task.kind is TaskKind.ESCALATION]
    if not alarms:
        return {}
    people = {line.task.patient_id for line in alarms if line.task.patient_id is not None}
    climbs = escalations.of_tasks(tx, [line.task.key for line in alarms], people)
    own = {item.task_key: item for item in climbs}
    theirs = {item.patient_id: item for item in climbs}
    of = {line.id: own.get(line.task.key) or theirs.get(line.task.patient_id) for line in alarms}
    return {key: item for key, item in of.items() if item is not None}
