"""Histories: what is stored about one patient, as far as it explains what was sent and what was not.

Bodies are None unless somebody asked for them: they are the most private thing we hold. Instants are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import CheckIn
from reminders.core.delivery import AttemptState, MessageState, ReceiptStatus
from reminders.core.escalations import Escalation
from reminders.core.escorts import EscortConsent
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId, PatientId, ReminderId
from reminders.core.overrides import Decision
from reminders.core.patients import Channel, Recipient
from reminders.core.pauses import Pause
from reminders.core.permissions import PastPermission
from reminders.core.reminders import Reason, Reminder
from reminders.core.tasks import TaskKind


class SubjectKind(StrEnum):
    """What can be asked about."""

    PATIENT = "patient"
    APPOINTMENT = "appointment"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that a name stands for. `patient_id` is None for a message to a phone that several patients share."""

    kind: SubjectKind
    id: UUID
    name: str
    clinic_id: ClinicId
    patient_id: PatientId | None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class PastVersion:
    """What one version of an appointment said. `confirmed_at` is when its appointment was last confirmed."""

    appointment_id: AppointmentId
    version: int
    starts_at: datetime
    timezone: str
    appointment_type: str
    status: AppointmentStatus
    versioned_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastReminder:
    """A planned touch, the message it became part of, and when it came to its state."""

    reminder: Reminder
    message_id: MessageId | None
    merged_into: ReminderId | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A message and where it is now."""

    id: MessageId
    contact_id: ContactId
    appointment_id: AppointmentId | None
    version: int | None
    recipient: Recipient
    channel: Channel
    origin: Origin
    kind: str
    asks: QuestionKind | None
    author: str | None
    override_reason: str | None
    state: MessageState
    reason: Reason | None
    due_at: datetime
    expires_at: datetime
    made_at: datetime
    left_at: datetime | None
    changed_at: datetime
    text: str | None


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """One provider call."""

    message_id: MessageId
    number: int
    state: AttemptState
    begun_at: datetime
    provider_id: str | None
    code: str | None
    detail: str | None
    is_late_accept: bool


@dataclass(frozen=True, slots=True)
class PastReceipt:
    """What the provider reported; `status` None where its word means nothing to us."""

    message_id: MessageId
    provider_id: str
    provider_status: str
    status: ReceiptStatus | None
    code: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class PastQuestion:
    """What a message asked about one version."""

    appointment_id: AppointmentId
    message_id: MessageId
    version: int
    kind: QuestionKind
    asked_at: datetime
    expires_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastReply:
    """A text from the patient's phone; `is_theirs` is false where somebody else who shares it may have written.

    `intents` is all that it was understood to say, `understood` by which words, as JSON, where texts are asked for.
    """

    appointment_id: AppointmentId | None
    is_theirs: bool
    received_at: datetime
    handled_at: datetime | None
    intent: str | None
    decision: str | None
    text: str | None
    intents: tuple[str, ...] = ()
    understood: str | None = None
    is_page: bool = False
    """Whether it was written on the patient's own page."""


@dataclass(frozen=True, slots=True)
class PastTask:
    """An item of the worklist."""

    appointment_id: AppointmentId | None
    message_id: MessageId | None
    kind: TaskKind
    reason: Reason | None
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


@dataclass(frozen=True, slots=True)
class PastConsent:
    """A consent given or taken back."""

    channel: Channel
    is_granted: bool
    source: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class PastAddress:
    """An address that opted out or was found not to work."""

    contact_id: ContactId
    channel: Channel
    opted_out_at: datetime | None
    opted_out_by: str | None
    fault_at: datetime | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Everything of one patient."""

    versions: tuple[PastVersion, ...] = ()
    reminders: tuple[PastReminder, ...] = ()
    messages: tuple[PastMessage, ...] = ()
    attempts: tuple[PastAttempt, ...] = ()
    receipts: tuple[PastReceipt, ...] = ()
    questions: tuple[PastQuestion, ...] = ()
    replies: tuple[PastReply, ...] = ()
    tasks: tuple[PastTask, ...] = ()
    consents: tuple[PastConsent, ...] = ()
    permissions: tuple[PastPermission, ...] = ()
    addresses: tuple[PastAddress, ...] = ()
    pauses: tuple[Pause, ...] = ()
    overrides: tuple[Decision, ...] = ()
    escort_consents: tuple[EscortConsent, ...] = ()
    check_ins: tuple[CheckIn, ...] = ()
    """In order of time; their words are empty unless somebody asked for texts."""
    alarms: tuple[Escalation, ...] = ()
