"""Dispatch: turn reminders that fall due into messages, merging what belongs on one day.

Gather (who has something due), decide (core/merging, core/gate), apply: one transaction for some patients at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.content import compose
from reminders.core.gate import Origin, unneeded
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId, PatientId
from reminders.core.merging import Bundle, Candidate, bundles
from reminders.core.messages import Draft
from reminders.core.patients import Channel, Patient
from reminders.core.reminders import Reason, Reminder, ReminderState, ending
from reminders.core.segments import measure
from reminders.core.windows import DAY_AND_A_HALF
from reminders.ports import Identity
from reminders.services.deps import Deps
from reminders.store import appointments, clinics, contacts, links, messages, patients, questions, reminders
from reminders.store.unit_of_work import Transaction

PATIENTS_AT_ONCE = 100


def dispatch_due(deps: Deps) -> int:
    """Make messages of the reminders that are due, or will be within the claim-ahead; return how many messages."""
    now = deps.clock.now() + deps.policy.ahead
    with deps.store.reading() as tx:
        is_any = bool(reminders.patients_due(tx, before=now, limit=1))
    if not is_any:
        return 0
    with deps.store.transaction() as tx:
        due = reminders.patients_due(tx, before=now, limit=PATIENTS_AT_ONCE)
        held = reminders.lock_waiting(tx, due, before=now + DAY_AND_A_HALF)
        return sum(
            _dispatch_patients(tx, deps, clinic_id, {key: held[key] for key in held if due[key] == clinic_id}, now)
            for clinic_id in dict.fromkeys(due.values())
        )


def _dispatch_patients(
    tx: Transaction, deps: Deps, clinic_id: ClinicId, held: dict[PatientId, list[Reminder]], now: datetime
) -> int:
    clinic = clinics.get(tx, clinic_id)
    people = patients.get_many(tx, clinic_id, held)
    booked = appointments.get_many(tx, {item.appointment_id for items in held.values() for item in items})
    return sum(_dispatch_patient(tx, deps, clinic, people[key], items, booked, now) for key, items in held.items())


def _dispatch_patient(
    tx: Transaction,
    deps: Deps,
    clinic: Clinic,
    patient: Patient,
    held: Sequence[Reminder],
    booked: dict[AppointmentId, Appointment],
    now: datetime,
) -> int:
    candidates = []
    for item in held:
        appointment = booked[item.appointment_id]
        step = clinic.cadence(appointment.booking.appointment_type).step(item.step)
        reason = _refusal(item, appointment) if step is not None else Reason.REPLANNED
        if step is not None and reason is None:
            candidates.append(Candidate(item, step, appointment.starts_at))
        elif reason is not None and item.due_at <= now:
            reminders.end(tx, [item.id], ending(reason), reason, now=now)
    if not candidates:
        return 0
    zone = quiet_zone(patient.record, booked[candidates[0].reminder.appointment_id].booking)
    found = bundles(candidates, tz=zone, now=now)
    return sum(_send_off(tx, deps, clinic, patient, bundle, booked, now) for bundle in found)


def _refusal(item: Reminder, appointment: Appointment) -> Reason | None:
    if item.version != appointment.version:
        return Reason.SUPERSEDED
    return unneeded(item.step, appointment)


def _send_off(
    tx: Transaction,
    deps: Deps,
    clinic: Clinic,
    patient: Patient,
    bundle: Bundle,
    booked: dict[AppointmentId, Appointment],
    now: datetime,
) -> int:
    leader = bundle.leader.reminder
    channel = leader.planned.key.channel
    address = patient.record.address(channel)
    if address is None:
        ids = [item.reminder.id for item in (bundle.leader, *bundle.others)]
        reminders.end(tx, ids, ReminderState.SUPPRESSED, Reason.NO_ADDRESS, now=now)
        return 0
    contact_id = contacts.ensure(tx, clinic.id, channel, address, new_id=deps.identity.new_id())
    message_id = MessageId(deps.identity.new_id())
    draft = _draft(tx, deps, clinic, patient, bundle, booked, contact_id=contact_id, message_id=message_id, now=now)
    messages.add(tx, [draft], now=now)
    reminders.dispatch(tx, leader.id, [item.reminder.id for item in bundle.others], message_id, now=now)
    _ask(tx, deps.identity, clinic, bundle, booked, contact_id=contact_id, message_id=message_id, now=now)
    return 1


def _draft(
    tx: Transaction,
    deps: Deps,
    clinic: Clinic,
    patient: Patient,
    bundle: Bundle,
    booked: dict[AppointmentId, Appointment],
    *,
    contact_id: ContactId,
    message_id: MessageId,
    now: datetime,
) -> Draft:
    leader = bundle.leader.reminder
    appointment = booked[leader.appointment_id]
    asked = bundle.asks
    channel = leader.planned.key.channel
    link = ""
    if channel is Channel.EMAIL and asked is not None:
        link = _link(tx, deps, clinic, booked[asked[0].reminder.appointment_id], contact_id, now)
    words = compose(
        leader.step,
        appointment,
        clinic,
        language=patient.record.language,
        asks=asked[1] if asked else None,
        link=link,
        also=[booked[item.reminder.appointment_id] for item in bundle.also],
        about=booked[asked[0].reminder.appointment_id] if asked else None,
    )
    return Draft(
        id=message_id,
        clinic_id=clinic.id,
        contact_id=contact_id,
        patient_id=patient.id,
        appointment_id=appointment.id,
        version=leader.version,
        channel=channel,
        origin=Origin.REMINDER,
        kind=leader.step,
        body=words.body,
        subject=words.subject,
        segments=measure(words.body).segments if channel is Channel.SMS else 0,
        due_at=min(item.reminder.due_at for item in (bundle.leader, *bundle.others)),
        expires_at=leader.planned.expires_at,
        asks=asked[1] if asked else None,
    )


def _link(
    tx: Transaction, deps: Deps, clinic: Clinic, appointment: Appointment, contact_id: ContactId, now: datetime
) -> str:
    """Make the patient's own page for this version; it is good until the appointment starts, or for check-ins a week."""
    token = deps.identity.new_token()
    item = links.Link(
        purpose=links.Purpose.RESPOND,
        clinic_id=clinic.id,
        contact_id=contact_id,
        patient_id=appointment.patient_id,
        appointment_id=appointment.id,
        version=appointment.version,
        expires_at=max(appointment.starts_at, now + links.SHORTEST_LIFE),
    )
    links.add(tx, deps.identity.new_id(), token, item, now=now)
    return f"{deps.public_url}/r/{token}"


def _ask(
    tx: Transaction,
    identity: Identity,
    clinic: Clinic,
    bundle: Bundle,
    booked: dict[AppointmentId, Appointment],
    *,
    contact_id: ContactId,
    message_id: MessageId,
    now: datetime,
) -> None:
    asked = bundle.asks
    if asked is None:
        return
    about, kind = asked
    appointment = booked[about.reminder.appointment_id]
    new_id: UUID = identity.new_id()
    questions.ask(
        tx,
        new_id,
        clinic_id=clinic.id,
        patient_id=appointment.patient_id,
        contact_id=contact_id,
        appointment_id=appointment.id,
        message_id=message_id,
        version=appointment.version,
        kind=kind,
        asked_at=now,
        expires_at=max(about.reminder.planned.expires_at, appointment.starts_at),
    )
