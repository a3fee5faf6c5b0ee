"""Foresight: the plan of a whole schedule as it would come true, without a database.

Each row counts as newly booked now with nothing said before; a booked session as if it will take place; a series as
closed when its last session ends.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment, ScheduleEntry
from reminders.core.caps import LONGEST_DAY, WEEK, Coming, Ruling, Traffic, importance, is_capped, next_day, ruling
from reminders.core.clinics import Caps, Clinic, quiet_zone
from reminders.core.conditions import Telling, case_of
from reminders.core.gate import LEAST_USEFUL_LIFE
from reminders.core.ids import AppointmentId, PatientId, ReminderId
from reminders.core.merging import Bundle, Candidate, foresee
from reminders.core.patients import Channel, Patient, Recipient
from reminders.core.planning import desired
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderState
from reminders.core.windows import local_day

_Waiting = tuple[datetime, int, int, Coming]
"""A message on its way: when, how soon it gives way among those of one instant, its place, and how others see it."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One planned touch: when it leaves (UTC; `tz` is the reader's zone), or why it does not.

    A merged touch leaves with the message of `merged_into`, written APPOINTMENT/step, and carries that one's time.
    """

    entry: ScheduleEntry
    step: str
    recipient: Recipient
    channel: Channel
    due_at: datetime
    expires_at: datetime
    state: ReminderState
    reason: Reason | None
    merged_into: str | None
    tz: ZoneInfo


def foresee_schedule(clinic: Clinic, entries: Iterable[ScheduleEntry], *, now: datetime) -> list[Touch]:
    """Return every touch that the rows of one clinic lead to, in order of time. Patients are told apart by their id."""
    hopeful = replace(clinic, assume_fulfilled=True)
    by_patient: dict[str, list[ScheduleEntry]] = {}
    for entry in entries:
        by_patient.setdefault(entry.patient.external_id, []).append(entry)
    touches = [touch for rows in by_patient.values() for touch in _of_patient(hopeful, rows, now)]
    return sorted(touches, key=lambda touch: (touch.due_at, touch.entry.external_id, touch.step))


def _of_patient(clinic: Clinic, entries: Sequence[ScheduleEntry], now: datetime) -> Iterator[Touch]:
    patient = Patient(PatientId(UUID(int=0)), entries[0].patient)
    booked = {AppointmentId(UUID(int=place)): entry for place, entry in enumerate(entries)}
    appointments = [
        Appointment(key, entry.external_id, patient.id, entry.booking, 1, now) for key, entry in booked.items()
    ]
    waiting: list[Candidate] = []
    for appointment in appointments:
        entry = booked[appointment.id]
        for candidate, plan in _planned(clinic, patient, appointment, appointments, now):
            if candidate is None:
                yield _touch(entry, plan)
            else:
                waiting.append(candidate)
    zone = quiet_zone(patient.record, entries[0].booking)
    for bundle, at in _within_caps(list(foresee(waiting, tz=zone)), clinic, zone):
        yield from _dropped(bundle, booked) if at is None else _touches(bundle, at, booked)


def _planned(
    clinic: Clinic, patient: Patient, appointment: Appointment, appointments: Sequence[Appointment], now: datetime
) -> Iterator[tuple[Candidate | None, PlannedReminder]]:
    """Yield the touches of one appointment; those that wait to leave as candidates for merging."""
    others = [other for other in appointments if other is not appointment]
    case = case_of(appointment, patient, clinic, siblings=others, telling=Telling(), now=now)
    starts_on = local_day(appointment.starts_at, case.tz)
    for plan in desired(case):
        step = case.cadence.step(plan.key.step)
        if step is None or plan.state is not ReminderState.PLANNED:
            yield None, plan
            continue
        reminder = Reminder(ReminderId(appointment.id), appointment.id, patient.id, 1, plan)
        yield Candidate(reminder, step, appointment.starts_at, starts_on), plan


def _within_caps(bundles: Sequence[Bundle], clinic: Clinic, zone: ZoneInfo) -> Iterator[tuple[Bundle, datetime | None]]:
    """Yield each message with the time at which the caps let it leave, None where they never do (requirement 12)."""
    if not _may_reach_a_cap(sorted(bundle.at for bundle in bundles), clinic.caps, zone):
        yield from ((bundle, bundle.at) for bundle in bundles)
        return
    waiting = sorted(_waiting(bundle.at, importance(_steps(bundle)), place) for place, bundle in enumerate(bundles))
    left: list[datetime] = []
    while waiting:
        at, _, place, seen = waiting.pop(0)
        traffic = _traffic(left, waiting, at) if is_capped(seen.importance) else Traffic()
        match ruling(seen.importance, traffic, clinic.caps, zone=zone, now=at):
            case Ruling.GO:
                left.append(at)
                yield bundles[place], at
            case Ruling.WAIT if (later := _held_until(bundles[place], at, clinic, zone)) is not None:
                insort(waiting, _waiting(later, seen.importance, place))
            case _:
                yield bundles[place], None


def _waiting(at: datetime, weight: int, place: int) -> _Waiting:
    return at, -weight, place, Coming(at, weight)


def _may_reach_a_cap(times: Sequence[datetime], caps: Caps, zone: ZoneInfo) -> bool:
    """Say whether all of these together exceed a cap anywhere; where they do not, none of them has to give way."""
    is_full_week = any(last - first < WEEK for first, last in zip(times, times[caps.per_week :], strict=False))
    return is_full_week or any(
        last - first < LONGEST_DAY and local_day(first, zone) == local_day(last, zone)
        for first, last in zip(times, times[caps.per_day :], strict=False)
    )


def _traffic(left: Sequence[datetime], waiting: Sequence[_Waiting], now: datetime) -> Traffic:
    recent = left[bisect_left(left, now - WEEK - LONGEST_DAY) :]
    soon = waiting[: bisect_left(waiting, now + WEEK, key=_leaves_at)]
    return Traffic(tuple(recent), tuple([item[3] for item in soon]))


def _leaves_at(item: _Waiting) -> datetime:
    return item[0]


def _held_until(bundle: Bundle, at: datetime, clinic: Clinic, zone: ZoneInfo) -> datetime | None:
    """Return the next day's opening, None where the message would be useless by then."""
    later = next_day(at, zone, clinic.window)
    expires_at = bundle.leader.reminder.planned.expires_at
    return None if later is None or later + LEAST_USEFUL_LIFE > expires_at else later


def _steps(bundle: Bundle) -> set[str]:
    return {item.step.key for item in (bundle.leader, *bundle.others)}


def _touches(bundle: Bundle, at: datetime, booked: dict[AppointmentId, ScheduleEntry]) -> Iterator[Touch]:
    leader = bundle.leader.reminder
    entry = booked[leader.appointment_id]
    yield _touch(entry, replace(leader.planned, due_at=at))
    name = f"{entry.external_id}/{leader.step}"
    for other in bundle.others:
        plan = replace(other.reminder.planned, due_at=at, state=ReminderState.MERGED, reason=Reason.MERGED)
        yield _touch(booked[other.reminder.appointment_id], plan, merged_into=name)


def _dropped(bundle: Bundle, booked: dict[AppointmentId, ScheduleEntry]) -> Iterator[Touch]:
    """Yield what gave way, with everything that was merged into it: each at its own time, as it would have been."""
    for item in (bundle.leader, *bundle.others):
        plan = replace(item.reminder.planned, state=ReminderState.SUPPRESSED, reason=Reason.CAP)
        yield _touch(booked[item.reminder.appointment_id], plan)


def _touch(entry: ScheduleEntry, plan: PlannedReminder, *, merged_into: str | None = None) -> Touch:
    return Touch(
        entry=entry,
        step=plan.key.step,
        recipient=plan.key.recipient,
        channel=plan.key.channel,
        due_at=plan.due_at,
        expires_at=plan.expires_at,
        state=plan.state,
        reason=plan.reason,
        merged_into=merged_into,
        tz=quiet_zone(entry.patient, entry.booking),
    )
