"""A clinic and everything it may decide: zone, voice, send window, cadences, caps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from reminders.core.appointments import Booking
from reminders.core.cadences import DEFAULT_CADENCE, Cadence, overridden
from reminders.core.check_ins import DEFAULT_RULES, CheckInRules
from reminders.core.emergency import numbers_of
from reminders.core.escalations import Rung
from reminders.core.ids import ClinicId
from reminders.core.patients import NO_OVERRIDE, Addressee, Override, PatientRecord, Terms
from reminders.core.pauses import NO_PAUSES, Pauses
from reminders.core.windows import DEFAULT_WINDOW, SendWindow
from reminders.core.wording import StaffClock

DEFAULT_TYPE = "ketamine_infusion"


@dataclass(frozen=True, slots=True)
class Caps:
    """How many automated messages one patient gets at most, per local day and per rolling 7 days (requirement 12)."""

    per_day: int = 2
    per_week: int = 8
    characters: int | None = None
    """The longest text, where one is prescribed: 160 under the exemption from consent (domain C1)."""


EXEMPTION = Caps(per_day=1, per_week=3, characters=160)
MONDAY_TO_FRIDAY = frozenset(range(5))
FARTHEST_OPEN_DAY = 30
"""How many days ahead an open day is looked for."""


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
    emergency_number: str = ""
    """Overrides the country's general emergency number; see `emergency`."""
    crisis_line: str = ""
    """Overrides the country's line for people in a crisis; see `crisis`."""
    address: str = ""
    window: SendWindow = DEFAULT_WINDOW
    caps: Caps = Caps()
    cadences: Mapping[str, Cadence] = field(default_factory=dict)
    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The clinic's own texts: language, then step key."""
    snippets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What staff may answer with: language, then a short name."""
    assume_fulfilled: bool = False
    """Lets check-ins run for appointments whose outcome nobody marked."""
    closures: frozenset[date] = frozenset()
    """Days on which the clinic is closed, in its own calendar; reminders due then go out on the open day before."""
    open_days: frozenset[int] = MONDAY_TO_FRIDAY
    """Weekdays on which somebody works off the worklist; Monday is 0."""
    most_segments: int = 3
    """The longest text a template may grow to, in the parts it is billed as."""
    allows_ucs2: bool = False
    """True lets texts use characters that more than double what they cost."""
    segment_price: str = ""
    """What one part of a text costs, such as '0.0079 USD'; empty where nobody said."""
    late_cancel_hours: int = 24
    """From so many hours before the start on reports count a cancellation as late: the slot can hardly be filled."""
    catch_up_per_minute: int = 60
    """How many late messages may leave in a minute after an outage."""
    resends_unknown: bool = True
    """False is the policy `hold`: an unknown outcome goes to staff instead of being sent again."""
    escalation: tuple[Rung, ...] = ()
    """Who is told that a patient may need help, in this order, until somebody takes over."""
    alarms_on_idioms: bool = False
    """True raises the alarm for words too that are usually a figure of speech."""
    check_in: CheckInRules = DEFAULT_RULES

    @property
    def tz(self) -> ZoneInfo:
        """The zone of appointments whose row in the schedule names none."""
        return ZoneInfo(self.timezone)

    @property
    def clock(self) -> StaffClock:
        """How staff here are told times."""
        return StaffClock(self.tz, self.language)

    @property
    def emergency(self) -> str:
        """What a patient dials when life is at risk."""
        return self.emergency_number or numbers_of(self.country).general

    @property
    def crisis(self) -> str:
        """What a patient dials to talk to somebody, day or night."""
        return self.crisis_line or numbers_of(self.country).crisis

    def cadence(self, appointment_type: str, override: Override = NO_OVERRIDE) -> Cadence:
        """Return the cadence of an appointment type, the default one where the clinic has none of its own.

        What staff changed for one patient goes before what the clinic decided for all.
        """
        own = self.cadences.get(appointment_type, self.cadences.get("*", DEFAULT_CADENCE))
        return overridden(own, override)

    def is_closed(self, on: date, pauses: Pauses = NO_PAUSES) -> bool:
        """Say whether the clinic is closed on a day of its calendar, by its file or by staff."""
        return on in self.closures or on in pauses.days


def next_open_day(clinic: Clinic, today: date, pauses: Pauses = NO_PAUSES) -> date:
    """Return the first day after today on which a clinic works; tomorrow where none is near."""
    ahead = (today + timedelta(days=count) for count in range(1, FARTHEST_OPEN_DAY))
    is_open = (on for on in ahead if on.weekday() in clinic.open_days and not clinic.is_closed(on, pauses))
    return next(is_open, today + timedelta(days=1))


def quiet_zone(record: PatientRecord | Addressee | Terms, booking: Booking) -> ZoneInfo:
    """Return the zone whose quiet hours hold for a patient: their own, that of the appointment if unknown."""
    return ZoneInfo(record.timezone) if record.timezone else booking.tz
