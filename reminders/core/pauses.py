"""Pauses: a day the clinic is closed, a patient on hold, a series that was stopped. Each is made and ended by staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reminders.core.appointments import Appointment
from reminders.core.ids import PatientId
from reminders.core.reminders import Reason


class PauseKind(StrEnum):
    """What staff can pause."""

    DAY = "day"
    PATIENT = "patient"
    SERIES = "series"


@dataclass(frozen=True, slots=True)
class Pauses:
    """What is paused at one clinic now. `days` are its extra closures, in the clinic's own calendar."""

    days: frozenset[date] = frozenset()
    patients: frozenset[PatientId] = frozenset()
    series: frozenset[str] = frozenset()

    def refusal(self, appointment: Appointment) -> Reason | None:
        """Say why nothing may be sent about an appointment, if so."""
        if appointment.patient_id in self.patients:
            return Reason.ON_HOLD
        return Reason.SERIES_STOPPED if appointment.booking.series_id in self.series else None


NO_PAUSES = Pauses()
