"""From what services return to the shapes of answers."""

from __future__ import annotations

from datetime import datetime

from reminders.core import appointments as core
from reminders.core import patients
from reminders.core.tasks import TITLES
from reminders.services.read_messages import Sent
from reminders.services.read_worklist import TaskLine
from reminders.services.sync_entries import Session
from reminders.web.api import shapes


def patient(found: patients.Patient) -> shapes.Patient:
    """Write a patient."""
    record = found.record
    return shapes.Patient(
        external_id=record.external_id,
        name=record.name,
        phone=record.phone,
        email=record.email,
        language=record.language,
        timezone=record.timezone,
        consent=shapes.Consent(sms=record.has_sms_consent, email=record.has_email_consent),
        closed=sorted(found.closed),
    )


def appointment(item: core.Appointment, whose: str) -> shapes.Appointment:
    """Write a session; `whose` is the clinic's own id of its patient."""
    booking = item.booking
    has_escort = booking.escort_name is not None or booking.escort_phone is not None
    return shapes.Appointment(
        external_id=item.external_id,
        patient=whose,
        starts_at=booking.starts_at,
        timezone=booking.timezone,
        duration_minutes=int(booking.duration.total_seconds() // 60),
        appointment_type=booking.appointment_type,
        status=booking.status,
        series=shapes.Series.model_construct(id=booking.series_id, number=booking.series_number)
        if booking.series_id is not None
        else None,
        escort=shapes.Escort.model_construct(name=booking.escort_name, phone=booking.escort_phone)
        if has_escort
        else None,
        version=item.version,
        is_confirmed=item.is_confirmed,
        ride=item.ride,
        is_missing=item.missing_since is not None,
    )


def stored(session: Session) -> shapes.StoredAppointment:
    """Write a session and what was changed of it."""
    found = appointment(session.appointment, session.patient.record.external_id)
    return shapes.StoredAppointment(**dict(found), change=session.change)


def message(sent: Sent) -> shapes.Message:
    """Write a message."""
    item = sent.message
    return shapes.Message(
        id=item.id,
        patient=sent.patient,
        channel=item.channel,
        kind=item.kind,
        state=item.state,
        reason=item.reason,
        due_at=item.due_at,
        made_at=item.made_at,
        left_at=item.left_at,
        changed_at=item.changed_at,
        text=item.text,
    )


def told(sent: Sent) -> shapes.ToldMessage:
    """Write a message with its story."""
    steps = [shapes.Step(at=line.at, what=line.what, why=line.why, state=line.state) for line in sent.events]
    return shapes.ToldMessage(**dict(message(sent)), timeline=steps, next=sent.outlook)


def task(line: TaskLine, now: datetime) -> shapes.Task:
    """Write a task."""
    item = line.task
    return shapes.Task(
        id=line.id,
        kind=item.kind,
        title=TITLES[item.kind],
        next_action=line.next_action,
        urgency=item.urgency,
        reason=item.reason,
        opened_at=item.opened_at,
        due_at=line.due_at,
        is_overdue=item.resolved_at is None and line.due_at < now,
        patient=line.patient,
        appointment=line.session,
        owner=item.owner,
        acknowledged_at=item.acknowledged_at,
        acknowledged_by=item.acknowledged_by,
        resolved_at=item.resolved_at,
        resolved_by=item.resolved_by,
        outcome=item.outcome,
        note=item.note,
    )
