"""Events: the lines of a timeline, and what is needed to write them in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.escorts import EscortWord
from reminders.core.ids import AppointmentId, ContactId, MessageId
from reminders.core.patients import Patient
from reminders.core.pauses import NO_PAUSES, Pauses
from reminders.core.wording import IN_TABLES, day_and_time


class EventKind(IntEnum):
    """What a line tells. The order is that of lines of the same instant: causes before what follows from them."""

    CONSENT = 0
    ESCORT = 1
    OVERRIDE = 2
    PAUSE = 3
    REPLY = 4
    CHECK_IN = 5
    ALARM = 6
    ADDRESS = 7
    SESSION = 8
    CONFIRMATION = 9
    RIDE = 10
    REMINDER = 11
    MESSAGE = 12
    ATTEMPT = 13
    QUESTION = 14
    RECEIPT = 15
    TASK = 16


@dataclass(frozen=True, slots=True)
class Event:
    """One line. `facts` are for programs: instants as text in UTC, our own words for states and reasons."""

    at: datetime
    kind: EventKind
    what: str
    why: str = ""
    state: str = ""
    appointment_id: AppointmentId | None = None
    message_id: MessageId | None = None
    contact_id: ContactId | None = None
    version: int | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules need besides the history. `escorts` says by appointment whether its escort may be texted."""

    clinic: Clinic
    now: datetime
    patient: Patient | None = None
    booked: Mapping[AppointmentId, Appointment] = field(default_factory=dict)
    pauses: Pauses = NO_PAUSES
    escorts: Mapping[AppointmentId, EscortWord] = field(default_factory=dict)
    language: str = IN_TABLES
    """Decides how times are told to staff."""

    def tell(self, at: datetime) -> str:
        """Write an instant for staff."""
        return day_and_time(at, self.clinic.tz, self.language)

    def of_version(self, appointment_id: AppointmentId | None, version: int | None) -> str:
        """Say which version a line is about, where there was more than one."""
        held = self.booked.get(appointment_id) if appointment_id is not None else None
        return f" (version {version})" if held is not None and held.version > 1 and version is not None else ""

    def of_session(self, appointment_id: AppointmentId, *, beside: AppointmentId | None) -> str:
        """Name a session where it is another one than the line's own."""
        held = self.booked.get(appointment_id)
        return f" of {held.external_id}" if held is not None and appointment_id != beside else ""
