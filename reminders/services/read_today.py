"""Today: who comes today and on the next open day, clinic by clinic, and what a person should do, all in one snapshot.

Reads only what `who` may read, in a number of statements that grows with the clinics, never with the rows. The page has
so many rows at most, shared out among the days up to the next open one; who wants all of a day asks for that day. What
is counted is counted by the database, shown or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from reminders.core.appointments import Glance
from reminders.core.clinics import Clinic, next_open_day
from reminders.core.errors import NotFoundError
from reminders.core.escalations import Escalation
from reminders.core.ids import AppointmentId, TaskId
from reminders.core.pauses import Pauses
from reminders.core.shares import fair_share, nearest, told_days
from reminders.core.staff import Actor, Right
from reminders.core.tasks import TaskKind
from reminders.core.windows import civil, local_day
from reminders.services.deps import Deps
from reminders.services.read_status import AppointmentLine, Booked, lines_about
from reminders.services.read_worklist import Around, TaskLine, around, pressing_lines
from reminders.store import escalations, glances, ledger
from reminders.store.glances import Start
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
INSTANT = timedelta(microseconds=1)


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
    """The sessions of one civil day: how many there are, counted by the database, and in order those that are shown.

    Of those still booked and to come it counts how many are not confirmed, and how many have no ride. A day that is not
    `is_told` shows its counts alone: it has a page of its own.
    """

    on: date
    timezone: str
    count: int
    count_over: int
    open_confirmations: int
    open_rides: int
    is_closed: bool
    lines: Sequence[AppointmentLine]
    is_told: bool


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
    on: date | None = None,
    is_whole: bool = False,
    counts_all: bool = False,
) -> TodayReading:
    """Return the sessions and the worklist; of one clinic where its slug is given. Raises NotFoundError.

    `on` asks for one day alone, and all of its sessions; `is_whole` for more rows than a page usually has.

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
        most_sessions = MOST_SESSIONS if is_whole else SHOWN_SESSIONS
        room = SHOWN_SESSIONS // max(1, len(chosen))
        look = _Look(now, span, on, most_sessions if on is None else None, room)
        most = MOST_TASKS if is_whole else SHOWN_TASKS
        found = pressing_lines(tx, wanted, here, limit=most, done_since=midnight, most_done=MOST_DONE)
        return TodayReading(
            now=now,
            every=every,
            clinics=_days(tx, here, chosen, look),
            tasks=found.lines,
            waiting=found.waiting,
            done=found.done,
            climbs=_climbs(tx, found.lines),
            ledger=ledger.read(tx) if counts_all else None,
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """What is looked at: so far ahead, or one day alone, and at most so many sessions of all clinics together."""

    now: datetime
    span: Span
    on: date | None
    most: int | None
    room: int
    """Up to so many sessions of a clinic, every day has its rows; of more, the days that are near."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """When sessions of a clinic begin, on which civil days, each in the session's own zone; and those days' rows."""

    today: date
    until: date
    clinic: Clinic
    paused: Pauses
    days: Mapping[date, Sequence[Start]]
    rows: Mapping[date, Sequence[Glance]]


def _days(tx: Transaction, here: Around, chosen: Sequence[Clinic], look: _Look) -> list[ClinicDays]:
    stretches = [_stretch(tx, clinic, here.paused[clinic.id], look) for clinic in chosen]
    sizes = [len(sessions) for stretch in stretches for sessions in stretch.rows.values()]
    share = fair_share(sizes, look.most) if look.most is not None else max(sizes, default=0)
    asked = [
        Booked(
            stretch.clinic,
            stretch.paused,
            [item for day in stretch.rows.values() for item in nearest(day, share, now=look.now)],
        )
        for stretch in stretches
    ]
    lines = {line.appointment_id: line for line in lines_about(tx, asked)}
    return [_clinic_days(stretch, lines, look.now) for stretch in stretches]


def _stretch(tx: Transaction, clinic: Clinic, paused: Pauses, look: _Look) -> _Stretch:
    today = local_day(look.now, clinic.tz)
    near = next_open_day(clinic, today, paused)
    far = max(near, today + timedelta(days=WEEK)) if look.span is Span.WEEK else near
    first, last = (look.on, look.on) if look.on is not None else (today, far)
    after, before = (civil(day, time(), clinic.tz) for day in (first, last + DAY))
    days: dict[date, list[Start]] = {}
    for start in glances.starts_between(tx, clinic.id, after - DAY, before + DAY):
        day = local_day(start.at, ZoneInfo(start.timezone))
        if first <= day <= last or (look.on is None and after <= start.at < before):
            days.setdefault(day, []).append(start)
    sizes = {day: sum(start.sessions for start in starts) for day, starts in days.items()}
    shown = set(days) if look.on is not None else told_days(sizes, near=near, room=look.room)
    told = {day: days[day] for day in shown}
    return _Stretch(today, last, clinic, paused, dict(sorted(days.items())), _rows(tx, clinic, told))


def _rows(tx: Transaction, clinic: Clinic, told: Mapping[date, Sequence[Start]]) -> Mapping[date, Sequence[Glance]]:
    rows: dict[date, list[Glance]] = {day: [] for day in sorted(told)}
    times = [start.at for starts in told.values() for start in starts]
    if times:
        for item in glances.between(tx, clinic.id, min(times), max(times) + INSTANT):
            rows.get(local_day(item.starts_at, ZoneInfo(item.timezone)), []).append(item)
    return rows


def _clinic_days(stretch: _Stretch, lines: Mapping[AppointmentId, AppointmentLine], now: datetime) -> ClinicDays:
    booked = Booked(stretch.clinic, stretch.paused, ())
    days = [
        SessionDay(
            on=on,
            timezone=starts[0].timezone,
            count=sum(start.sessions for start in starts),
            count_over=sum(start.sessions for start in starts if start.at <= now),
            open_confirmations=sum(start.unconfirmed for start in starts if start.at > now),
            open_rides=sum(start.without_ride for start in starts if start.at > now),
            is_closed=any(booked.is_on_closed_day(start.at) for start in starts),
            lines=[lines[item.id] for item in stretch.rows.get(on, ()) if item.id in lines],
            is_told=on in stretch.rows,
        )
        for on, starts in stretch.days.items()
    ]
    return ClinicDays(stretch.clinic, stretch.today, stretch.until, days)


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
