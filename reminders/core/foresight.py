"""Foresight: the plan of a whole schedule as it would come true, without a database.

Each row counts as newly booked now with nothing said before, by escorts neither; a booked session as if it will take
place; a series as closed when its last session ends. Caps are no part of a plan: they hold at send time, by what really
left (`crowding`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment, ScheduleEntry
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.conditions import Telling, case_of
from reminders.core.escorts import EscortWord
from reminders.core.ids import AppointmentId, PatientId, ReminderId
from reminders.core.merging import Bundle, Candidate, foresee
from reminders.core.patients import Channel, Patient, Recipient
from reminders.core.planning import desired
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderState
from reminders.core.windows import local_day


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

    @property
    def name(self) -> str:
        """Its appointment and step, as `merged_into` writes them; unique in one clinic's schedule."""
        return f"{self.entry.external_id}/{self.step}"


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
    for place, candidates in _by_reader(waiting, booked).items():
        for bundle in foresee(candidates, tz=place.tz):
            yield from _touches(bundle, booked)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads a message: an escort by their phone, or the patient. `tz` is the zone of their days."""

    phone: str | None
    tz: ZoneInfo


def _by_reader(
    waiting: Iterable[Candidate], booked: dict[AppointmentId, ScheduleEntry]
) -> dict[_Reader, list[Candidate]]:
    found: dict[_Reader, list[Candidate]] = {}
    own: _Reader | None = None
    for item in waiting:
        entry = booked[item.reminder.appointment_id]
        if item.reminder.planned.key.recipient is Recipient.ESCORT:
            reader = _Reader(entry.booking.escort_phone, entry.booking.tz)
        else:
            reader = own = own or _Reader(None, quiet_zone(entry.patient, entry.booking))
        found.setdefault(reader, []).append(item)
    return found


def _planned(
    clinic: Clinic, patient: Patient, appointment: Appointment, appointments: Sequence[Appointment], now: datetime
) -> Iterator[tuple[Candidate | None, PlannedReminder]]:
    """Yield the touches of one appointment; those that wait to leave as candidates for merging."""
    others = [other for other in appointments if other is not appointment]
    escort = EscortWord.UNASKED if appointment.booking.escort_phone else EscortWord.SILENT
    case = case_of(appointment, patient, clinic, siblings=others, telling=Telling(), now=now, escort=escort)
    starts_on = local_day(appointment.starts_at, case.tz)
    for plan in desired(case):
        step = case.cadence.step(plan.key.step)
        if step is None or plan.state is not ReminderState.PLANNED:
            yield None, plan
            continue
        reminder = Reminder(ReminderId(appointment.id), appointment.id, patient.id, 1, plan)
        yield Candidate(reminder, step, appointment.starts_at, starts_on), plan


def _touches(bundle: Bundle, booked: dict[AppointmentId, ScheduleEntry]) -> Iterator[Touch]:
    leader = bundle.leader.reminder
    entry = booked[leader.appointment_id]
    message = _touch(entry, leader.planned, at=bundle.at)
    yield message
    for other in bundle.others:
        yield _touch(
            booked[other.reminder.appointment_id], other.reminder.planned, at=bundle.at, merged_into=message.name
        )


def _touch(
    entry: ScheduleEntry, plan: PlannedReminder, *, at: datetime | None = None, merged_into: str | None = None
) -> Touch:
    return Touch(
        entry=entry,
        step=plan.key.step,
        recipient=plan.key.recipient,
        channel=plan.key.channel,
        due_at=at or plan.due_at,
        expires_at=plan.expires_at,
        state=plan.state if merged_into is None else ReminderState.MERGED,
        reason=plan.reason if merged_into is None else Reason.MERGED,
        merged_into=merged_into,
        tz=entry.booking.tz if plan.key.recipient is Recipient.ESCORT else quiet_zone(entry.patient, entry.booking),
    )
