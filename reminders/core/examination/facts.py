"""Facts that an examination brings home. All of them are plain values; None where something could not be found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from reminders.core.canaries import Canary
from reminders.core.circuit import Circuit


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """This machine: its Python, our packages, the zones, the disk, and who may read files that hold secrets."""

    python: tuple[int, int, int]
    packages: Mapping[str, str | None]
    """Version by name; None where it is not installed."""
    zones: str | None
    """The release of the time zone data in force, such as 2026b; empty where it does not say, None without any."""
    free_bytes: int | None
    """What is free where the data folder lies."""
    modes: Mapping[str, int | None]
    """The permission bits of each file that was asked about; None where it is not there."""


@dataclass(frozen=True, slots=True)
class SetupFacts:
    """What the settings decide; nothing secret."""

    public_url: str
    data_dir: str
    allowed_count: int | None
    """How many may be written to; None where everybody may."""
    sms_host: str | None
    """The provider's host; None where no text can be sent."""
    is_real_provider: bool
    has_hooks: bool
    has_email: bool
    has_alert_address: bool
    has_heartbeat: bool
    has_failpoints: bool
    has_secret_key: bool
    is_simulated: bool
    is_embedded_broker: bool


class Standing(StrEnum):
    """How a database stands to this code."""

    ABSENT = "absent"
    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The database server, as one of our own connections sees it. `place` names it without a password."""

    place: str
    problem: str | None = None
    """Why it could not be read; None where all is told."""
    is_postgres: bool = False
    version: tuple[int, ...] = ()
    standing: Standing = Standing.ABSENT
    revision: str | None = None
    newest_revision: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """What decides whether a commit lasts, by the server's own names."""
    is_read_only: bool = False
    skew: timedelta | None = None
    """How far its clock is ahead of this machine's."""
    opens_with_our_key: bool | None = None
    """Whether our key opens what is stored; None where nothing is stored yet."""


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """The broker's server. `version` is that of the protocol it speaks, as Redis counts."""

    is_reached: bool
    detail: str = ""
    name: str = "Redis"
    version: tuple[int, ...] = ()
    policy: str | None = None
    is_kept: bool | None = None
    """It writes an append-only file."""
    is_replica: bool = False
    is_refusing_writes: bool = False
    used_bytes: int | None = None
    most_bytes: int | None = None
    """0 where nothing limits it."""
    skew: timedelta | None = None
    """How far its clock is ahead of this machine's."""


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What the provider says of our account and its sender; None where it did not say."""

    host: str
    is_reached: bool
    has_good_credentials: bool | None = None
    account_status: str | None = None
    is_ours: bool | None = None
    can_text: bool | None = None
    hook_url: str | None = None
    detail: str = ""
    skew: timedelta | None = None
    """How far its clock is ahead of this machine's."""


class VisitProblem(StrEnum):
    """Why a page gave no answer."""

    NOT_REACHED = "not reached"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Visit:
    """The answer to one request."""

    status: int | None
    body: str = ""
    """Its first characters."""
    problem: VisitProblem | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """Our own web process, visited at its public address from this machine."""

    health: Visit
    hook: Visit | None
    """What an unsigned callback was answered; None where no provider calls."""


class MailProblem(StrEnum):
    """At which step a mail server turned us away."""

    CONNECTION = "connection"
    TLS = "tls"
    GREETING = "greeting"
    LOG_IN = "log-in"


@dataclass(frozen=True, slots=True)
class MailFacts:
    """A mail server up to the moment before a mail."""

    place: str
    problem: MailProblem | None = None
    detail: str = ""
    is_encrypted: bool = False
    is_logged_in: bool = False


@dataclass(frozen=True, slots=True)
class OverdueFacts:
    """The message that has been due longest; `due_at` is the clinic's time."""

    message: str
    due_at: datetime
    count: int


class FileState(StrEnum):
    """How a clinic file stands to what is applied."""

    EQUAL = "equal"
    CHANGED = "changed"
    NOT_APPLIED = "not applied"


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """Clinic files on disk against what is applied: by file its clinic's slug and how it stands."""

    source: str
    is_source_there: bool
    fault: str | None
    """The first fault of the files, where they cannot be read."""
    files: Mapping[str, tuple[str, FileState]] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    is_built_in_only: bool = False
    without_chain: tuple[str, ...] = ()
    """Slugs of clinics that name nobody to call when a patient may need help."""
    out_of_reach: tuple[tuple[str, str], ...] = ()
    """Slug and name of those on call who opted out of, or have no working address at, one of their ways."""


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """One process as its supervisor on this machine knows it."""

    name: str
    is_ready: bool
    phase: str
    restarts: int


@dataclass(frozen=True, slots=True)
class RunningFacts:
    """What the database tells about the service at work."""

    now: datetime
    """The clinic's time."""
    machine_now: datetime
    speed: float
    beats: Mapping[str, datetime]
    """The last sign of life by process; machine time."""
    circuits: Mapping[str, Circuit]
    held_since: Mapping[str, datetime]
    """Since when doubtful messages of an account are held; the clinic's time."""
    canaries: tuple[Canary, ...]
    """The test messages of the last minutes."""
    overdue: OverdueFacts | None
    clinics: ClinicFacts
    schedules: Mapping[str, str] = field(default_factory=dict)
    """How the last reading of each watched schedule file ended."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was looked at. None: it does not apply, or could not be looked at (then `lost` says why)."""

    setup: SetupFacts
    machine: MachineFacts | None = None
    database: DatabaseFacts | None = None
    broker: BrokerFacts | None = None
    provider: ProviderFacts | None = None
    door: DoorFacts | None = None
    mail: MailFacts | None = None
    running: RunningFacts | None = None
    children: tuple[ChildFacts, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)
    """Which looks brought nothing home, and why."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What the provider says of our account and its sender; None where it did not say."""

    is_reached: bool
    has_good_credentials: bool | None = None
    account_status: str | None = None
    is_ours: bool | None = None
    """The sender belongs to the account."""
    can_text: bool | None = None
    hook_url: str | None = None
    """Where it brings the texts that come in."""
    skew: timedelta | None = None
    """How far its clock is ahead of this machine's."""
    detail: str = ""
