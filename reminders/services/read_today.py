"""Today: who comes today and on the next open day, clinic by clinic, and what a person should do, all in one snapshot.

Reads only what `who` may read, in a number of statements that grows with the clinics, never with the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from reminders.core.clinics import Clinic
from reminders.core.errors import NotFoundError
from reminders.core.escalations import Escalation
from reminders.core.ids import TaskId
from reminders.core.pauses import Pauses
from reminders.core.staff import Actor, Right
from reminders.core.tasks import TaskKind
from reminders.core.windows import civil, local_day
from reminders.services.deps import Deps
from reminders.services.read_status import AppointmentLine, appointment_lines
from reminders.services.read_worklist import TaskLine, pressing_lines, resolved_lines
from reminders.store import clinics, escalations, ledger, pauses
from reminders.store.ledger import Ledger
from reminders.store.tasks import Wanted
from reminders.store.unit_of_work import Transaction

__all__ = ["ClinicDays", "Ledger", "Span", "TodayReading", "next_open_day", "read_today"]

DAY = timedelta(days=1)
FAR, WEEK = 21, 7
"""How many days ahead an open day is looked for, and how many a week has."""
MOST_SESSIONS, MOST_TASKS, MOST_DONE = 300, 200, 12


class Span(StrEnum):
    """How far ahead is looked."""

    NEXT = "next"
    """Today, and the next day on which the clinic is open."""
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class ClinicDays:
    """The sessions of one clinic from the start of its today until `until`, which is its next open day or further."""

    clinic: Clinic
    today: date
    until: date
    lines: Sequence[AppointmentLine]


@dataclass(frozen=True, slots=True)
class TodayReading:
    """What the first page shows. `clinics` are those chosen, `every` all that may be chosen, in the order of names.

    `climbs` holds the alarm behind a task, where it is one. `ledger` is counted only where it was asked for.
    """

    now: datetime
    every: Sequence[Clinic]
    clinics: Sequence[ClinicDays]
    tasks: Sequence[TaskLine]
    done: Sequence[TaskLine]
    climbs: Mapping[TaskId, Escalation]
    ledger: Ledger | None


def read_today(
    deps: Deps, who: Actor, *, clinic: str = "", span: Span = Span.NEXT, counts_all: bool = False
) -> TodayReading:
    """Return the sessions and the worklist; of one clinic where its slug is given. Raises NotFoundError.

    `counts_all` adds the ledger of the whole installation, which takes long where much was ever sent.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        readable = who.clinics(Right.READ)
        every = [item for key, item in clinics.every(tx).items() if key in readable]
        chosen = [item for item in every if clinic in {"", item.slug}]
        if clinic and not chosen:
            raise NotFoundError(f"no clinic {clinic!r}")
        wanted = Wanted(among=[item.id for item in chosen], has_clinicless=who.sees_unassigned and not clinic)
        found = pressing_lines(tx, wanted, limit=MOST_TASKS)
        midnight = civil(local_day(now, chosen[0].tz), time(), chosen[0].tz) if chosen else now - DAY
        return TodayReading(
            now=now,
            every=every,
            clinics=[_days(tx, item, now, span) for item in chosen],
            tasks=found,
            done=resolved_lines(tx, wanted, midnight, limit=MOST_DONE),
            climbs=_climbs(tx, found),
            ledger=ledger.read(tx) if counts_all else None,
        )


def next_open_day(clinic: Clinic, today: date, paused: Pauses) -> date:
    """Return the next day on which a clinic is open; tomorrow where none is near."""
    ahead = (today + timedelta(days=count) for count in range(1, FAR))
    is_open = (day for day in ahead if day.weekday() in clinic.open_days and not clinic.is_closed(day, paused))
    return next(is_open, today + DAY)


def _days(tx: Transaction, clinic: Clinic, now: datetime, span: Span) -> ClinicDays:
    today = local_day(now, clinic.tz)
    until = next_open_day(clinic, today, pauses.current(tx, clinic.id))
    if span is Span.WEEK:
        until = max(until, today + timedelta(days=WEEK))
    after, before = (civil(day, time(), clinic.tz) for day in (today, until + DAY))
    lines = appointment_lines(tx, clinic.id, clinic, after=after, before=before, limit=MOST_SESSIONS)
    return ClinicDays(clinic, today, until, lines)


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
