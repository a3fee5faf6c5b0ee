"""What the threads of some replies are made of, read for all of them in as many statements as for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.clinics import Clinic
from reminders.core.conversation.thread import OpenQuestion
from reminders.core.ids import AppointmentId, ClinicId, ContactId, PatientId
from reminders.core.patients import Recipient
from reminders.services.reply_case import Sender
from reminders.store import appointments, clinics, contacts, escalations, lately, patients, permissions, questions
from reminders.store.lately import Lately
from reminders.store.patients import Manner
from reminders.store.reminders import last_told
from reminders.store.unit_of_work import Transaction

HOUR = timedelta(hours=1)
LOOKED_BACK = timedelta(days=21)
"""How old a session may be that somebody still writes about: two weeks after a series we ask a last time."""
STAFF_AWAITED = timedelta(days=3)
"""So long after staff wrote themselves a bare word may be meant for them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some senders, by patient, session and address. `asked` is by the place of the sender."""

    now: datetime
    clinics: Mapping[ClinicId, Clinic]
    asked: Sequence[Sequence[tuple[OpenQuestion, ...]]]
    sessions: Sequence[Appointment]
    told: Mapping[AppointmentId, datetime]
    manners: Mapping[PatientId, Manner]
    alarmed: frozenset[PatientId]
    lately: Mapping[ContactId, Lately]
    opted_out: Mapping[ContactId, str]
    stops: Mapping[ContactId, datetime]

    def upcoming(self, ids: Sequence[PatientId]) -> list[Appointment]:
        """Return the booked sessions of patients that start after now, in order of start."""
        theirs = (item for item in self.sessions if item.patient_id in ids and item.starts_at > self.now)
        return [item for item in theirs if item.status is AppointmentStatus.BOOKED]

    def begun(self, ids: Sequence[PatientId]) -> list[Appointment]:
        """Return their sessions that began by now, the newest first."""
        theirs = (item for item in self.sessions if item.patient_id in ids and item.starts_at <= self.now)
        return sorted(theirs, key=lambda item: item.starts_at, reverse=True)

    def unheard(self, sessions: Sequence[Appointment]) -> frozenset[AppointmentId]:
        """Return the sessions that the patient was last told another time of."""
        return frozenset(item.id for item in sessions if self.told.get(item.id, item.starts_at) != item.starts_at)

    def is_person_last(self, ids: Sequence[ContactId]) -> bool:
        """Say whether staff wrote to an address themselves of late, and nothing asked it anything after that."""
        sent = [self.lately[key] for key in ids if key in self.lately]
        by_staff = max((item.by_staff for item in sent if item.by_staff is not None), default=None)
        asked = max((item.asked for item in sent if item.asked is not None), default=None)
        return by_staff is not None and (asked is None or asked < by_staff)

    def answers(self, ids: Sequence[ContactId]) -> int:
        """Count the automatic answers to an address in the last hour."""
        return sum(self.lately[key].answers for key in ids if key in self.lately)

    def has_stopped_since(self, ids: Sequence[ContactId], at: datetime) -> bool:
        """Say whether a text that came after an instant opted this address out."""
        return any(self.stops[key] > at for key in ids if key in self.stops)

    def kept_of_opt_out(self, ids: Sequence[ContactId]) -> list[str]:
        """Return what the rows of an address keep of how it was opted out; nothing where none is."""
        return [self.opted_out[key] for key in ids if key in self.opted_out]


def read_facts(tx: Transaction, senders: Sequence[Sender], *, now: datetime) -> Facts:
    """Read them, under the locks of the senders' addresses."""
    ids = sorted({key for sender in senders for _, key in sender.people})
    rows = [key for sender in senders for key in sender.contacts]
    # Whatever else was asked, what is written on a page stands beside the sessions that the page is about.
    asked = questions.still_open(tx, [() if sender.is_page else sender.contacts for sender in senders], now=now)
    about = {item.patient_id for groups in asked for items in groups for item in items if item.patient_id is not None}
    sessions = appointments.since(tx, ids, now - LOOKED_BACK) if ids else []
    coming = [item.id for item in sessions if item.status is AppointmentStatus.BOOKED and item.starts_at > now]
    told = last_told(tx, coming)
    return Facts(
        now=now,
        clinics=clinics.every(tx),
        asked=asked,
        sessions=sessions,
        told={key: said.starts_at for (key, whom), (_, said) in told.items() if whom is Recipient.PATIENT},
        manners=patients.manners(tx, ids) if ids else {},
        alarmed=frozenset(escalations.waiting(tx, about | set(ids))),
        lately=lately.sent_to(tx, rows, answered_since=now - HOUR, left_since=now - STAFF_AWAITED),
        opted_out=contacts.opted_out(tx, rows),
        stops=permissions.last_stops(tx, rows),
    )
