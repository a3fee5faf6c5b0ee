"""The words of an examination: areas, severities, exit statuses and the codes of faults.

Codes are for good: one that is not needed any more is not used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Area(StrEnum):
    """A part of the installation, in the order in which it is shown."""

    CONFIGURATION = "configuration"
    DATABASE = "database"
    BROKER = "broker"
    PROVIDER = "provider"
    WEBHOOKS = "webhooks"
    MAIL = "mail"
    CLOCKS = "clocks"
    PROCESSES = "processes"
    EXAMINATION = "examination"


class Severity(StrEnum):
    """How bad a fault is."""

    LOOK = "look at it"
    BROKEN = "broken"


EXIT_STATUSES: Mapping[Area, int] = {
    Area.DATABASE: 10,
    Area.BROKER: 20,
    Area.PROVIDER: 30,
    Area.WEBHOOKS: 35,
    Area.MAIL: 40,
    Area.CLOCKS: 50,
    Area.PROCESSES: 60,
    Area.CONFIGURATION: 70,
    Area.EXAMINATION: 80,
}
"""The exit status where something of an area is broken. Of several the lowest wins: what others rest upon."""
LOOK_STATUS = 3
"""Nothing is broken, but something should be looked at."""


class Code(StrEnum):
    """What can be wrong."""

    SETTINGS_UNREADABLE = "CF-1"
    OLD_PYTHON = "CF-2"
    WRONG_PACKAGE = "CF-3"
    KEY_READABLE = "CF-4"
    NO_KEY = "CF-5"
    NOBODY_ALLOWED = "CF-6"
    SOME_ALLOWED = "CF-7"
    NO_CHANNEL = "CF-8"
    PUBLIC_URL_LOCAL = "CF-9"
    PUBLIC_URL_PLAIN = "CF-10"
    PUBLIC_URL_UNDERSCORE = "CF-11"
    NO_ZONES = "CF-12"
    OLD_ZONES = "CF-13"
    NOBODY_TOLD = "CF-14"
    ALERTS_WITHOUT_MAIL = "CF-15"
    NO_HEARTBEAT = "CF-16"
    FAILPOINTS = "CF-17"
    CLINIC_FILE_FAULTY = "CF-18"
    CLINIC_FILE_CHANGED = "CF-19"
    BUILT_IN_CLINIC = "CF-20"
    SCHEDULE_REFUSED = "CF-21"
    DISK_LOW = "CF-22"
    DISK_FULL = "CF-23"
    NOBODY_ON_CALL = "CF-24"
    ON_CALL_CLOSED = "CF-25"

    DATABASE_AWAY = "DB-1"
    DATABASE_OLD = "DB-2"
    DATABASE_BEHIND = "DB-3"
    DATABASE_NEWER = "DB-4"
    DATABASE_EMPTY = "DB-5"
    DATABASE_READ_ONLY = "DB-6"
    FSYNC_OFF = "DB-7"
    COMMIT_NOT_SYNCHRONOUS = "DB-8"
    PARTIAL_PAGES = "DB-9"
    NOT_WAL = "DB-10"
    SQLITE_NOT_SYNCHRONOUS = "DB-11"
    WRONG_KEY = "DB-12"

    BROKER_AWAY = "BR-1"
    BROKER_OLD = "BR-2"
    BROKER_EVICTS = "BR-3"
    BROKER_FORGETS = "BR-4"
    BROKER_FILLING = "BR-5"
    BROKER_SECRETIVE = "BR-6"
    BROKER_REPLICA = "BR-7"
    BROKER_REFUSES = "BR-8"

    PROVIDER_AWAY = "PV-1"
    CREDENTIALS_REFUSED = "PV-2"
    ACCOUNT_NOT_ACTIVE = "PV-3"
    SENDER_NOT_OURS = "PV-4"
    SENDER_CANNOT_TEXT = "PV-5"
    HOOK_ELSEWHERE = "PV-6"
    PROVIDER_SIMULATED = "PV-7"
    PROVIDER_MISSING = "PV-8"
    HOOKS_UNVERIFIED = "PV-9"
    TEXTS_STOPPED = "PV-10"
    TEXTS_PAUSED = "PV-11"
    PROVIDER_SILENT = "PV-12"

    DOOR_SHUT = "WH-1"
    DOOR_ELSEWHERE = "WH-2"
    DOOR_UNGUARDED = "WH-3"
    DOOR_CERTIFICATE = "WH-4"
    HOOK_BROKEN = "WH-5"

    MAIL_AWAY = "MA-1"
    MAIL_TLS = "MA-2"
    MAIL_GREETING = "MA-3"
    MAIL_LOG_IN = "MA-4"
    MAIL_MISSING = "MA-5"
    MAILS_STOPPED = "MA-6"
    MAILS_PAUSED = "MA-7"

    DATABASE_CLOCK = "CK-1"
    PROVIDER_CLOCK = "CK-2"
    BROKER_CLOCK = "CK-3"

    NOTHING_RUNS = "PR-1"
    PROCESS_SILENT = "PR-2"
    PROCESS_DOWN = "PR-3"
    PROCESS_RESTARTS = "PR-4"
    MESSAGES_OVERDUE = "PR-5"
    RESENDS_HELD = "PR-6"
    CANARY_STUCK = "PR-7"
    CANARY_MISSING = "PR-8"

    LOOK_FAILED = "EX-1"


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table: `{it}` in its hint is what a finding is about."""

    area: Area
    severity: Severity
    meaning: str
    hint: str


def broken(area: Area, meaning: str, hint: str) -> Fault:
    """Return a fault that must be mended."""
    return Fault(area, Severity.BROKEN, meaning, hint)


def look(area: Area, meaning: str, hint: str) -> Fault:
    """Return a fault that should be looked at."""
    return Fault(area, Severity.LOOK, meaning, hint)
