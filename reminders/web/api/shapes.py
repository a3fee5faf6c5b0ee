"""The shapes of the API: what a request may hold, what an answer holds. Instants are RFC 3339; we answer in UTC.

A request is judged strictly: a number written as text, or a member that nobody knows, is a fault and no guess.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

from reminders.core.appointments import AppointmentStatus, ChangeKind
from reminders.core.delivery import MessageState
from reminders.core.feed import FeedKind
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.tasks import Outcome, TaskKind, Urgency
from reminders.core.transport import RideState

LONGEST = 200
LONGEST_TEXT = 1600
LONGEST_NOTE = 500
YEARS = range(2000, 2101)
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
ONE_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
LINES = r"^[^\x00-\x09\x0b-\x1f\x7f]+$"


def _written(value: object) -> object:
    """Take an instant only as RFC 3339 writes it: with its offset, and no number for one."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not RFC_3339.fullmatch(value):
        message = "an instant is wanted as RFC 3339 writes it, such as 2027-03-16T13:30:00Z"
        raise ValueError(message)
    return value


def _in_utc(value: datetime) -> datetime:
    if value.year not in YEARS:
        message = f"the year {value.year} is out of reach; {YEARS[0]} to {YEARS[-1]} are read"
        raise ValueError(message)
    return value.astimezone(UTC).replace(microsecond=0)


Instant = Annotated[datetime, BeforeValidator(_written), AfterValidator(_in_utc)]
Words = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=ONE_LINE)]
"""One line that is not blank."""


class Shape(BaseModel):
    """What all shapes share."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)


class Consent(Shape):
    """What the patient agreed to in the clinic's own records. An opt-out that we heard always goes before it."""

    sms: StrictBool = False
    email: StrictBool = False


class PatientBody(Shape):
    """A patient's record, the whole of it: what is left out is unknown, not unchanged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Dana Rivers",
                    "phone": "+12025550101",
                    "email": "dana@example.org",
                    "language": "en",
                    "consent": {"sms": True, "email": True},
                }
            ]
        }
    )

    name: Words
    phone: Words | None = None
    """With `+`, or as dialled in the clinic's country. Phone or e-mail is needed."""
    email: Words | None = None
    language: Words | None = None
    """A language tag such as `en` or `es-MX`; the clinic's own where left out."""
    timezone: Words | None = None
    """Where the patient lives, if that is known: an IANA name."""
    consent: Consent = Consent()


class NamedPatient(PatientBody):
    """A patient's record with the clinic's own id."""

    model_config = ConfigDict(json_schema_extra={})

    external_id: Words


class Series(Shape):
    """Which course of treatment a session belongs to, and its place there."""

    id: Words
    number: Annotated[StrictInt, Field(ge=1, le=9999)] | None = None


class Escort(Shape):
    """Who fetches the patient."""

    name: Words | None = None
    phone: Words | None = None


APPOINTMENT: dict[str, Any] = {
    "starts_at": "2027-03-16T09:30:00-04:00",
    "duration_minutes": 120,
    "status": "booked",
    "patient": {
        "external_id": "P-1001",
        "name": "Dana Rivers",
        "phone": "+12025550101",
        "language": "en",
        "consent": {"sms": True, "email": False},
    },
}


class AppointmentBody(Shape):
    """A session with its patient, the whole of it, as the clinic's schedule has it now."""

    model_config = ConfigDict(json_schema_extra={"examples": [APPOINTMENT]})

    starts_at: Instant
    timezone: Words | None = None
    """Where the session is, an IANA name: its days and shown times are of this zone. The clinic's where left out."""
    duration_minutes: Annotated[StrictInt, Field(ge=1, le=7200)] = 60
    appointment_type: Words | None = None
    status: AppointmentStatus = AppointmentStatus.BOOKED
    series: Series | None = None
    escort: Escort | None = None
    patient: NamedPatient
    is_announced: StrictBool = True
    """Whether the patient hears that they are booked. False when you load sessions that patients know of already."""


class Patient(Shape):
    """A patient as we hold them."""

    external_id: str
    name: str
    phone: str | None
    """E.164."""
    email: str | None
    language: str
    timezone: str | None
    consent: Consent
    closed: list[Channel]
    """Channels on which nothing is sent, whatever the consent says: opted out, or the address does not work."""


class Appointment(Shape):
    """A session as we hold it. What the patient said counts for this very version."""

    external_id: str
    patient: str
    """The clinic's own id of the patient."""
    starts_at: datetime
    timezone: str
    duration_minutes: int
    appointment_type: str
    status: AppointmentStatus
    series: Series | None
    escort: Escort | None
    version: int
    """Grows by one whenever start, type or status change."""
    is_confirmed: bool
    ride: RideState | None
    is_missing: bool
    """The schedule that brought it no longer names it."""


class StoredAppointment(Appointment):
    """A session as we hold it, and what this request changed of it."""

    change: ChangeKind


class Appointments(Shape):
    """A page of sessions in order of start."""

    items: list[Appointment]
    next: str | None
    """The cursor of the next page; null where this is the last."""


class NewMessage(Shape):
    """A text to one patient, in the words in which they will read it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"patient": "P-1001", "text": "We open at 10 tomorrow because of the snow."}]}
    )

    patient: Words
    """The clinic's own id."""
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=LINES)]
    channel: Channel | None = None
    """The best that is open, where left out."""
    override_reason: Annotated[str, Field(min_length=10, max_length=LONGEST, pattern=ONE_LINE)] | None = None
    """Why it must leave in quiet hours too. An opt-out is never overridden."""


class Step(Shape):
    """One line of what happened to a message, and why."""

    at: datetime
    what: str
    why: str
    state: str


class Message(Shape):
    """A message and where it is now."""

    id: UUID
    patient: str | None
    channel: Channel
    kind: str
    state: MessageState
    reason: Reason | None
    due_at: datetime
    made_at: datetime
    left_at: datetime | None
    changed_at: datetime
    text: str | None


class ToldMessage(Message):
    """A message with its whole story, oldest first, and what comes next."""

    timeline: list[Step]
    next: str


class Task(Shape):
    """What needs a person."""

    id: UUID
    kind: TaskKind
    title: str
    next_action: str
    urgency: Urgency
    reason: Reason | None
    opened_at: datetime | None
    due_at: datetime
    is_overdue: bool
    patient: str | None
    appointment: str | None
    owner: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    outcome: Outcome | None
    note: str | None


class Tasks(Shape):
    """A page of open tasks, the oldest first."""

    items: list[Task]
    next: str | None


class Ending(Shape):
    """How a task ended, and what was learned with it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "reached", "note": "She comes by taxi."}]})

    outcome: Outcome
    note: Annotated[str, Field(max_length=LONGEST_NOTE, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    is_confirmed: StrictBool = False
    """The patient comes; only for tasks about that."""
    is_ride_arranged: StrictBool = False


class Event(Shape):
    """Something that happened. It names rows; what they say, you ask for by their ids."""

    id: UUID
    number: int
    kind: FeedKind
    about: Literal["appointment", "message", "task", "reply", "check_in", "contact"]
    about_id: str
    """Of an appointment your own id, else ours."""
    patient: str | None
    appointment: str | None
    happened_at: datetime
    facts: dict[str, str | int | None]


class Events(Shape):
    """What happened, in the order in which it can be seen. An event is never given out of order, and never changes."""

    items: list[Event]
    next: str
    """Ask again with this as `after`: at once where `is_more`, else later."""
    is_more: bool
