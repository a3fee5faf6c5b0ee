"""What a simulated life and the service under test do, as plain facts in the order in which they became known.

The checker judges nothing but such a log, so that a test can show it a faulty one. Instants are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

Spans = tuple[tuple[time, time], ...]


@dataclass(frozen=True, slots=True)
class ClinicIs:
    """A clinic's own decisions from now on; `week` are the hours of each day, Monday first."""

    key: str
    zone: str
    week: tuple[Spans, ...]
    assumes_fulfilled: bool = False
    rebook_weeks: int | None = None
    per_day: int = 2
    per_week: int = 8


@dataclass(frozen=True, slots=True)
class PersonIs:
    """What the service was told of a patient; `channels` are those that they agreed to."""

    key: str
    clinic: str
    zone: str | None
    channels: frozenset[str]


@dataclass(frozen=True, slots=True)
class SessionIs:
    """What the service was told of a session. Every new start or status is another version."""

    key: str
    person: str
    version: int
    starts_at: datetime
    minutes: int
    status: str
    series: str | None = None
    ended_at: datetime | None = None
    at: datetime | None = None
    """When it was told."""


@dataclass(frozen=True, slots=True)
class AddressIs:
    """Whether an address may be written to: it opted out, or does not work, or may be used again."""

    address: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class PausedIs:
    """Whether a patient is on hold, or a series stopped."""

    subject: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class EscortAgreed:
    """Somebody said that we may text them about fetching a patient."""

    person: str
    phone: str


@dataclass(frozen=True, slots=True)
class Part:
    """A reminder that a message carried."""

    session: str
    version: int
    step: str


@dataclass(frozen=True, slots=True)
class MessageLeft:
    """A message reached the provider."""

    at: datetime
    key: str
    person: str | None
    channel: str
    address: str
    origin: str
    recipient: str
    kind: str
    made_at: datetime
    expires_at: datetime
    parts: tuple[Part, ...] = ()
    asks: str | None = None


@dataclass(frozen=True, slots=True)
class ReminderIs:
    """How a reminder stands at the end of everything."""

    part: Part
    recipient: str
    channel: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class MessageIs:
    """How a message stands at the end of everything."""

    key: str
    session: str | None
    origin: str
    kind: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class TaskIs:
    """An item that stands or stood on the worklist."""

    kind: str
    session: str | None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Replanned:
    """Everything was planned once more though nothing had changed; `changes` should be none."""

    at: datetime
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contradicted:
    """The ledger found a row that contradicts a promise."""

    what: str


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing is to come any more: what is not settled now never will be."""

    at: datetime


Fact = (
    ClinicIs
    | PersonIs
    | SessionIs
    | AddressIs
    | PausedIs
    | EscortAgreed
    | MessageLeft
    | ReminderIs
    | MessageIs
    | TaskIs
    | Replanned
    | Contradicted
    | Over
)
