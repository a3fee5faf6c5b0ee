"""Values that tests are made of: everything has a sensible default, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment, AppointmentStatus, Booking, ScheduleEntry
from reminders.core.cadences import Cadence
from reminders.core.clinics import DEFAULT_TYPE, Caps, Clinic
from reminders.core.ids import AppointmentId, ClinicId, PatientId, ReminderId
from reminders.core.patients import Channel, Patient, PatientRecord, Recipient
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderKey, ReminderState
from reminders.core.windows import DEFAULT_WINDOW, SendWindow

NEW_YORK = "America/New_York"
NOON = datetime(2027, 3, 2, 17, 0, tzinfo=UTC)
"""Tuesday 2 March 2027, noon in New York: an hour at which nothing is closed and no clock changes."""


def an_id(name: str) -> UUID:
    """Return the same id for the same name."""
    return uuid5(NAMESPACE_OID, name)


def local(text: str, timezone: str = NEW_YORK) -> datetime:
    """Return the UTC instant of a wall-clock time such as '2027-03-02 09:00'."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def shown(at: datetime, timezone: str = NEW_YORK) -> str:
    """Write an instant as wall-clock time, as `local` reads it."""
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")


def a_record(
    external_id: str = "P1",
    *,
    name: str = "Dana Rivers",
    phone: str | None = "+12025550101",
    email: str | None = "dana@example.org",
    language: str = "en",
    timezone: str | None = None,
    has_sms_consent: bool = True,
    has_email_consent: bool = True,
) -> PatientRecord:
    """Build what a schedule says of a patient."""
    return PatientRecord(external_id, name, phone, email, language, timezone, has_sms_consent, has_email_consent)


def a_patient(record: PatientRecord | None = None, *, closed: frozenset[Channel] = frozenset()) -> Patient:
    """Build a patient as we hold them."""
    record = record or a_record()
    return Patient(PatientId(an_id(record.external_id)), record, closed)


def a_booking(
    starts_at: datetime = NOON + timedelta(days=14),
    *,
    timezone: str = NEW_YORK,
    duration: timedelta = timedelta(minutes=60),
    appointment_type: str = DEFAULT_TYPE,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    series_id: str | None = None,
    series_number: int | None = None,
) -> Booking:
    """Build what a schedule says of an appointment."""
    return Booking(starts_at, timezone, duration, appointment_type, status, series_id, series_number)


def an_entry(
    external_id: str = "A1", *, patient: PatientRecord | None = None, booking: Booking | None = None, line: int = 2
) -> ScheduleEntry:
    """Build a good row of a schedule."""
    return ScheduleEntry(external_id, patient or a_record(), booking or a_booking(), line)


def an_appointment(
    starts_at: datetime = NOON + timedelta(days=14),
    *,
    external_id: str = "A1",
    patient: Patient | None = None,
    duration: timedelta = timedelta(minutes=60),
    appointment_type: str = DEFAULT_TYPE,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    series_id: str | None = None,
    series_number: int | None = None,
    version: int = 1,
    versioned_at: datetime = NOON,
    confirmed_version: int | None = None,
    ride_version: int | None = None,
    ended_at: datetime | None = None,
) -> Appointment:
    """Build an appointment as we hold it: of the one patient, booked, in two weeks."""
    booking = a_booking(
        starts_at,
        duration=duration,
        appointment_type=appointment_type,
        status=status,
        series_id=series_id,
        series_number=series_number,
    )
    return Appointment(
        id=AppointmentId(an_id(external_id)),
        external_id=external_id,
        patient_id=(patient or a_patient()).id,
        booking=booking,
        version=version,
        versioned_at=versioned_at,
        confirmed_version=confirmed_version,
        ride_version=ride_version,
        ended_at=ended_at,
    )


def a_clinic(
    *,
    slug: str = "riverside",
    sender: str = "Riverside Clinic",
    timezone: str = NEW_YORK,
    phone: str = "+12025550100",
    window: SendWindow = DEFAULT_WINDOW,
    caps: Caps | None = None,
    cadences: Mapping[str, Cadence] | None = None,
    templates: Mapping[str, Mapping[str, str]] | None = None,
    assume_fulfilled: bool = False,
) -> Clinic:
    """Build a clinic in New York with the product's defaults."""
    return Clinic(
        id=ClinicId(an_id(slug)),
        slug=slug,
        sender=sender,
        timezone=timezone,
        phone=phone,
        window=window,
        caps=caps or Caps(),
        cadences=cadences or {},
        templates=templates or {},
        assume_fulfilled=assume_fulfilled,
    )


def a_reminder(
    step: str = "remind_final",
    *,
    appointment: Appointment | None = None,
    due_at: datetime = NOON,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    recipient: Recipient = Recipient.PATIENT,
    channel: Channel = Channel.SMS,
    state: ReminderState = ReminderState.PLANNED,
    reason: Reason | None = None,
    version: int | None = None,
) -> Reminder:
    """Build a planned touch as we hold it, useful for half a day from its due time and free to go earlier."""
    appointment = appointment or an_appointment()
    planned = PlannedReminder(
        key=ReminderKey(step, recipient, channel),
        not_before=not_before or due_at - timedelta(days=30),
        due_at=due_at,
        expires_at=expires_at or due_at + timedelta(hours=12),
        state=state,
        reason=reason,
    )
    return held(planned, appointment, version=version)


def held(planned: PlannedReminder, appointment: Appointment, *, version: int | None = None) -> Reminder:
    """Build the stored form of a planned touch."""
    number = appointment.version if version is None else version
    name = f"{appointment.external_id}/{number}/{planned.key.step}/{planned.key.recipient}/{planned.key.channel}"
    return Reminder(ReminderId(an_id(name)), appointment.id, appointment.patient_id, number, planned)
