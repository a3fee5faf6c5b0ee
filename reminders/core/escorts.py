"""Escorts: whoever fetches a patient, and their own word on being texted (requirement 52)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reminders.core.ids import ClinicId, PatientId


class EscortWord(StrEnum):
    """Whether the person whom a booking names may be texted."""

    AGREED = "agreed"
    UNASKED = "unasked"
    """They never said anything about it, and their number is open: they may be asked whether we may."""
    SILENT = "silent"
    """They said no or opted out, their number does not work, or nobody is named."""


@dataclass(frozen=True, slots=True)
class EscortConsent:
    """What an escort said about being texted when and where to fetch one patient. The phone is in E.164."""

    id: UUID
    clinic_id: ClinicId
    patient_id: PatientId
    phone: str
    is_granted: bool
    note: str
    recorded_by: str
    recorded_at: datetime
