"""A second planner: few, slow and obvious lines, written from the table of the product's rules and not from its code.

It walks along the clock instead of calculating, and knows the default cadence only. Times in rows and windows must
stand on whole five minutes, windows on whole quarters of an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from reminders.core.appointments import ScheduleEntry
from reminders.core.clinics import Clinic

QUARTER, FIVE = timedelta(minutes=15), timedelta(minutes=5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEARCHED = 15 * DAY

PRIORITY = (
    *("remind_final", "day_of", "ride_check", "remind_confirm", "checkin_evening", "checkin_24h", "checkin_72h"),
    *("prep_first", "outcome_7d", "outcome_14d", "rebook", "booked"),
)
AFTERWARDS = {"checkin_evening", "checkin_24h", "checkin_72h", "outcome_7d", "outcome_14d", "rebook"}
OFF = {"cancelled", "noshow"}


@dataclass
class Line:
    """One line of the plan, as the preview prints it."""

    row: ScheduleEntry
    step: str
    due: datetime
    expires: datetime
    at: datetime
    not_before: datetime
    state: str = "planned"
    reason: str | None = None
    merged_into: str | None = None
    channel: str = "sms"

    @property
    def name(self) -> str:
        """How a merged line is pointed at."""
        return f"{self.row.external_id}/{self.step}"


def plan(clinic: Clinic, rows: Iterable[ScheduleEntry], now: datetime) -> dict[str, Line]:
    """Plan a schedule: every line by its name."""
    rows = list(rows)
    lines = []
    for patient in {row.patient.external_id for row in rows}:
        mine = [row for row in rows if row.patient.external_id == patient]
        theirs = [line for row in mine for line in lines_of(clinic, row, [x for x in mine if x is not row], now)]
        merge([line for line in theirs if line.state == "planned"], zone_of(mine[0]))
        lines += theirs
    return {line.name: line for line in lines}


# ----- the clock


@lru_cache(maxsize=100_000)
def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what a clock on the wall shows."""
    return at.astimezone(zone).replace(tzinfo=None)


@lru_cache(maxsize=100_000)
def clock(on: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the first instant at which the wall clock shows this time, or has jumped over it."""
    aim = datetime.combine(on, at)
    instant = aim.replace(tzinfo=UTC) - 16 * HOUR
    while wall(instant, zone) < aim:
        instant += QUARTER
    return instant


def zone_of(row: ScheduleEntry) -> ZoneInfo:
    """Return the zone of quiet hours: the patient's, the clinic's if unknown."""
    return ZoneInfo(row.patient.timezone or row.booking.timezone)


def is_open(clinic: Clinic, at: datetime, zone: ZoneInfo) -> bool:
    """Say whether we may write, by a look at the wall."""
    shown = wall(at, zone)
    for span in clinic.window.days[shown.weekday()]:
        is_over_midnight = span.closes <= span.opens
        if span.opens <= shown.time() and (is_over_midnight or shown.time() < span.closes):
            return True
    for span in clinic.window.days[(shown - DAY).weekday()]:
        if span.closes <= span.opens and shown.time() < span.closes:
            return True
    return False


def into_window(
    clinic: Clinic, due: datetime, expires: datetime, *, not_before: datetime, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """Move forward to the next opening if that is in time; else an hour before the last closing that is."""
    at = start = max(due, now)
    while not is_open(clinic, at, zone) and at < start + SEARCHED:
        at += FIVE if at.minute % 15 else QUARTER
    if is_open(clinic, at, zone) and at < expires and due < expires:
        return at
    closing = expires
    while not (is_open(clinic, closing - FIVE, zone) and not is_open(clinic, closing, zone)):
        closing -= FIVE
        if closing < expires - SEARCHED:
            return None
    at = closing
    while at > closing - HOUR and is_open(clinic, at - FIVE, zone):
        at -= FIVE
    at = max(at, not_before, now)
    return at if at < expires and is_open(clinic, at, zone) else None


# ----- the table


def civil(anchor: datetime, days: int, at: time, zone: ZoneInfo) -> datetime:
    """Return a time on the wall, some days from an anchor."""
    return clock(wall(anchor, zone).date() + timedelta(days=days), at, zone)


def table(clinic: Clinic, row: ScheduleEntry, now: datetime) -> list[tuple[str, datetime, datetime | None]]:
    """Return each step that could be, when it is due and when it expires; None is counted from the due time."""
    booking, zone = row.booking, ZoneInfo(row.booking.timezone)
    cadence, start = clinic.cadence(booking.appointment_type), booking.starts_at
    is_long = booking.duration > timedelta(minutes=90)
    end = start + booking.duration + timedelta(minutes=60 if is_long else 40)
    arrival, ten = start - timedelta(minutes=15), time(10)
    return [
        ("booked", now, start),
        ("prep_first", civil(start, -5, ten, zone), start - 24 * HOUR),
        ("remind_confirm", civil(start, -3, ten, zone), start - 26 * HOUR),
        ("ride_check", civil(start, -2, ten, zone), start - 12 * HOUR),
        ("remind_final", civil(start, -1, ten, zone), start - 8 * HOUR),
        ("day_of", arrival - timedelta(hours=2, minutes=30), arrival - timedelta(minutes=45)),
        ("checkin_evening", end + 4 * HOUR, civil(end, 1, time(12), zone)),
        ("checkin_24h", end + 24 * HOUR, end + 36 * HOUR),
        ("checkin_72h", end + 72 * HOUR, end + 96 * HOUR),
        ("outcome_7d", civil(end, 7, ten, zone), None),
        ("outcome_14d", civil(end, 14, ten, zone), None),
        ("rebook", civil(start, 7 * (cadence.rebook_weeks or 0), ten, zone), None),
    ]


def end_of(row: ScheduleEntry) -> datetime:
    """Return when the patient may leave."""
    minutes = 60 if row.booking.duration > timedelta(minutes=90) else 40
    return row.booking.starts_at + row.booking.duration + timedelta(minutes=minutes)


# ----- the conditions


def is_wanted(clinic: Clinic, step: str, row: ScheduleEntry, others: Sequence[ScheduleEntry]) -> bool:
    """Say whether a row gets a step at all, as far as no time decides on it."""
    status, cadence = row.booking.status.value, clinic.cadence(row.booking.appointment_type)
    defined = cadence.step(step)
    if defined is None or not defined.is_enabled:
        return False
    if step in {"prep_first", "checkin_evening"} and not is_first(row, others):
        return False
    if step.startswith("outcome"):
        return closes_series(row, others)
    if step == "rebook":
        later = [x for x in others if x.booking.starts_at > row.booking.starts_at and x.booking.status.value not in OFF]
        return cadence.rebook_weeks is not None and status not in OFF and not later
    if step in AFTERWARDS:
        return status not in OFF  # the preview hopes that what is booked takes place
    return status == "booked"


def is_first(row: ScheduleEntry, others: Sequence[ScheduleEntry]) -> bool:
    """Say whether no session of the series comes before this one: all lower numbers are known, and off."""
    series, number = row.booking.series_id, row.booking.series_number
    if series is None:
        return True
    same = [other for other in others if other.booking.series_id == series]
    if number is None:
        held = [other for other in same if other.booking.status.value not in OFF]
        return all(other.booking.starts_at >= row.booking.starts_at for other in held)
    for lower in range(1, number):
        numbered = [other for other in same if other.booking.series_number == lower]
        if not numbered or any(other.booking.status.value not in OFF for other in numbered):
            return False
    return True


def closes_series(row: ScheduleEntry, others: Sequence[ScheduleEntry]) -> bool:
    """Say whether this is the last session of a series that was not cancelled, if anybody came to any of them."""
    if row.booking.series_id is None or row.booking.status.value == "cancelled":
        return False
    same = [row, *(other for other in others if other.booking.series_id == row.booking.series_id)]
    left = [other for other in same if other.booking.status.value != "cancelled"]
    if any(other.booking.starts_at > row.booking.starts_at for other in left):
        return False
    return any(other.booking.status.value not in OFF for other in left)


def on_open_day(clinic: Clinic, step: str, due: datetime, row: ScheduleEntry) -> datetime:
    """Move what falls on a closed day to an open one before it, at the same hour; no check-in before the end."""
    if step in {"booked", "day_of"}:
        return due
    zone = ZoneInfo(row.booking.timezone)
    shown = wall(due, zone)
    on = shown.date()
    while on in clinic.closures:
        on -= DAY
    moved = due if on == shown.date() else clock(on, shown.time(), zone)
    return due if step in AFTERWARDS and moved <= end_of(row) else moved


def lines_of(clinic: Clinic, row: ScheduleEntry, others: Sequence[ScheduleEntry], now: datetime) -> list[Line]:
    """Return the lines of one row, before anything merges."""
    lines = []
    for step, offset, expiry in table(clinic, row, now):
        if not is_wanted(clinic, step, row, others):
            continue
        line = line_of(clinic, row, step, (on_open_day(clinic, step, offset, row), expiry), now)
        if step in {"checkin_24h", "checkin_72h"} and any(
            row.booking.starts_at < other.booking.starts_at <= line.at and other.booking.status.value not in OFF
            for other in others
        ):
            continue
        lines.append(line)
    reminding = [line for line in lines if line.step.startswith("remind_") and line.expires > now]
    if any(min(line.due, line.at) <= now + 24 * HOUR for line in reminding):
        lines = [line for line in lines if line.step != "booked"]
    return lines


def line_of(
    clinic: Clinic, row: ScheduleEntry, step: str, times: tuple[datetime, datetime | None], now: datetime
) -> Line:
    """Return one line: where its due time goes, or why it goes nowhere."""
    due, expiry = times
    expires = expiry or due + (14 if step == "rebook" else 4) * DAY
    record = row.patient
    by_text, by_mail = record.phone and record.has_sms_consent, record.email and record.has_email_consent
    line = Line(row, step, due, expires, due, due, channel="email" if by_mail and not by_text else "sms")
    if expires <= now:
        line.state, line.reason = "expired", "too_late_when_planned"
        return line
    earliest = end_of(row) if step in AFTERWARDS else now
    placed = into_window(clinic, due, expires, not_before=earliest, now=now, zone=zone_of(row))
    line.at = placed or max(due, now)
    line.not_before = min(due, line.at) if step in AFTERWARDS else now
    if not by_text and not by_mail:
        line.state, line.reason = "suppressed", "no_consent" if record.phone or record.email else "no_address"
    elif placed is None:
        line.state, line.reason = "suppressed", "no_window"
    return line


# ----- merging


def merge(waiting: list[Line], zone: ZoneInfo) -> None:
    """Let what falls due on one day of the patient leave at the earliest of its times."""
    while waiting:
        first = min(waiting, key=lambda line: line.at)
        today = wall(first.at, zone).date()
        going = [line for line in waiting if wall(line.at, zone).date() == today and line.not_before <= first.at]
        for line in list(going):
            if line.step in {"remind_confirm", "ride_check"}:
                going += [x for x in rest_of_run(line, waiting) if x not in going and x.expires > first.at]
        leader = min(going, key=lambda line: (PRIORITY.index(line.step), line.row.booking.starts_at))
        for line in going:
            line.at = first.at
            if line is not leader:
                line.state, line.reason, line.merged_into = "merged", "merged", leader.name
        waiting = [line for line in waiting if line not in going]


def rest_of_run(line: Line, waiting: Sequence[Line]) -> list[Line]:
    """Return the same question about this day's and the following days' sessions, up to the first day without one."""
    found, on = [], day_of_session(line)
    while same := [other for other in waiting if other.step == line.step and day_of_session(other) == on]:
        found += same
        on += DAY
    return found


def day_of_session(line: Line) -> date:
    """Return the day of the session in the clinic's calendar."""
    return wall(line.row.booking.starts_at, ZoneInfo(line.row.booking.timezone)).date()
