"""Gate and intent: decide about a group of claimed messages and record what will be called, in one transaction.

An opt-out that committed before this transaction wins; one that comes later waits for it (the address row is locked).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.delivery import MessageState
from reminders.core.gate import Candidate, Expire, Hold, Origin, Send, Suppress, Traffic, Verdict, may_send, validity
from reminders.core.ids import AppointmentId, AttemptTag, ClinicId, ContactId, MessageId, PatientId
from reminders.core.messages import Draft, Message
from reminders.core.patients import Channel, Patient
from reminders.core.reminders import Reason
from reminders.core.windows import closes_at, local_day
from reminders.ports import OutgoingMail, OutgoingText
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_tasks
from reminders.services.write_mail import Envelope, keep_unsubscribe_links, unsubscribe_token, write_mail
from reminders.store import appointments, attempts, clinics, contacts, messages, patients, reminders
from reminders.store.contacts import Contact
from reminders.store.messages import Move
from reminders.store.unit_of_work import Transaction

Outgoing = OutgoingText | OutgoingMail
WEEK = timedelta(days=7)


@dataclass(slots=True)
class _Scene:
    """Everything the gate may need about a group of messages, read once."""

    clinics: dict[ClinicId, Clinic]
    contacts: dict[ContactId, Contact]
    people: dict[PatientId, Patient]
    booked: dict[AppointmentId, Appointment]
    departures: dict[PatientId, list[datetime]]
    now: datetime


def begin_attempts(deps: Deps, ids: Collection[MessageId], token: UUID) -> list[Outgoing]:
    """Record the intents of those that may leave now; hold, suppress or expire the others. Returns what to call."""
    with deps.store.transaction() as tx:
        subjects = messages.subjects(tx, ids)
        # Always addresses first, then appointments, then messages: who opts out or moves locks in this order too.
        addresses = contacts.lock_many(tx, subjects.contacts)
        booked = appointments.get_many(tx, subjects.appointments, is_kept=True)
        group = messages.lock_claimed(tx, ids, token)
        # The clock is read last: what waited for a lock must be judged by the time at which it got it.
        now = deps.clock.now()
        scene = _scene(tx, group, addresses, booked, now)
        leaving = _decide(tx, deps, scene, group)
        intents = [_intent(deps, item, now) for item in leaving]
        attempts.add(tx, intents)
        messages.begin_sending(tx, [item.id for item in leaving], now=now)
        mails = [item.draft for item in leaving if item.draft.channel is Channel.EMAIL]
        keep_unsubscribe_links(tx, deps, mails, now=now)
        outgoing = [_outgoing(tx, deps, scene, item, intent.tag) for item, intent in zip(leaving, intents, strict=True)]
    # Set after the commit: by when each call must have begun.
    start_by = deps.clock.monotonic() + deps.policy.start_within.total_seconds()
    return [item.starting_by(start_by) for item in outgoing]


def _scene(
    tx: Transaction,
    group: Sequence[Message],
    addresses: dict[ContactId, Contact],
    booked: dict[AppointmentId, Appointment],
    now: datetime,
) -> _Scene:
    by_clinic: dict[ClinicId, set[PatientId]] = {}
    for item in group:
        people = by_clinic.setdefault(item.draft.clinic_id, set())
        people |= {item.draft.patient_id} if item.draft.patient_id is not None else set()
    everybody = {key for ids in by_clinic.values() for key in ids}
    return _Scene(
        clinics={key: clinics.get(tx, key) for key in by_clinic},
        contacts=addresses,
        people={k: v for key, ids in by_clinic.items() for k, v in patients.get_many(tx, key, ids).items()},
        booked=booked,
        departures=messages.departures(tx, everybody, now=now),
        now=now,
    )


def _decide(tx: Transaction, deps: Deps, scene: _Scene, group: Sequence[Message]) -> list[Message]:
    """Ask the gate about each message and store what stays; return those that leave."""
    leaving: list[Message] = []
    staying: list[tuple[Draft, Move]] = []
    for item in group:
        move = _move(item, may_send(_candidate(deps, scene, item), now=scene.now))
        if move is not None:
            staying.append((item.draft, move))
            continue
        leaving.append(item)
        if item.draft.patient_id is not None and item.draft.origin is Origin.REMINDER:
            scene.departures[item.draft.patient_id].append(scene.now)
    messages.move(tx, [move for _, move in staying], [MessageState.CLAIMED], now=scene.now)
    reminders.free_merged(tx, [move.id for _, move in staying if _ends_alone(move)], now=scene.now)
    open_message_tasks(tx, deps.identity, staying, now=scene.now)
    return leaving


def _move(item: Message, verdict: Verdict) -> Move | None:
    match verdict:
        case Send():
            return None
        case Hold(until=until, reason=reason):
            return Move(item.id, MessageState.HELD, reason, due_at=until)
        case Suppress(reason=reason):
            return Move(item.id, MessageState.SUPPRESSED, reason)
        case Expire(reason=reason):
            return Move(item.id, MessageState.EXPIRED, reason)


def _ends_alone(move: Move) -> bool:
    """Say whether a message ends for a reason of its leader, which holds for nothing that was merged into it."""
    return move.reason in {
        Reason.SUPERSEDED,
        Reason.APPOINTMENT_OFF,
        Reason.ALREADY_CONFIRMED,
        Reason.RIDE_ARRANGED,
        Reason.TOO_LATE,
    }


def _candidate(deps: Deps, scene: _Scene, item: Message) -> Candidate:
    draft, contact = item.draft, scene.contacts[item.draft.contact_id]
    clinic = scene.clinics[draft.clinic_id]
    patient = scene.people.get(draft.patient_id) if draft.patient_id else None
    zone = _zone(scene, item)
    return Candidate(
        origin=draft.origin,
        kind=draft.kind,
        version=draft.version,
        expires_at=draft.expires_at,
        appointment=scene.booked.get(draft.appointment_id) if draft.appointment_id else None,
        asks=draft.asks,
        has_consent=patient is not None and patient.record.has_consent(draft.channel),
        is_opted_out=contact.is_opted_out,
        has_address_fault=contact.has_fault,
        is_on_allow_list=deps.allow_list.permits(contact.address),
        zone=zone,
        window=clinic.window,
        caps=clinic.caps,
        traffic=_traffic(scene, draft.patient_id, zone),
        overrides_quiet_hours=draft.override_reason is not None,
    )


def _zone(scene: _Scene, item: Message) -> ZoneInfo:
    draft = item.draft
    patient = scene.people.get(draft.patient_id) if draft.patient_id else None
    appointment = scene.booked.get(draft.appointment_id) if draft.appointment_id else None
    if patient is not None and appointment is not None:
        return quiet_zone(patient.record, appointment.booking)
    if patient is not None and patient.record.timezone:
        return ZoneInfo(patient.record.timezone)
    return scene.clinics[draft.clinic_id].tz


def _traffic(scene: _Scene, patient_id: PatientId | None, zone: ZoneInfo) -> Traffic:
    left = scene.departures.get(patient_id, []) if patient_id else []
    today = local_day(scene.now, zone)
    return Traffic(
        today=sum(1 for at in left if local_day(at, zone) == today), week=sum(1 for at in left if at > scene.now - WEEK)
    )


def _intent(deps: Deps, item: Message, now: datetime) -> attempts.Intent:
    machine_now = deps.clock.machine_now()
    is_text = item.draft.channel is Channel.SMS
    return attempts.Intent(
        tag=deps.identity.new_tag(),
        clinic_id=item.draft.clinic_id,
        message_id=item.id,
        fence=item.fence + 1,
        begun_at=now,
        machine_begun_at=machine_now,
        deadline_at=machine_now + (deps.policy.deadline if is_text else deps.policy.mail_deadline),
    )


def _outgoing(tx: Transaction, deps: Deps, scene: _Scene, item: Message, tag: AttemptTag) -> Outgoing:
    draft, address = item.draft, scene.contacts[item.draft.contact_id].address
    clinic = scene.clinics[draft.clinic_id]
    if draft.channel is Channel.EMAIL:
        patient = scene.people.get(draft.patient_id) if draft.patient_id else None
        appointment = scene.booked.get(draft.appointment_id) if draft.appointment_id else None
        language = patient.record.language if patient else clinic.language
        envelope = Envelope(tag, address, language, unsubscribe_token(tx, draft))
        return write_mail(deps, clinic, draft, appointment, envelope=envelope, now=scene.now)
    is_exempt = draft.origin is Origin.ANSWER or draft.override_reason is not None
    closing = None if is_exempt else closes_at(scene.now, _zone(scene, item), clinic.window)
    lasts = validity(draft.expires_at, closing, now=scene.now)
    return OutgoingText(tag=tag, to=address, body=draft.body, validity=lasts, start_by=0.0)
