"""Days: the sessions of clinics day by day, counted all and shown as far as a page has room.

The rows are shared out among the days up to the next open one; who wants all of a day turns its pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from reminders.core.appointments import Glance
from reminders.core.clinics import Clinic, next_open_day
from reminders.core.ids import AppointmentId
from reminders.core.pauses import Pauses
from reminders.core.shares import fair_share, start_of, told_days
from reminders.core.turning import Leaf, leaf_at
from reminders.core.windows import civil, local_day
from reminders.services.read_status import AppointmentLine, Booked, lines_about
from reminders.services.read_worklist import Around
from reminders.store import glances
from reminders.store.glances import Start
from reminders.store.unit_of_work import Transaction

__all__ = ["MOST_SESSIONS", "ClinicDays", "Look", "SessionDay", "Span", "read_days"]

DAY = timedelta(days=1)
WEEK = 7
MOST_SESSIONS = 90
"""How many are shown of all clinics together: what a screen holds a few times over."""
INSTANT = timedelta(microseconds=1)


class Span(StrEnum):
    """How far ahead is looked."""

    NEXT = "next"
    """Today, and the next day on which the clinic is open."""
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at: so far ahead, or one day alone, of which `opening` is the session that a page begins with."""

    now: datetime
    span: Span
    on: date | None
    opening: AppointmentId | None


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
    `is_told` shows its counts alone: it has a page of its own. `first` is the place in the day of the first one shown;
    `before` and `after` are the sessions with which the pages of the day beside this one begin.
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
    first: int
    before: AppointmentId | None
    after: AppointmentId | None


def read_days(tx: Transaction, here: Around, chosen: Sequence[Clinic], look: Look) -> list[ClinicDays]:
    """Return the days of these clinics, in a number of statements that grows with the clinics, never with the rows."""
    room = MOST_SESSIONS // max(1, len(chosen))
    stretches = [_stretch(tx, clinic, here.paused[clinic.id], look, room) for clinic in chosen]
    share = fair_share([len(day) for stretch in stretches for day in stretch.rows.values()], MOST_SESSIONS)
    leaves = [{on: _leaf(day, share, look) for on, day in stretch.rows.items()} for stretch in stretches]
    asked = [
        Booked(stretch.clinic, stretch.paused, [item for leaf in shown.values() for item in leaf.rows])
        for stretch, shown in zip(stretches, leaves, strict=True)
    ]
    lines = {line.appointment_id: line for line in lines_about(tx, asked)}
    return [_clinic_days(*each, lines, look.now) for each in zip(stretches, leaves, strict=True)]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """When sessions of a clinic begin, on which civil days, each in the session's own zone; and those days' rows."""

    today: date
    until: date
    clinic: Clinic
    paused: Pauses
    days: Mapping[date, Sequence[Start]]
    rows: Mapping[date, Sequence[Glance]]


def _stretch(tx: Transaction, clinic: Clinic, paused: Pauses, look: Look, room: int) -> _Stretch:
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
    # Up to so many sessions of a clinic, every day has its rows; of more, the days that are near.
    shown = set(days) if look.on is not None else told_days(sizes, near=near, room=room)
    told = {day: days[day] for day in shown}
    return _Stretch(today, last, clinic, paused, dict(sorted(days.items())), _rows(tx, clinic, told))


def _rows(tx: Transaction, clinic: Clinic, told: Mapping[date, Sequence[Start]]) -> Mapping[date, Sequence[Glance]]:
    rows: dict[date, list[Glance]] = {day: [] for day in sorted(told)}
    times = [start.at for starts in told.values() for start in starts]
    if times:
        for item in glances.between(tx, clinic.id, min(times), max(times) + INSTANT):
            rows.get(local_day(item.starts_at, ZoneInfo(item.timezone)), []).append(item)
    return rows


def _leaf(day: Sequence[Glance], share: int, look: Look) -> Leaf[Glance]:
    """Return the page of a day that was asked for; else what comes next of it."""
    found = next((place for place, item in enumerate(day) if item.id == look.opening), None)
    return leaf_at(day, start_of(day, share, now=look.now) if found is None else found, share)


def _clinic_days(
    stretch: _Stretch,
    leaves: Mapping[date, Leaf[Glance]],
    lines: Mapping[AppointmentId, AppointmentLine],
    now: datetime,
) -> ClinicDays:
    days = [_day(stretch, on, leaves.get(on), lines, now) for on in stretch.days]
    return ClinicDays(stretch.clinic, stretch.today, stretch.until, days)


def _day(
    stretch: _Stretch,
    on: date,
    leaf: Leaf[Glance] | None,
    lines: Mapping[AppointmentId, AppointmentLine],
    now: datetime,
) -> SessionDay:
    starts, booked = stretch.days[on], Booked(stretch.clinic, stretch.paused, ())
    return SessionDay(
        on=on,
        timezone=starts[0].timezone,
        count=sum(start.sessions for start in starts),
        count_over=sum(start.sessions for start in starts if start.at <= now),
        open_confirmations=sum(start.unconfirmed for start in starts if start.at > now),
        open_rides=sum(start.without_ride for start in starts if start.at > now),
        is_closed=any(booked.is_on_closed_day(start.at) for start in starts),
        lines=[lines[item.id] for item in leaf.rows if item.id in lines] if leaf is not None else (),
        is_told=leaf is not None,
        first=leaf.first if leaf is not None else 0,
        before=leaf.before.id if leaf is not None and leaf.before is not None else None,
        after=leaf.after.id if leaf is not None and leaf.after is not None else None,
    )
