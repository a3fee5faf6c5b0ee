"""What this product needs from outside, as bare nouns. Each has a real maker and an in-memory twin in `adapters`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from typing_extensions import override

from reminders.core.appointments import ScheduleEntry
from reminders.core.calendar_entries import CalendarEntry
from reminders.core.delivery import Outcome, ReceiptStatus, Refusal
from reminders.core.examination.facts import BrokerFacts, MachineFacts, MailFacts, SenderReport, Visit
from reminders.core.ids import AttemptTag
from reminders.core.pacing import Grant, Pace
from reminders.core.patients import Channel
from reminders.core.sign_in import QrCode


class Clock(Protocol):
    """Two kinds of time. They are the same unless the clinic's time is simulated."""

    @property
    def speed(self) -> float:
        """How many seconds of clinic time pass in one of machine time."""

    def now(self) -> datetime:
        """Return the clinic's time, UTC: for everything that a person would date."""

    def machine_now(self) -> datetime:
        """Return the machine's time, UTC: for leases, deadlines and grace only."""

    def skew_from(self, other: datetime) -> timedelta:
        """Return how far another machine's clock, read just now, is ahead of this machine's."""

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring how long something took."""

    def sleep_until(self, at: datetime, *, at_most: timedelta, wake: Callable[[float], bool]) -> None:
        """Wait until the clinic's time is `at`, at most so long in machine time.

        `wake` waits so many seconds and says whether to stop waiting (such as `threading.Event.wait`).
        """


class Identity(Protocol):
    """Where ids and tokens come from."""

    def new_id(self) -> UUID:
        """Return an id that sorts by time of making."""

    def new_tag(self) -> AttemptTag:
        """Return an unguessable id."""

    def new_token(self) -> str:
        """Return an unguessable URL-safe token of at least 128 bits."""

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""


class Credentials(Protocol):
    """Passwords, codes of a second factor (RFC 6238: 6 digits, 30 seconds, SHA-1), and the secrets of cookies."""

    @property
    def decoy(self) -> str:
        """What is kept of a password that nobody has: checking against it costs as much as any check."""

    def new_secret(self) -> str:
        """Return 256 random bits, safe in a URL and in a cookie."""

    def hash_password(self, password: str) -> str:
        """Return what is kept of a password."""

    def verify_password(self, kept: str, password: str) -> bool:
        """Say whether this is the password; False too where what is kept cannot be read."""

    def needs_rehash(self, kept: str) -> bool:
        """Say whether it was kept more weakly than passwords are kept now."""

    def weakness(self, password: str, context: Sequence[str]) -> tuple[str, ...]:
        """Return advice on a password that is easy to guess, nothing on a good one; `context` are words not to use."""

    def totp_step(self, secret: str, code: str, *, at: datetime) -> int | None:
        """Return the 30-second step whose code this is: that of `at`, or one before or after; None for a wrong code.

        `secret` is in base 32. The caller refuses a step that is no later than the last one used.
        """

    def totp_uri(self, secret: str, *, login: str, issuer: str) -> str:
        """Return the address that an authenticator app reads."""

    def qr_code(self, text: str) -> QrCode:
        """Draw a text for a camera."""


class Calendar(Protocol):
    """Which days count for a deadline."""

    def is_business_day(self, country: str, on: date) -> bool:
        """Say whether people work on a day in a country (ISO 3166, two letters)."""


class ScheduleSource(Protocol):
    """The clinic's calendar, read as a whole."""

    @property
    def name(self) -> str:
        """A stable name: appointments are unique by clinic, source and external id."""

    def fetch(self) -> ScheduleReading:
        """Read everything. Raises ScheduleError where the file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one row: where it stands, what was found, what would be right."""

    line: int
    column: str
    found: str
    wanted: str

    @override
    def __str__(self) -> str:
        """Return the line a person reads."""
        where = f"line {self.line}" + (f", {self.column}" if self.column else "")
        return f"{where}: {self.found}; {self.wanted}"


@dataclass(frozen=True, slots=True)
class ScheduleReading:
    """A schedule as read: good entries by clinic slug (None where the file names none), faults, and notes."""

    entries: tuple[tuple[str | None, ScheduleEntry], ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One SMS to be sent once. Its call begins between `start_at` and `start_by` (monotonic time), or not at all."""

    tag: AttemptTag
    to: str
    body: str
    validity: timedelta
    start_by: float
    start_at: float = 0.0

    def starting_by(self, start_by: float, *, start_at: float = 0.0) -> OutgoingText:
        """Return the same text with other limits for its beginning."""
        return replace(self, start_by=start_by, start_at=start_at)


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One e-mail to be sent once. `message_id` is the same for every attempt of a message (RFC 5322 3.6.4).

    `calendar` is an iCalendar object to attach, `unsubscribe_url` takes one-click POSTs (RFC 8058).
    """

    tag: AttemptTag
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    start_by: float
    calendar: str | None = None
    unsubscribe_url: str | None = None

    def starting_by(self, start_by: float) -> OutgoingMail:
        """Return the same mail with another limit for its beginning."""
        return replace(self, start_by=start_by)


Report = Callable[[AttemptTag, Outcome], None]
"""Called once for each item, from any thread, as soon as its outcome is known."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message as the provider's own list shows it. `at` is the provider's time."""

    provider_id: str
    status: ReceiptStatus
    provider_status: str
    at: datetime | None
    code: str | None = None
    refusal: Refusal | None = None
    """What the error code means, where it says why the text was not delivered."""


class SmsGateway(Protocol):
    """A provider of text messages."""

    @property
    def skew(self) -> timedelta | None:
        """How far the provider's clock was ahead of this machine's when it last answered; None before that."""

    def send_many(self, texts: Sequence[OutgoingText], report: Report) -> None:
        """Call the provider for each text at its time, concurrently; return when every outcome has been reported."""

    def find(self, to: str, body: str, *, since: datetime) -> Sequence[Sighting] | None:
        """Look for texts to a number with exactly this body, made after `since` (provider's time).

        None where the look failed: that is no evidence.
        """

    def fetch(self, provider_id: str) -> Sighting | None:
        """Look at one message; None where the look failed."""


class LineType(StrEnum):
    """What kind of line a phone number is."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    OTHER = "other"


class LineLookup(Protocol):
    """Somebody who knows what kind of line a number is; asking may cost money."""

    def line_type(self, phone: str) -> LineType | None:
        """Return the kind of line; None where nobody could say just now."""


class SenderInspection(Protocol):
    """A look at the provider's own record of us. Sends nothing."""

    def inspect(self) -> SenderReport:
        """Ask. Raises nothing: what cannot be found out is None."""


class MachineInspection(Protocol):
    """A look at this machine: Python, packages, zones, disk, and who may read our secrets."""

    def inspect(self) -> MachineFacts:
        """Look. Raises nothing."""


class BrokerInspection(Protocol):
    """A look at the broker and its settings. Changes nothing."""

    def inspect(self) -> BrokerFacts:
        """Ask, for a few seconds at most. Raises nothing: what cannot be found out is None."""


class EmailInspection(Protocol):
    """A look at the mail server, up to the log-in. Sends nothing."""

    def inspect(self) -> MailFacts:
        """Connect, greet, encrypt, log in, leave. Raises nothing."""


class Visitor(Protocol):
    """Somebody who asks for a page of ours as others would, from outside as far as that goes."""

    def visit(self, url: str, *, form: bytes | None = None) -> Visit:
        """GET a page, or POST a form to it, and follow no redirect. Raises nothing."""


class Pacer(Protocol):
    """A count, shared by all workers, of what may leave a sender now."""

    def take(self, pool: str, sizes: Sequence[int], pace: Pace) -> Grant | None:
        """Let as many leave, in order, as the pool has tokens for; None where nobody can count (never a free pass)."""


class StubProvider(Protocol):
    """A provider that takes a test message and reports at once that it was delivered, as a provider's hook call."""

    def send(self, canary: UUID, seal: str) -> bool:
        """Take one and report it with its seal; False where our own hook did not take the report. Raises nothing."""


class Heartbeat(Protocol):
    """Somebody outside who raises the alarm when not told in time that all is well."""

    def tell(self) -> bool:
        """Tell; False where they did not hear it. Raises nothing."""


class EmailGateway(Protocol):
    """A way for e-mail to leave."""

    def send_many(self, mails: Sequence[OutgoingMail], report: Report) -> None:
        """Hand over each mail; return when every outcome has been reported."""


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text from outside, as the provider's hook brings it."""

    provider_id: str
    sender: str
    to: str
    body: str
    media_count: int
    opt_out_type: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery report, as the provider's hook brings it."""

    provider_id: str
    status: ReceiptStatus | None
    """None for a status we do not know: kept, and changes nothing."""
    provider_status: str
    error_code: str | None
    refusal: Refusal | None = None
    """What the error code means, where it says why the text was not delivered."""


class SmsHooks(Protocol):
    """The provider's callbacks: is this genuine, and what does it say.

    Both raise ForgedHookError where the signature or the shape is wrong. `path` is the route's own path and query:
    the public address is configuration, never taken from the request.
    """

    def read_text(self, path: str, body: bytes, signature: str | None) -> InboundText:
        """Read an inbound text."""

    def read_receipt(self, path: str, body: bytes, signature: str | None) -> Receipt:
        """Read a delivery report."""


class Job(StrEnum):
    """Work that can be hinted at. A hint may be lost, late or doubled; it carries ids only."""

    SEND_SMS = "reminders.send_sms"
    SEND_EMAIL = "reminders.send_email"
    APPLY_RECEIPTS = "reminders.apply_receipts"
    RECEIVE_REPLIES = "reminders.receive_replies"
    CLIMB = "reminders.climb"
    SYNC_SCHEDULE = "reminders.sync_schedule"
    RESOLVE_UNKNOWNS = "reminders.resolve_unknowns"
    POLL_STUCK = "reminders.poll_stuck"
    EXPIRE_OVERDUE = "reminders.expire_overdue"
    WATCH_APPOINTMENTS = "reminders.watch_appointments"
    FOLLOW_UP = "reminders.follow_up"
    HURRY_OPT_OUTS = "reminders.hurry_opt_outs"
    LOOK_UP_LINES = "reminders.look_up_lines"
    KEEP_FEED = "reminders.keep_feed"
    INDEX_PATIENTS = "reminders.index_patients"
    PURGE = "reminders.purge"
    RELEASE_CANARY = "reminders.release_canary"
    FLY_CANARY = "reminders.fly_canary"


class Queue(StrEnum):
    """The broker's queues: kept apart so that a large import cannot starve the sending."""

    SMS = "sms"
    EMAIL = "email"
    INBOUND = "inbound"
    SCHEDULE = "schedule"
    UPKEEP = "upkeep"


Invite = Callable[[CalendarEntry], str]
"""A pure maker of iCalendar objects (RFC 5545)."""


class JobQueue(Protocol):
    """The broker, as a place for hints. Must not block for long and must not raise: a lost hint is harmless."""

    def hint(self, jobs: Iterable[Job]) -> None:
        """Say that there may be work."""


QUEUES: Mapping[Job, Queue] = {
    Job.SEND_SMS: Queue.SMS,
    Job.SEND_EMAIL: Queue.EMAIL,
    Job.APPLY_RECEIPTS: Queue.INBOUND,
    Job.RECEIVE_REPLIES: Queue.INBOUND,
    Job.CLIMB: Queue.INBOUND,
    Job.SYNC_SCHEDULE: Queue.SCHEDULE,
    Job.RESOLVE_UNKNOWNS: Queue.UPKEEP,
    Job.POLL_STUCK: Queue.UPKEEP,
    Job.EXPIRE_OVERDUE: Queue.UPKEEP,
    Job.WATCH_APPOINTMENTS: Queue.UPKEEP,
    Job.FOLLOW_UP: Queue.UPKEEP,
    Job.HURRY_OPT_OUTS: Queue.UPKEEP,
    Job.LOOK_UP_LINES: Queue.UPKEEP,
    Job.KEEP_FEED: Queue.UPKEEP,
    Job.INDEX_PATIENTS: Queue.UPKEEP,
    Job.PURGE: Queue.UPKEEP,
    Job.RELEASE_CANARY: Queue.UPKEEP,
    Job.FLY_CANARY: Queue.SMS,
}
SENDING_JOBS = {Channel.SMS: Job.SEND_SMS, Channel.EMAIL: Job.SEND_EMAIL}
