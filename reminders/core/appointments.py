"""Appointments as the clinic's schedule has them, and what changed between two readings of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminders.core.ids import AppointmentId, PatientId
from reminders.core.patients import PatientRecord
from reminders.core.transport import RideState


class AppointmentStatus(StrEnum):
    """FHIR's words for the states of an appointment, as far as a schedule uses them."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"

    @property
    def is_coming(self) -> bool:
        """Say whether the patient is still expected or present."""
        return self in COMING

    @property
    def is_off(self) -> bool:
        """Say whether the visit will not take place or did not."""
        return self in OFF


COMING = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})
OFF = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.NOSHOW})


@dataclass(frozen=True, slots=True)
class Booking:
    """What the schedule says of one appointment. `starts_at` is UTC; `timezone` the clinic's zone for showing it."""

    starts_at: datetime
    timezone: str
    duration: timedelta
    appointment_type: str
    status: AppointmentStatus
    series_id: str | None = None
    series_number: int | None = None
    escort_name: str | None = None
    escort_phone: str | None = None

    @property
    def tz(self) -> ZoneInfo:
        """The zone of the place where the appointment is: civil days and shown times are this zone's."""
        return ZoneInfo(self.timezone)

    def same_version(self, other: Booking) -> bool:
        """Say whether a confirmation of one also holds for the other: same start, type and status."""
        mine = (self.starts_at, self.appointment_type, self.status)
        return mine == (other.starts_at, other.appointment_type, other.status)


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """One row of a schedule that was read and found good. `line` is where it stood, for messages to people."""

    external_id: str
    patient: PatientRecord
    booking: Booking
    line: int = 0


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as we hold it. A confirmation or a ride counts only for the version it was given for."""

    id: AppointmentId
    external_id: str
    patient_id: PatientId
    booking: Booking
    version: int
    versioned_at: datetime
    confirmed_version: int | None = None
    ride_version: int | None = None
    ended_at: datetime | None = None
    """When the session really ended, in UTC, as staff recorded it; no part of the version."""
    ended_by: str | None = None
    missing_since: datetime | None = None
    is_announced: bool = True
    """False for what a first import brought: nobody is told that they are booked."""
    ride_state: RideState | None = None
    ride_state_version: int | None = None

    @property
    def starts_at(self) -> datetime:
        """The start, in UTC."""
        return self.booking.starts_at

    @property
    def status(self) -> AppointmentStatus:
        """The schedule's status."""
        return self.booking.status

    @property
    def is_confirmed(self) -> bool:
        """Say whether the patient confirmed this very version."""
        return self.confirmed_version == self.version

    @property
    def has_ride(self) -> bool:
        """Say whether a ride is arranged for this very version."""
        return self.ride_version == self.version

    @property
    def ride(self) -> RideState | None:
        """Return what was last said of the ride of this very version; None where nobody said anything."""
        return ride_of(self.version, self.ride_version, self.ride_state, self.ride_state_version)


def ride_of(
    version: int, ride_version: int | None, said: RideState | None, said_version: int | None
) -> RideState | None:
    """Return what was last said of the ride of a version, by what is stored: see `Appointment.ride`."""
    if ride_version == version:
        return RideState.ARRANGED
    return None if said_version != version or said is RideState.ARRANGED else said


@dataclass(frozen=True, slots=True)
class Glance:
    """An appointment as a list shows it: whose, when, and what was answered; nothing in it was sealed."""

    id: AppointmentId
    external_id: str
    patient_id: PatientId
    starts_at: datetime
    timezone: str
    status: AppointmentStatus
    series_id: str | None
    is_confirmed: bool
    ride: RideState | None


class Meant(NamedTuple):
    """The session that a reply was for, and when it begins (UTC) by the clock of which zone."""

    id: AppointmentId
    starts_at: datetime
    timezone: str


class ChangeKind(StrEnum):
    """What a new reading of the schedule does to an appointment."""

    ADDED = "added"
    MOVED = "moved"
    CANCELLED = "cancelled"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Known:
    """What we hold of an appointment, as far as a comparison needs it."""

    patient: PatientRecord
    booking: Booking
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One row's effect: what it was, what it becomes."""

    kind: ChangeKind
    entry: ScheduleEntry
    before: Known | None


@dataclass(frozen=True, slots=True)
class ScheduleDiff:
    """Everything a reading changes. `missing` are future bookings that the reading no longer names.

    A missing row never cancels by itself: it becomes a staff task.
    """

    changes: tuple[Change, ...]
    missing: tuple[str, ...]

    effective: tuple[Change, ...] = field(init=False)
    """The changes that write something."""

    def __post_init__(self) -> None:
        """Look through the changes once: an unchanged schedule has many, and many ask."""
        kept = tuple([change for change in self.changes if change.kind is not ChangeKind.UNCHANGED])
        object.__setattr__(self, "effective", kept)


def newcomers(found: ScheduleDiff, known: Collection[str]) -> tuple[dict[str, list[ScheduleEntry]], ScheduleDiff]:
    """Part those who stand in a schedule for the first time, with their sessions, from all else that it changes.

    `known` are the external ids of the clinic's patients. Whoever got a session that was another's is no newcomer.
    """
    own = {change.entry.patient.external_id for change in found.effective}.difference(known)
    own -= {change.entry.patient.external_id for change in found.effective if change.before is not None}
    if not own:
        return {}, found
    fresh: dict[str, list[ScheduleEntry]] = {}
    rest = []
    for change in found.changes:
        name = change.entry.patient.external_id
        if name in own:
            fresh.setdefault(name, []).append(change.entry)
        else:
            rest.append(change)
    return fresh, ScheduleDiff(tuple(rest), found.missing)


SHARE_THAT_WAITS = 0.20
"""A reading that cancels more than this share of what was coming waits for an explicit yes (requirement 17 of (d))."""


def diff(known: Mapping[str, Known], fetched: Iterable[ScheduleEntry], *, now: datetime) -> ScheduleDiff:
    """Compare what we hold, by external id, with a complete reading of the schedule."""
    entries = tuple(fetched)
    named = {entry.external_id for entry in entries}
    missing = (
        external_id
        for external_id, held in known.items()
        if external_id not in named and held.booking.status.is_coming and held.booking.starts_at > now
    )
    return ScheduleDiff(
        changes=tuple(_change(known.get(entry.external_id), entry) for entry in entries), missing=tuple(sorted(missing))
    )


def _change(before: Known | None, entry: ScheduleEntry) -> Change:
    return Change(_kind(before, entry), entry, before)


def _kind(before: Known | None, entry: ScheduleEntry) -> ChangeKind:
    if before is None:
        return ChangeKind.ADDED
    old, new = before.booking, entry.booking
    if old == new:  # as nearly always
        is_same = before.patient == entry.patient and not before.is_missing
        return ChangeKind.UNCHANGED if is_same else ChangeKind.CHANGED
    if new.status is AppointmentStatus.CANCELLED and old.status is not AppointmentStatus.CANCELLED:
        return ChangeKind.CANCELLED
    if new.starts_at != old.starts_at and not new.status.is_off:
        return ChangeKind.MOVED
    return ChangeKind.CHANGED


def cancels_too_much(found: ScheduleDiff, known: Mapping[str, Known], *, now: datetime) -> bool:
    """Say whether this reading cancels more than a fifth of the appointments that were still to come."""
    coming = sum(1 for held in known.values() if held.booking.status.is_coming and held.booking.starts_at > now)
    cancelled = sum(
        1
        for change in found.effective
        if change.before is not None
        and change.before.booking.status.is_coming
        and change.before.booking.starts_at > now
        and change.entry.booking.status.is_off
    )
    return coming > 0 and cancelled / coming > SHARE_THAT_WAITS
