"""Permissions: one word of the holder of an address about being written to, as the ledger keeps it for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from reminders.core.consent import Source, Subject
from reminders.core.ids import ClinicId, ContactId, InboundId, PatientId
from reminders.core.patients import Channel


@dataclass(frozen=True, slots=True)
class PermissionEvent:
    """What was allowed or forbidden, how we learned it, and who wrote it down.

    `patient_id` only where it is known who spoke. `words` are the person's own or what staff noted, empty for a text,
    which `inbound_id` keeps. `asked_on` is the day on which the person said it to staff, `due_on` the day until which
    it had to be honoured (requirement 39), both in the clinic's zone.
    """

    id: UUID
    clinic_id: ClinicId
    contact_id: ContactId
    patient_id: PatientId | None
    subject: Subject
    is_granted: bool
    source: Source
    recorded_by: str
    recorded_at: datetime
    words: str = ""
    inbound_id: InboundId | None = None
    asked_on: date | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class PastPermission:
    """An entry of the ledger as people read it: with its address, and with the text where one was it."""

    event: PermissionEvent
    channel: Channel
    address: str


@dataclass(frozen=True, slots=True)
class ClosedAddress:
    """An address that nothing automatic goes to, by whose choice, and the schedule's ids of who has it."""

    channel: Channel
    address: str
    opted_out_at: datetime
    opted_out_by: str
    patients: tuple[str, ...]
