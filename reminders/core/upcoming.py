"""Upcoming: what will be sent to one patient, merged and worded as it would leave if nothing changed.

What the gate decides in the last moment (quiet hours, caps, an address that closes) is no part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.content import Question, Words, compose
from reminders.core.gate import unneeded
from reminders.core.ids import AppointmentId
from reminders.core.merging import Bundle, Candidate, foresee
from reminders.core.patients import Channel, Patient, Recipient
from reminders.core.reminders import Reason, Reminder
from reminders.core.windows import local_day


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One message to come: when (UTC), of which step, and its words. `along` are the steps that go with it.

    `needless` is why it will not leave as things stand; then it has no words.
    """

    at: datetime
    step: str
    channel: Channel
    recipient: Recipient
    appointment: Appointment
    words: Words | None
    along: tuple[str, ...] = ()
    needless: Reason | None = None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads a message: the patient, or an escort by their phone; `tz` is the zone of their days."""

    phone: str | None
    tz: ZoneInfo


def upcoming(
    clinic: Clinic,
    patient: Patient,
    booked: Mapping[AppointmentId, Appointment],
    reminders: Iterable[Reminder],
    *,
    page: str,
    until: datetime | None = None,
) -> list[Upcoming]:
    """Return what waits to be sent to a patient and who fetches them, in order of time.

    `page` stands for the address of the patient's own page, which is made with the message. What leaves at `until` or
    later has no words: whoever looks at the next days only need not wait for them.
    """
    found: list[Upcoming] = []
    by_reader: dict[_Reader, list[Candidate]] = {}
    for item in reminders:
        held = booked.get(item.appointment_id)
        if held is None or held.version != item.version or not item.planned.state.is_waiting:
            continue
        step = clinic.cadence(held.booking.appointment_type, patient.override).step(item.step)
        if step is None:
            continue
        key, reason = item.planned.key, unneeded(item.step, held)
        if reason is not None:
            found.append(Upcoming(item.due_at, item.step, key.channel, key.recipient, held, None, needless=reason))
            continue
        candidate = Candidate(item, step, held.starts_at, local_day(held.starts_at, held.booking.tz))
        by_reader.setdefault(_reader(patient, held, key.recipient), []).append(candidate)
    for reader, candidates in by_reader.items():
        for bundle in foresee(candidates, tz=reader.tz):
            made = _worded(clinic, patient, booked, bundle, page) if until is None or bundle.at < until else None
            found.append(made or _told(bundle, booked, None))
    return sorted(found, key=lambda item: (item.at, item.step))


def _reader(patient: Patient, held: Appointment, recipient: Recipient) -> _Reader:
    if recipient is Recipient.ESCORT:
        return _Reader(held.booking.escort_phone, held.booking.tz)
    return _Reader(None, quiet_zone(patient.record, held.booking))


def _worded(
    clinic: Clinic, patient: Patient, booked: Mapping[AppointmentId, Appointment], bundle: Bundle, page: str
) -> Upcoming:
    key = bundle.leader.reminder.planned.key
    asks, question = bundle.asks, None
    if asks is not None:
        link = page if key.channel is Channel.EMAIL else ""
        question = Question(asks.kind, tuple(booked[one.reminder.appointment_id] for one in asks.about), link)
    words = compose(
        key.step,
        list(_sessions(bundle, booked)),
        clinic,
        patient,
        channel=key.channel,
        now=bundle.at,
        question=question,
    )
    return _told(bundle, booked, words)


def _told(bundle: Bundle, booked: Mapping[AppointmentId, Appointment], words: Words | None) -> Upcoming:
    key = bundle.leader.reminder.planned.key
    about = booked[bundle.leader.reminder.appointment_id]
    along = tuple(dict.fromkeys(item.step.key for item in bundle.others))
    return Upcoming(bundle.at, key.step, key.channel, key.recipient, about, words, along)


def _sessions(bundle: Bundle, booked: Mapping[AppointmentId, Appointment]) -> Iterator[Appointment]:
    for item in (bundle.leader, *bundle.also):
        yield booked[item.reminder.appointment_id]
