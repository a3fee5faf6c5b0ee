"""Address: who gets what staff are about to write, in which words and when, and who is left out and why. Reads only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from reminders.core.ad_hoc import Letter, letter_faults, letter_notes, signed, speaks_of_session
from reminders.core.appointments import Appointment
from reminders.core.audience import Audience, OnePatient, Visitors, describe, pick, span
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.content import appointment_values, clinic_values, language_of, render
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import MessageId, PatientId
from reminders.core.patients import Channel, Patient
from reminders.core.reach import Circumstances, Posting, Reach, reach
from reminders.core.reminders import Reason
from reminders.core.segments import TextSize, measure
from reminders.core.windows import local_day
from reminders.store import appointments, mailings, patients, pauses
from reminders.store.unit_of_work import Transaction

MOST_RECIPIENTS = 2000
"""More at once is a campaign, not a message."""
MOST_SESSIONS = 20_000


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person in a preview: what they get, or why they are left out. `zone` is theirs, for `held_until`.

    `notes` are what stops nothing here and staff may want to know. `language` is that of the text; `reads` theirs.
    """

    patient_id: PatientId
    external_id: str
    name: str
    channel: Channel | None
    text: str
    size: TextSize | None
    left_out: Reason | None
    is_sent_before: bool = False
    message_id: MessageId | None = None
    held_until: datetime | None = None
    zone: str = "UTC"
    notes: tuple[Reason, ...] = ()
    language: str = "en"
    reads: str = "en"


@dataclass(frozen=True, slots=True)
class Target:
    """A recipient with what a message to them is made from."""

    recipient: Recipient
    patient: Patient
    about: Appointment | None
    """The session that the message belongs to."""
    reach: Reach
    tells_time: bool = False
    """The text is wrong once that session has moved."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent. `words` tell the audience back; `notes` are what is dear or unusual about the texts."""

    clinic: Clinic
    audience: Audience
    words: str
    targets: tuple[Target, ...]
    notes: tuple[str, ...]
    due_at: datetime
    is_now: bool

    @property
    def recipients(self) -> list[Recipient]:
        """Everybody whom it reaches or leaves out."""
        return [target.recipient for target in self.targets]

    @property
    def reached(self) -> list[Target]:
        """Those who get it."""
        return [target for target in self.targets if target.recipient.left_out is None]

    @property
    def segments(self) -> int:
        """How many segments are paid for."""
        return sum(target.recipient.size.segments for target in self.reached if target.recipient.size)

    @property
    def fingerprint(self) -> str:
        """A value that is another one as soon as anybody would get something else than what was shown."""
        said = [
            (str(item.patient_id), item.channel, item.text, item.left_out, str(item.held_until))
            for item in self.recipients
        ]
        whole = [self.clinic.slug, "now" if self.is_now else self.due_at.isoformat(), said]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent to whom, as judged already: the words are good and the time is to come."""

    clinic: Clinic
    audience: Audience
    letter: Letter
    posting: Posting
    request_key: str
    now: datetime
    override_reason: str | None = None

    @property
    def home(self) -> str:
        """The language of the clinic."""
        return language_of(self.clinic.language)


def address_letter(tx: Transaction, order: Order) -> Plan:
    """Return who gets what, in a fixed number of statements. Raises InputError, NotFoundError or ContentError."""
    people, sessions = _people(tx, order)
    has_session = bool(sessions) or isinstance(order.audience, Visitors)
    faults = letter_faults(order.letter, order.clinic, has_session=has_session)
    if faults:
        raise InputError(faults)
    targets = _targets(tx, order, people, sessions)
    words = describe(
        order.audience,
        place=order.clinic.sender,
        today=local_day(order.now, order.clinic.tz),
        count=len(targets),
    )
    return Plan(
        clinic=order.clinic,
        audience=order.audience,
        words=words,
        targets=tuple(targets),
        notes=tuple(letter_notes(_longest(targets), order.clinic)),
        due_at=order.posting.due_at,
        is_now=order.posting.due_at <= order.now,
    )


def _longest(targets: Sequence[Target]) -> dict[str, str]:
    """Return the longest text message in each language."""
    found: dict[str, str] = {}
    for item in (target.recipient for target in targets):
        if item.left_out is None and item.channel is Channel.SMS:
            found[item.language] = max(found.get(item.language, ""), item.text, key=len)
    return found


def _people(tx: Transaction, order: Order) -> tuple[dict[PatientId, Patient], dict[PatientId, Appointment]]:
    """Return the people in order, each with the session that the text may speak of."""
    clinic_id, audience = order.clinic.id, order.audience
    if isinstance(audience, OnePatient):
        key = patients.find(tx, clinic_id, audience.external_id)
        if key is None:
            raise NotFoundError(f"no patient {audience.external_id!r}; patients are named by their id in the schedule")
        following = appointments.upcoming(tx, [key], now=order.now)
        return patients.get_many(tx, clinic_id, [key]), dict.fromkeys([key], following[0]) if following else {}
    about = pick(audience, appointments.between(tx, clinic_id, *span(audience), limit=MOST_SESSIONS))
    if len(about) > MOST_RECIPIENTS:
        raise InputError([f"recipients: found {len(about)}; at most {MOST_RECIPIENTS} can be written to at once"])
    people = patients.get_many(tx, clinic_id, about)
    return {key: people[key] for key in about}, about


def _sent_before(tx: Transaction, order: Order) -> Mapping[PatientId, MessageId]:
    earlier = mailings.by_key(tx, order.clinic.id, order.request_key)
    return {} if earlier is None else mailings.sent_to(tx, earlier)


def _targets(
    tx: Transaction, order: Order, people: Mapping[PatientId, Patient], sessions: Mapping[PatientId, Appointment]
) -> list[Target]:
    paused = pauses.current(tx, order.clinic.id)
    lately = mailings.lately(tx, people, around=order.posting.due_at)
    before = _sent_before(tx, order)
    found = []
    for key, person in people.items():
        session = sessions.get(key)
        template, language = order.letter.for_language(person.record.language, home=order.home)
        # To one patient a message belongs to no session, unless it tells its time.
        tells_time = speaks_of_session(template)
        is_about = session is not None and (order.posting.is_group or tells_time)
        pause = paused.refusal(session) if session else Reason.ON_HOLD if key in paused.patients else None
        known = Circumstances(
            zone=_zone(order.clinic, person, session if is_about else None),
            about=session if is_about else None,
            pause=pause,
            lately=lately[key],
        )
        values = _values(order.clinic, person, session if tells_time else None, language)
        text = render(signed(template, order.clinic.sender), values)
        result = reach(person, order.posting, known)
        recipient = _recipient(person, known, result, text=text, language=language, sent=before.get(key))
        found.append(Target(recipient, person, known.about, result, tells_time))
    return found


def _zone(clinic: Clinic, person: Patient, session: Appointment | None) -> ZoneInfo:
    """Return whose quiet hours hold, as the gate will see it."""
    if session is not None:
        return quiet_zone(person.record, session.booking)
    return ZoneInfo(person.record.timezone) if person.record.timezone else clinic.tz


def _recipient(
    person: Patient, known: Circumstances, result: Reach, *, text: str, language: str, sent: MessageId | None
) -> Recipient:
    record = person.record
    return Recipient(
        patient_id=person.id,
        external_id=record.external_id,
        name=record.name,
        channel=result.channel,
        text=text,
        size=measure(text) if result.channel is Channel.SMS else None,
        left_out=result.left_out,
        is_sent_before=sent is not None,
        message_id=sent,
        held_until=result.held_until,
        zone=known.zone.key,
        notes=result.notes,
        language=language,
        reads=language_of(record.language),
    )


def _values(clinic: Clinic, person: Patient, session: Appointment | None, language: str) -> Mapping[str, str]:
    if session is None:
        return clinic_values(clinic)
    cadence = clinic.cadence(session.booking.appointment_type, person.override)
    return appointment_values(session, clinic, language=language, cadence=cadence)


def to_list(recipients: Sequence[Recipient]) -> list[dict[str, object]]:
    """Return a preview as plain values, for programs."""
    return [
        {
            "patient": item.external_id,
            "channel": item.channel,
            "text": item.text,
            "segments": item.size.segments if item.size else None,
            "left_out": item.left_out,
            "held_until": None if item.held_until is None else item.held_until.isoformat(),
            "already_sent": item.is_sent_before,
        }
        for item in recipients
    ]
