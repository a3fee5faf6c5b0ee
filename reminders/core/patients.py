"""Patients, the addresses at which they can be reached, and which of these are open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from reminders.core.ids import PatientId


class Channel(StrEnum):
    """How a message travels."""

    SMS = "sms"
    EMAIL = "email"


class Recipient(StrEnum):
    """Who a message is for."""

    PATIENT = "patient"
    ESCORT = "escort"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """What the schedule says about one patient; phones in E.164, the zone an IANA name or None where unknown."""

    external_id: str
    name: str
    phone: str | None
    email: str | None
    language: str
    timezone: str | None
    has_sms_consent: bool
    has_email_consent: bool

    def address(self, channel: Channel) -> str | None:
        """Return where this person is reached on a channel, if anywhere."""
        return self.phone if channel is Channel.SMS else self.email

    def has_consent(self, channel: Channel) -> bool:
        """Say whether the clinic recorded permission to write on this channel (requirement 31)."""
        return self.has_sms_consent if channel is Channel.SMS else self.has_email_consent


@dataclass(frozen=True, slots=True)
class Terms:
    """How a patient may be written to: the part of their record that names nobody."""

    language: str
    timezone: str | None
    has_sms_consent: bool
    has_email_consent: bool

    def has_consent(self, channel: Channel) -> bool:
        """Say whether the clinic recorded permission to write on this channel (requirement 31)."""
        return self.has_sms_consent if channel is Channel.SMS else self.has_email_consent


@dataclass(frozen=True, slots=True)
class Override:
    """What staff changed of the cadence for one patient. Empty parts leave the clinic's own as they are.

    `distances` are named as in `Cadence` (solids_fast, driving_ban, …). `is_rebooking` is false where the patient was
    discharged or does not want to be asked for another session.
    """

    off: frozenset[str] = frozenset()
    on: frozenset[str] = frozenset()
    channels: tuple[Channel, ...] = ()
    distances: Mapping[str, timedelta] = field(default_factory=dict)
    rebook_weeks: int | None = None
    is_rebooking: bool = True


NO_OVERRIDE = Override()


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as we hold them: the schedule's record under our own id, and the channels that are closed to us.

    `closed` holds channels whose address opted out or is known not to work (a landline, a bounced mailbox); `faulty`
    those of them that only do not work.
    """

    id: PatientId
    record: PatientRecord
    closed: frozenset[Channel] = frozenset()
    override: Override = NO_OVERRIDE
    faulty: frozenset[Channel] = frozenset()

    @property
    def language(self) -> str:
        """The language that they are written to in, as the schedule names it."""
        return self.record.language

    def is_open(self, channel: Channel) -> bool:
        """Say whether an automated message may be planned on this channel."""
        record = self.record
        return bool(record.address(channel)) and record.has_consent(channel) and channel not in self.closed


class Addressee(NamedTuple):
    """A patient as far as it takes to write what was planned; whether it may go there is for the gate to ask."""

    id: PatientId
    phone: str | None
    email: str | None
    language: str
    timezone: str | None
    override: Override = NO_OVERRIDE

    def address(self, channel: Channel) -> str | None:
        """Return where this person is reached on a channel, if anywhere."""
        return self.phone if channel is Channel.SMS else self.email
