"""Ad hoc: staff write to one patient, or to everybody who has an appointment in a span, through the same door.

`preview` says who gets which text and who is left out and why; `send` stores the messages. A request key makes a
second click harmless (requirement 56). Quiet hours are overridden only with a reason, an opt-out never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.clinics import Clinic
from reminders.core.content import appointment_values, clinic_values, language_of, render
from reminders.core.errors import InputError, NotFoundError
from reminders.core.gate import Origin
from reminders.core.ids import ClinicId, MessageId, PatientId
from reminders.core.messages import Draft
from reminders.core.patients import Channel, Patient
from reminders.core.reminders import Reason
from reminders.core.segments import TextSize, measure
from reminders.core.texts import SUBJECTS
from reminders.ports import SENDING_JOBS
from reminders.services.deps import Deps
from reminders.store import appointments, clinics, contacts, messages, patients
from reminders.store.unit_of_work import Transaction

LONGEST = 1600
"""Characters that the provider takes at most."""
LONGEST_KEY = 64
LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AdHocRequest:
    """What staff ask for. Either one patient (the clinic's own id) or a span of appointment starts, UTC.

    The text may use {{sender}}, {{phone}}, and with appointments {{when}} and their other times.
    """

    text: str
    author: str
    request_key: str
    clinic_slug: str | None = None
    patient_external_id: str | None = None
    starts_after: datetime | None = None
    starts_before: datetime | None = None
    channel: Channel | None = None
    override_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person in a preview: what they get, or why they are left out."""

    patient_id: PatientId
    external_id: str
    name: str
    channel: Channel | None
    text: str
    size: TextSize | None
    left_out: Reason | None
    is_sent_before: bool = False


@dataclass(frozen=True, slots=True)
class _Target:
    patient: Patient
    appointment: Appointment | None


def preview_ad_hoc(deps: Deps, request: AdHocRequest) -> list[Recipient]:
    """Return everybody the request reaches or leaves out. Raises InputError, NotFoundError or ContentError."""
    with deps.store.reading() as tx:
        clinic = _clinic(tx, request)
        return [_recipient(tx, deps, clinic, request, target) for target in _targets(tx, clinic, request)]


def send_ad_hoc(deps: Deps, request: AdHocRequest) -> list[Recipient]:
    """Store the messages of a request and return whom they go to; a second request of the same key adds nothing."""
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        clinic = _clinic(tx, request)
        found = []
        for target in _targets(tx, clinic, request):
            recipient = _recipient(tx, deps, clinic, request, target)
            if recipient.left_out is None and recipient.channel is not None and not recipient.is_sent_before:
                messages.add(
                    tx, [_draft(tx, deps, clinic, request, target=target, recipient=recipient, now=now)], now=now
                )
            found.append(recipient)
    deps.queue.hint(SENDING_JOBS.values())
    return found


def _clinic(tx: Transaction, request: AdHocRequest) -> Clinic:
    every = clinics.every(tx)
    chosen = [item for item in every.values() if request.clinic_slug in {None, item.slug}]
    if len(chosen) != 1:
        known = ", ".join(item.slug for item in every.values()) or "none yet"
        raise InputError([f"clinic: found {request.clinic_slug!r}; name one of: {known}"])
    return chosen[0]


def _targets(tx: Transaction, clinic: Clinic, request: AdHocRequest) -> list[_Target]:
    _check(request)
    if request.patient_external_id is not None:
        return [_one(tx, clinic.id, request.patient_external_id)]
    if request.starts_after is None or request.starts_before is None:
        raise InputError(["recipients: name a patient, or a span of appointments"])
    booked = [
        item
        for item in appointments.between(tx, clinic.id, request.starts_after, request.starts_before)
        if item.status is AppointmentStatus.BOOKED
    ]
    first = {item.patient_id: item for item in reversed(booked)}
    people = patients.get_many(tx, clinic.id, first)
    return [_Target(people[key], first[key]) for key in sorted(first, key=lambda key: first[key].starts_at)]


def _check(request: AdHocRequest) -> None:
    if not request.text.strip():
        raise InputError(["text: found nothing; write what the patient is to read"])
    if len(request.text) > LONGEST:
        raise InputError([f"text: found {len(request.text)} characters; at most {LONGEST} can be sent"])

    if len(request.request_key) > LONGEST_KEY:
        raise InputError([f"request_key: found {len(request.request_key)} characters; at most {LONGEST_KEY} are kept"])


def _one(tx: Transaction, clinic_id: ClinicId, external_id: str) -> _Target:
    known = patients.by_external_id(tx, clinic_id).get(external_id)
    if known is None:
        raise NotFoundError(f"no patient {external_id!r}; patients are named by their id in the schedule")
    patient_id, _ = known
    return _Target(patients.get_many(tx, clinic_id, [patient_id])[patient_id], None)


def _recipient(tx: Transaction, deps: Deps, clinic: Clinic, request: AdHocRequest, target: _Target) -> Recipient:
    record = target.patient.record
    channel, left_out = _channel(deps, request, target.patient)
    text = render(request.text, _values(clinic, target, language_of(record.language)))
    key = _key(request, target.patient.id)
    return Recipient(
        patient_id=target.patient.id,
        external_id=record.external_id,
        name=record.name,
        channel=channel,
        text=text,
        size=measure(text) if channel is Channel.SMS else None,
        left_out=left_out,
        is_sent_before=messages.by_request_key(tx, clinic.id, key) is not None,
    )


def _channel(deps: Deps, request: AdHocRequest, patient: Patient) -> tuple[Channel | None, Reason | None]:
    record = patient.record
    wanted = [request.channel] if request.channel is not None else list(Channel)
    reached = [channel for channel in wanted if record.address(channel)]
    if not reached:
        return None, Reason.NO_ADDRESS
    agreed = [channel for channel in reached if record.has_consent(channel)]
    if not agreed:
        return None, Reason.NO_CONSENT
    still_open = [channel for channel in agreed if patient.is_open(channel)]
    if not still_open:
        return None, Reason.OPTED_OUT
    permitted = [channel for channel in still_open if deps.allow_list.permits(record.address(channel) or "")]
    return (permitted[0], None) if permitted else (None, Reason.NOT_ON_ALLOW_LIST)


def _values(clinic: Clinic, target: _Target, language: str) -> dict[str, str]:
    if target.appointment is None:
        return clinic_values(clinic)
    cadence = clinic.cadence(target.appointment.booking.appointment_type, target.patient.override)
    return appointment_values(target.appointment, clinic, language=language, cadence=cadence)


def _key(request: AdHocRequest, patient_id: PatientId) -> str:
    return f"staff:{request.request_key}:{patient_id}"


def _draft(
    tx: Transaction,
    deps: Deps,
    clinic: Clinic,
    request: AdHocRequest,
    *,
    target: _Target,
    recipient: Recipient,
    now: datetime,
) -> Draft:
    channel = recipient.channel or Channel.SMS
    address = target.patient.record.address(channel) or ""
    language = language_of(target.patient.record.language)
    draft = Draft(
        id=MessageId(deps.identity.new_id()),
        clinic_id=clinic.id,
        contact_id=contacts.ensure(tx, clinic.id, channel, address, new_id=deps.identity.new_id()),
        patient_id=target.patient.id,
        appointment_id=target.appointment.id if target.appointment else None,
        version=target.appointment.version if target.appointment else None,
        channel=channel,
        origin=Origin.STAFF,
        kind="ad_hoc",
        body=recipient.text,
        subject=render(SUBJECTS[language], {"sender": clinic.sender}),
        segments=recipient.size.segments if recipient.size else 0,
        due_at=now,
        expires_at=now + LASTS,
        author=request.author[:80],
        request_key=_key(request, target.patient.id),
    )
    return replace(draft, override_reason=request.override_reason[:200]) if request.override_reason else draft


def to_list(recipients: Sequence[Recipient]) -> list[dict[str, object]]:
    """Return a preview as plain values, for programs."""
    return [
        {
            "patient": item.external_id,
            "channel": item.channel,
            "text": item.text,
            "segments": item.size.segments if item.size else None,
            "left_out": item.left_out,
            "already_sent": item.is_sent_before,
        }
        for item in recipients
    ]
