"""A clinic and everything it may decide: zone, voice, send window, cadences, caps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from reminders.core.appointments import Booking
from reminders.core.cadences import DEFAULT_CADENCE, Cadence
from reminders.core.ids import ClinicId
from reminders.core.patients import PatientRecord
from reminders.core.windows import DEFAULT_WINDOW, SendWindow

DEFAULT_TYPE = "ketamine_infusion"


@dataclass(frozen=True, slots=True)
class Caps:
    """How many automated messages one patient gets at most, per local day and per rolling 7 days (requirement 12)."""

    per_day: int = 2
    per_week: int = 8


@dataclass(frozen=True, slots=True)
class Clinic:
    """One clinic's configuration. `sender` is the neutral name patients see; it names no drug and no specialty."""

    id: ClinicId
    slug: str
    sender: str
    timezone: str
    phone: str
    country: str = "US"
    language: str = "en"
    emergency_number: str = "911"
    address: str = ""
    window: SendWindow = DEFAULT_WINDOW
    caps: Caps = Caps()
    cadences: Mapping[str, Cadence] = field(default_factory=dict)
    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The clinic's own texts: language, then step key."""
    assume_fulfilled: bool = False
    """Lets check-ins run for appointments whose outcome nobody marked."""
    resends_unknown: bool = True
    """False is the policy `hold`: an unknown outcome goes to staff instead of being sent again."""

    @property
    def tz(self) -> ZoneInfo:
        """The zone of appointments whose row in the schedule names none."""
        return ZoneInfo(self.timezone)

    def cadence(self, appointment_type: str) -> Cadence:
        """Return the cadence of an appointment type, the default one where the clinic has none of its own."""
        return self.cadences.get(appointment_type, self.cadences.get("*", DEFAULT_CADENCE))


def quiet_zone(record: PatientRecord, booking: Booking) -> ZoneInfo:
    """Return the zone whose quiet hours hold for a patient: their own, that of the appointment if unknown."""
    return ZoneInfo(record.timezone) if record.timezone else booking.tz
