"""Today: who comes today and on the next open day, clinic by clinic, and what a person should do, all in one snapshot.

Reads only what `who` may read, in a number of statements that grows with the clinics, never with the rows. The page has
so many rows at most, shared out among the days; who wants all asks for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic, next_open_day
from reminders.core.errors import NotFoundError
from reminders.core.escalations import Escalation
from reminders.core.ids import AppointmentId, TaskId
from reminders.core.pauses import Pauses
from reminders.core.shares import fair_share, nearest
from reminders.core.staff import Actor, Right
from reminders.core.tasks import TaskKind
from reminders.core.windows import civil, local_day
from reminders.services.deps import Deps
from reminders.services.read_status import AppointmentLine, Booked, lines_about
from reminders.services.read_worklist import Around, TaskLine, around, pressing_lines
from reminders.store import appointments, escalations, ledger
from reminders.store.ledger import Ledger
from reminders.store.tasks import Wanted
from reminders.store.unit_of_work import Transaction

__all__ = ["ClinicDays", "Ledger", "SessionDay", "Span", "TodayReading", "read_today"]

DAY = timedelta(days=1)
WEEK = 7
MOST_SESSIONS, MOST_TASKS, MOST_DONE = 300, 200, 12
"""How many are shown to who asks for more, of all clinics together: a page must stay one that a browser can hold."""
SHOWN_SESSIONS, SHOWN_TASKS = 90, 40
"""How many are shown otherwise: what a screen holds a few times over."""
MOST_COUNTED = 1_000
"""Up to so many sessions of a clinic are counted, shown or not."""


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
    days: Sequence[SessionDay]


@dataclass(frozen=True, slots=True)
class SessionDay:
    """The sessions of one civil day in their order: all of them, and those that are shown, each at a glance."""

    on: date
    sessions: Sequence[Appointment]
    lines: Sequence[AppointmentLine]
    is_closed: bool


@dataclass(frozen=True, slots=True)
class TodayReading:
    """What the first page shows. `clinics` are those chosen, `every` all that may be chosen, in the order of names.

    `climbs` holds the alarm behind a task, where it is one. `ledger` is counted only where it was asked for. `waiting`
    counts the open tasks, those that are not shown too.
    """

    now: datetime
    every: Sequence[Clinic]
    clinics: Sequence[ClinicDays]
    tasks: Sequence[TaskLine]
    waiting: int
    done: Sequence[TaskLine]
    climbs: Mapping[TaskId, Escalation]
    ledger: Ledger | None


def read_today(
    deps: Deps,
    who: Actor,
    *,
    clinic: str = "",
    span: Span = Span.NEXT,
    is_whole: bool = False,
    counts_all: bool = False,
) -> TodayReading:
    """Return the sessions and the worklist; of one clinic where its slug is given. Raises NotFoundError.

    `is_whole` asks for more rows than a page usually has.

    `counts_all` adds the ledger of the whole installation, which takes long where much was ever sent.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        readable = who.clinics(Right.READ)
        here = around(tx)
        every = [item for key, item in here.clinics.items() if key in readable]
        chosen = [item for item in every if clinic in {"", item.slug}]
        if clinic and not chosen:
            raise NotFoundError(f"no clinic {clinic!r}")
        wanted = Wanted(among=[item.id for item in chosen], has_clinicless=who.sees_unassigned and not clinic)
        midnight = civil(local_day(now, chosen[0].tz), time(), chosen[0].tz) if chosen else now - DAY
        most = MOST_TASKS if is_whole else SHOWN_TASKS
        found = pressing_lines(tx, wanted, here, limit=most, done_since=midnight, most_done=MOST_DONE)
        return TodayReading(
            now=now,
            every=every,
            clinics=_days(tx, here, chosen, now, span, is_whole=is_whole),
            tasks=found.lines,
            waiting=found.waiting,
            done=found.done,
            climbs=_climbs(tx, found.lines),
            ledger=ledger.read(tx) if counts_all else None,
        )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is booked at one clinic, and on which civil days, each in the session's own zone."""

    today: date
    until: date
    booked: Booked
    days: Mapping[date, Sequence[Appointment]]


def _days(
    tx: Transaction, here: Around, chosen: Sequence[Clinic], now: datetime, span: Span, *, is_whole: bool
) -> list[ClinicDays]:
    stretches = [_stretch(tx, clinic, here.paused[clinic.id], now, span) for clinic in chosen]
    every = [sessions for stretch in stretches for sessions in stretch.days.values()]
    share = fair_share([len(sessions) for sessions in every], MOST_SESSIONS if is_whole else SHOWN_SESSIONS)
    asked = [
        replace(
            stretch.booked, sessions=[item for day in stretch.days.values() for item in nearest(day, share, now=now)]
        )
        for stretch in stretches
    ]
    lines = {line.appointment_id: line for line in lines_about(tx, asked)}
    return [_clinic_days(stretch, lines) for stretch in stretches]


def _stretch(tx: Transaction, clinic: Clinic, paused: Pauses, now: datetime, span: Span) -> _Stretch:
    today = local_day(now, clinic.tz)
    until = next_open_day(clinic, today, paused)
    if span is Span.WEEK:
        until = max(until, today + timedelta(days=WEEK))
    after, before = (civil(day, time(), clinic.tz) for day in (today, until + DAY))
    found = appointments.between(tx, clinic.id, after, before, limit=MOST_COUNTED)
    days: dict[date, list[Appointment]] = {}
    for item in found:
        days.setdefault(local_day(item.starts_at, ZoneInfo(item.booking.timezone)), []).append(item)
    return _Stretch(today, until, Booked(clinic, paused, found), dict(sorted(days.items())))


def _clinic_days(stretch: _Stretch, lines: Mapping[AppointmentId, AppointmentLine]) -> ClinicDays:
    days = [
        SessionDay(
            on=on,
            sessions=sessions,
            lines=[lines[item.id] for item in sessions if item.id in lines],
            is_closed=any(stretch.booked.is_on_closed_day(item) for item in sessions),
        )
        for on, sessions in stretch.days.items()
    ]
    return ClinicDays(stretch.booked.clinic, stretch.today, stretch.until, days)


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
