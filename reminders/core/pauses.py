"""Pauses: a day the clinic is closed, a patient on hold, a series that was stopped. Each is made and ended by staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.ids import ClinicId, PatientId
from reminders.core.reminders import Reason


class PauseKind(StrEnum):
    """What staff can pause."""

    DAY = "day"
    PATIENT = "patient"
    SERIES = "series"


REFUSES: Mapping[PauseKind, Reason] = {
    PauseKind.PATIENT: Reason.ON_HOLD,
    PauseKind.SERIES: Reason.SERIES_STOPPED,
}
"""Why reminders do not leave during a pause; a closed day refuses none, it moves them."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What staff paused and why. `subject` is an ISO date, a patient's external id or a series' id."""

    id: UUID
    clinic_id: ClinicId
    kind: PauseKind
    subject: str
    reason: str
    made_by: str
    made_at: datetime
    patient_id: PatientId | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pauses:
    """What is paused at one clinic now. `days` are its extra closures, in the clinic's own calendar."""

    days: frozenset[date] = frozenset()
    patients: frozenset[PatientId] = frozenset()
    series: frozenset[str] = frozenset()

    def refusal(self, appointment: Appointment) -> Reason | None:
        """Say why nothing may be sent about an appointment, if so."""
        return self.refusal_of(appointment.patient_id, appointment.booking.series_id)

    def refusal_of(self, patient_id: PatientId, series_id: str | None) -> Reason | None:
        """Say the same of whoever's session of whichever series it is."""
        if patient_id in self.patients:
            return REFUSES[PauseKind.PATIENT]
        return REFUSES[PauseKind.SERIES] if series_id in self.series else None


NO_PAUSES = Pauses()
