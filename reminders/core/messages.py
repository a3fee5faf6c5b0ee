"""A message: content to one person on one channel, as it waits to leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reminders.core.cadences import QuestionKind
from reminders.core.delivery import MessageState
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, BatchId, ClinicId, ContactId, MessageId, PatientId
from reminders.core.patients import Channel, Recipient


@dataclass(frozen=True, slots=True)
class Draft:
    """A message about to be stored. `request_key` makes asking for it twice harmless; `body` is final."""

    id: MessageId
    clinic_id: ClinicId
    contact_id: ContactId
    patient_id: PatientId | None
    appointment_id: AppointmentId | None
    version: int | None
    channel: Channel
    origin: Origin
    kind: str
    body: str
    subject: str
    segments: int
    due_at: datetime
    expires_at: datetime
    asks: QuestionKind | None = None
    author: str | None = None
    request_key: str | None = None
    override_reason: str | None = None
    recipient: Recipient = Recipient.PATIENT
    batch_id: BatchId | None = None
    """What staff sent at once and may stop at once."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the sending step sees it."""

    draft: Draft
    state: MessageState
    fence: int
    crashes: int
    resends: int
    redeliveries: int
    claim: UUID | None

    @property
    def id(self) -> MessageId:
        """Its id."""
        return self.draft.id
