"""The clinics, patients and sessions of a simulated life, as their own people know them: no service is asked here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reminders.core.appointments import AppointmentStatus, Booking, ScheduleEntry
from reminders.core.clinics import DEFAULT_TYPE
from reminders.core.patients import PatientRecord
from tests.simulation.facts import ClinicIs, PersonIs, SessionIs, Spans

USUAL: tuple[Spans, ...] = (*(((time(9), time(20)),),) * 6, ((time(12), time(20)),))
"""09:00 to 20:00, on Sunday from 12:00: what holds where a clinic says nothing."""
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Site:
    """A clinic: its file, its working week (Monday is 0), and how its inductions are spread over it."""

    key: str
    zone: str
    document: Mapping[str, Any]
    workdays: tuple[int, ...]
    patterns: tuple[tuple[int, ...], ...]
    elsewhere: tuple[str, ...]
    """Other zones that some of its patients live in."""
    week: tuple[Spans, ...] = USUAL
    rebook_weeks: int | None = None
    assumes_fulfilled: bool = False

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def fact(self) -> ClinicIs:
        return ClinicIs(self.key, self.zone, self.week, self.assumes_fulfilled, self.rebook_weeks)


@dataclass(slots=True)
class Person:
    """A patient. `known` is what the service last read of them."""

    key: str
    site: Site
    record: PatientRecord
    answers: float
    """How likely they answer a question."""
    escort_phone: str | None = None
    known: PatientRecord | None = None

    def fact(self) -> PersonIs:
        record = self.record
        agreed = {"sms": record.has_sms_consent, "email": record.has_email_consent}
        channels = frozenset(channel for channel, is_agreed in agreed.items() if is_agreed)
        return PersonIs(self.key, self.site.key, record.timezone, channels)


@dataclass(slots=True)
class Session:
    """A row of a clinic's schedule. `known` and `version` are what the service last read of it."""

    key: str
    person: Person
    file: str
    starts_at: datetime
    minutes: int
    status: AppointmentStatus = AppointmentStatus.BOOKED
    series: str | None = None
    number: int | None = None
    known: tuple[datetime, AppointmentStatus] | None = None
    version: int = 0
    ended_at: datetime | None = None

    @property
    def usual_end(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes + (40 if self.minutes <= 90 else 60))

    def entry(self, line: int) -> ScheduleEntry:
        booking = Booking(
            self.starts_at,
            self.person.site.zone,
            self.minutes * MINUTE,
            DEFAULT_TYPE,
            self.status,
            self.series,
            self.number,
            "Robin" if self.person.escort_phone else None,
            self.person.escort_phone,
        )
        return ScheduleEntry(self.key, self.person.record, booking, line)

    def fact(self, at: datetime) -> SessionIs:
        return SessionIs(
            self.key,
            self.person.key,
            self.version,
            self.starts_at,
            self.minutes,
            self.status.value,
            self.series,
            self.ended_at,
            at,
        )


@dataclass(slots=True)
class Town:
    """Everything there is."""

    sites: list[Site]
    people: list[Person] = field(default_factory=list)
    files: dict[str, list[Session]] = field(default_factory=dict)

    def sessions_of(self, person: Person) -> list[Session]:
        found = (item for rows in self.files.values() for item in rows if item.person is person)
        return sorted(found, key=lambda item: item.starts_at)


def sites() -> list[Site]:
    """Return three clinics: one as the product ships, one plain and without clock changes, one with odd hours."""
    return [
        Site(
            "riverside",
            "America/New_York",
            {
                "slug": "riverside",
                "sender": "Riverside Clinic",
                "timezone": "America/New_York",
                "phone": "+12025550100",
                "closures": ["2027-03-12", "2027-07-05", "2027-11-25", "2027-12-24"],
            },
            (0, 1, 2, 3, 4),
            ((0, 2, 4), (0, 1, 2, 3, 4)),
            ("America/Los_Angeles", "America/Chicago", "Europe/London"),
        ),
        Site(
            "saguaro",
            "America/Phoenix",
            {
                "slug": "saguaro",
                "sender": "Saguaro Clinic",
                "timezone": "America/Phoenix",
                "phone": "+16025550100",
                "cadence": {"*": {"rebook_weeks": 5}},
            },
            (0, 1, 2, 3, 4),
            ((1, 3), (0, 3)),
            ("America/Denver", "Pacific/Honolulu"),
            rebook_weeks=5,
        ),
        Site(
            "harbour",
            "Europe/London",
            {
                "slug": "harbour",
                "sender": "Harbour Clinic",
                "timezone": "Europe/London",
                "phone": "+442079460100",
                "country": "GB",
                "assume_fulfilled": True,
                "open_days": ["monday", "tuesday", "wednesday", "thursday", "friday", "sunday"],
                "window": {"friday": "11:00-01:00", "sunday": ["10:00-13:00", "15:00-18:00"]},
            },
            (0, 1, 2, 3, 4, 6),
            ((6, 2, 4), (0, 1, 2, 3, 4)),
            ("Europe/Madrid", "Pacific/Honolulu"),
            week=(
                *USUAL[:4],
                ((time(11), time(1)),),
                USUAL[5],
                ((time(10), time(13)), (time(15), time(18))),
            ),
            assumes_fulfilled=True,
        ),
    ]


def wall(site: Site, on: datetime, days: int, hour: float) -> datetime:
    """Return the instant of an hour on a clinic's wall, some days after the day of `on`."""
    day = on.astimezone(site.tz).date() + timedelta(days=days)
    clock = (datetime.combine(day, time()) + timedelta(hours=hour)).time()
    return datetime.combine(day, clock, tzinfo=site.tz).astimezone(UTC)
