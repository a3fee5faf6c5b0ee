"""Watching: what time alone does to an appointment: no ride arranged, no answer come, no outcome marked.

No message is due then, so nothing else would notice. The store keeps for each appointment the next instant at which to
look (`next_watch`); a look opens what is due (`tasks_due`). Looking late or twice gives the same tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from reminders.core.appointments import AppointmentStatus, Booking
from reminders.core.cadences import QuestionKind, Step, instant
from reminders.core.clinics import Clinic
from reminders.core.conditions import Case, applies
from reminders.core.slots import Slot
from reminders.core.tasks import RIDE_CHECK, USUAL_URGENCY, Resolver, TaskKind, Urgency, ended_by
from reminders.core.transport import RideState
from reminders.core.windows import civil, local_day, open_day_before

DESK_AT = time(14)
"""When the front desk hears of a missing ride or answer: early enough to phone the patient that afternoon."""
LATEST_RIDE = timedelta(hours=12)
"""So long before the session a missing ride is a person's business at the latest (domain A6)."""
LAST_DAY = timedelta(hours=24)
"""So close to the session a missing ride is urgent: clinics send patients home without one (domain A3)."""
LONG_OVER = timedelta(days=7)
"""An outcome missing for longer when we first hear of the session makes no task: an import of last year's rows would
bury the worklist. The import's own notes count them instead."""
RIDE_TASKS = frozenset({TaskKind.RIDE_WANTED, TaskKind.SELF_DRIVE, TaskKind.ESCORT_DECLINED})
"""Tasks about the ride home: their cause ends when it is arranged, or with the session."""
OVER_WITH_THE_SESSION = RIDE_TASKS | {TaskKind.UNCONFIRMED, TaskKind.RUNNING_LATE}
OF_STATES: Mapping[RideState, TaskKind | None] = {
    RideState.NEEDED: TaskKind.RIDE_WANTED,
    RideState.HIRED: TaskKind.RIDE_WANTED,
    RideState.SELF: TaskKind.SELF_DRIVE,
    RideState.ARRANGED: None,
}


@dataclass(frozen=True, slots=True)
class Due:
    """A task that is to be open by now."""

    kind: TaskKind
    urgency: Urgency


def ride_task(state: RideState) -> TaskKind | None:
    """Return what a person is asked to do about a ride of which this was said; None where nothing."""
    return OF_STATES[state]


def ride_urgency(kind: TaskKind, starts_at: datetime, *, now: datetime) -> Urgency:
    """Return how urgent a task about a ride is: a missing one in the last day, a patient at the wheel always."""
    is_close = now >= starts_at - LAST_DAY
    return Urgency.NORMAL if kind is TaskKind.RIDE_WANTED and not is_close else Urgency.HIGH


def tasks_due(case: Case) -> tuple[Due, ...]:
    """Return the tasks that are to be open about an appointment at the case's own time."""
    return outlook(case)[0]


def next_watch(case: Case) -> datetime | None:
    """Return the next instant after the case's own time at which `tasks_due` or `over_by` says something else."""
    return outlook(case)[1]


def outlook(case: Case, slot: Slot | None = None) -> tuple[tuple[Due, ...], datetime | None]:
    """Return `tasks_due` and `next_watch`, which go by the same three instants."""
    slot = slot or Slot()
    asked, silent, over = ride_wanted_at(case, slot), answer_wanted_at(case, slot), outcome_wanted_at(case)
    return _due(case, asked, silent, over), _next(case, asked, silent, over)


def _due(case: Case, asked: datetime | None, silent: datetime | None, over: datetime | None) -> tuple[Due, ...]:
    due = []
    if asked is not None and asked <= case.now < case.base.start:
        kind = TaskKind.RIDE_WANTED
        due.append(Due(kind, ride_urgency(kind, case.base.start, now=case.now)))
    if silent is not None and silent <= case.now < case.base.start:
        due.append(Due(TaskKind.UNCONFIRMED, USUAL_URGENCY[TaskKind.UNCONFIRMED]))
    if over is not None and over <= case.now:
        due.append(Due(TaskKind.MARK_OUTCOME, USUAL_URGENCY[TaskKind.MARK_OUTCOME]))
    return tuple(due)


def _next(case: Case, asked: datetime | None, silent: datetime | None, over: datetime | None) -> datetime | None:
    moments = [over]
    if silent is not None and silent < case.base.start:
        moments += [silent, case.base.end]
    if asked is not None:
        moments += [moment for moment in (asked, case.base.start - LAST_DAY) if asked <= moment < case.base.start]
        moments.append(case.base.end)
    return min((moment for moment in moments if moment is not None and moment > case.now), default=None)


def over_by(kind: TaskKind, key: str, case: Case) -> Resolver | None:
    """Say who or what ended the cause of an open task about the appointment; None while it stands."""
    if kind in OVER_WITH_THE_SESSION and case.base.end <= case.now:
        return ended_by(kind, key, case.appointment) or Resolver.TIME
    if kind is TaskKind.SESSION_ON_CLOSED_DAY and not _is_closed(case):
        return Resolver.SCHEDULE
    return ended_by(kind, key, case.appointment)


def ride_wanted_at(case: Case, slot: Slot | None = None) -> datetime | None:
    """Return when a person has to arrange the ride; None where nobody asks, or it is arranged for this version.

    It depends on nothing that was or was not sent: a question that no text could ask is the front desk's all the same.
    """
    step = case.cadence.step(RIDE_CHECK)
    if step is None or not step.is_enabled:
        return None
    if case.appointment.status is not AppointmentStatus.BOOKED or case.appointment.has_ride:
        return None
    slot = slot or Slot()
    return min(_useless_at(step, case, slot), case.base.start - LATEST_RIDE, _desk_hears_at(case, slot))


def answer_wanted_at(case: Case, slot: Slot | None = None) -> datetime | None:
    """Return when a person has to ask whether the patient comes; None where nobody asks, or they said so.

    Nor about a session that was booked or moved when it was too late to ask: whoever did that has just spoken with
    the clinic.
    """
    if case.appointment.status is not AppointmentStatus.BOOKED or case.appointment.is_confirmed:
        return None
    slot = slot or Slot()
    asking = [step for step in case.cadence.steps if step.is_enabled and step.asks is QuestionKind.CONFIRM]
    ends = [_useless_at(step, case, slot) for step in asking if applies(step, case)]
    if not ends or max(ends) <= case.appointment.versioned_at:
        return None
    return _desk_hears_at(case, slot)


def _desk_hears_at(case: Case, slot: Slot) -> datetime:
    at = slot.moments.get("desk hears")
    if at is None:
        at = slot.moments["desk hears"] = _last_desk_hour(case)
    return at


def _last_desk_hour(case: Case) -> datetime:
    staffed = open_day_before(local_day(case.base.start, case.tz), lambda on: not _is_staffed(case, on))
    # Closed for weeks before the session: then its last day, of which somebody may still make something.
    return case.base.start - LAST_DAY if staffed is None else civil(staffed, DESK_AT, case.tz)


def _useless_at(step: Step, case: Case, slot: Slot) -> datetime:
    at = slot.moments.get(step.key)
    if at is None:
        due = instant(step.due, case.base, case.tz)
        at = slot.moments[step.key] = instant(step.expires, case.base, case.tz, due=due)
    return at


def _is_staffed(case: Case, on: date) -> bool:
    """Say whether anybody works off the worklist on a day."""
    return on.weekday() in case.clinic.open_days and not case.clinic.is_closed(on, case.pauses)


def is_on_closed_day(case: Case) -> bool:
    """Say whether a session to come is booked on a day that the clinic's file or staff closed: nobody will be there."""
    is_to_come = case.appointment.status is AppointmentStatus.BOOKED and case.base.start > case.now
    return is_to_come and _is_closed(case)


def _is_closed(case: Case) -> bool:
    return case.clinic.is_closed(local_day(case.base.start, case.tz), case.pauses)


def outcome_wanted_at(case: Case) -> datetime | None:
    """Return when the outcome is to be marked: at the session's end; None where it is marked, or long over.

    It is wanted too where the clinic lets us assume that sessions took place: check-ins then run without it.
    """
    if not case.appointment.status.is_coming or is_long_over(case.base.end, known_at=case.appointment.versioned_at):
        return None
    return case.base.end


def is_long_over(end: datetime, *, known_at: datetime) -> bool:
    """Say whether a session was over for so long, when we first heard of it as it is, that nobody is asked about it."""
    return end <= known_at - LONG_OVER


def never_asked_about(clinic: Clinic, bookings: Iterable[Booking], *, now: datetime) -> int:
    """Count the sessions of a reading whose outcome is missing and that are over too long to ask about each."""
    return sum(
        1 for booking in bookings if booking.status.is_coming and is_long_over(end_of(clinic, booking), known_at=now)
    )


def end_of(clinic: Clinic, booking: Booking) -> datetime:
    """Return when a session of the clinic should be over, the time on site after it included."""
    return booking.starts_at + booking.duration + clinic.cadence(booking.appointment_type).recovery(booking.duration)
