"""Until when a task should be done: so much of the clinic's working time, and a matter of safety sooner.

A task that nobody can work on yet is not overdue: what a patient writes on Friday evening is due on Monday, unless it
is about their safety. The start of the session that it is about comes before everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from reminders.core.clinics import Clinic
from reminders.core.pauses import NO_PAUSES, Pauses
from reminders.core.tasks.kinds import TaskKind, Urgency
from reminders.core.windows import civil, local_day

OPENS, CLOSES = time(9), time(17)
"""When somebody works off the worklist on an open day, in the clinic's zone."""
HALF_AN_HOUR, WORKING_DAY = timedelta(minutes=30), timedelta(hours=8)
MOST_DAYS = 60
"""A clinic that is closed for longer has other worries: a task then is due when the time has passed on the wall."""
MINUTES_IN_HOUR, HOURS_TOLD, HOURS_IN_DAY = 60, 48, 24


@dataclass(frozen=True, slots=True)
class Within:
    """How long a task may wait: so much working time, and at most so long with nights and weekends counted."""

    working: timedelta
    at_most: timedelta | None = None


BY_URGENCY: Mapping[Urgency, timedelta] = {
    Urgency.HIGH: HALF_AN_HOUR,
    Urgency.NORMAL: WORKING_DAY,
    Urgency.LOW: 3 * WORKING_DAY,
}
AT_MOST: Mapping[TaskKind, timedelta] = {
    TaskKind.ESCALATION: timedelta(minutes=10),
    TaskKind.RUNNING_LATE: timedelta(minutes=10),
    TaskKind.SYMPTOM: timedelta(hours=12),
    TaskKind.SELF_DRIVE: timedelta(hours=12),
}
"""Matters of safety, and what is pointless once the patient stands at the door."""
DUE_WITHIN: Mapping[tuple[TaskKind, Urgency], Within] = {
    (kind, urgency): Within(working, AT_MOST.get(kind)) for kind in TaskKind for urgency, working in BY_URGENCY.items()
}


def due_at(
    kind: TaskKind,
    urgency: Urgency,
    *,
    opened_at: datetime,
    clinic: Clinic,
    pauses: Pauses = NO_PAUSES,
    start: datetime | None = None,
) -> datetime:
    """Return the UTC instant until which a task should be done; `start` is that of the session it is about.

    A session that had begun when the task was opened, or that has none, sets no limit.
    """
    within = DUE_WITHIN[kind, urgency]
    limits = [after_working(opened_at, within.working, clinic, pauses)]
    if within.at_most is not None:
        limits.append(opened_at + within.at_most)
    if start is not None and start > opened_at:
        limits.append(start)
    return min(limits)


def after_working(since: datetime, span: timedelta, clinic: Clinic, pauses: Pauses = NO_PAUSES) -> datetime:
    """Return the instant by which so much working time has passed since another."""
    left = span
    for opens, closes in _working_days(since, clinic, pauses):
        begin = max(opens, since)
        if begin + left <= closes:
            return begin + left
        left -= max(closes - begin, timedelta())
    return since + span


def _working_days(since: datetime, clinic: Clinic, pauses: Pauses) -> Iterator[tuple[datetime, datetime]]:
    first = local_day(since, clinic.tz)
    for on in (first + timedelta(days=count) for count in range(MOST_DAYS)):
        if on.weekday() in clinic.open_days and not clinic.is_closed(on, pauses):
            yield civil(on, OPENS, clinic.tz), civil(on, CLOSES, clinic.tz)


def told(due: datetime, now: datetime) -> str:
    """Write how long there is still, or how long ago it should have been done: 'in 40 min', 'overdue 2 h'."""
    minutes = round(abs(due - now).total_seconds() / 60)
    if not minutes:
        return "now"
    return f"in {_span(minutes)}" if due > now else f"overdue {_span(minutes)}"


def _span(minutes: int) -> str:
    hours = minutes // MINUTES_IN_HOUR
    if not hours:
        return f"{minutes} min"
    return f"{hours} h" if hours < HOURS_TOLD else f"{hours // HOURS_IN_DAY} days"
