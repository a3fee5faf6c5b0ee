"""API keys: by what a program shows who it is, for which clinic it acts and what it may do there.

A key reads `rk_<prefix>_<secret>`. The prefix finds the row, and may be shown; of the secret only its hash is kept. A
fast hash is enough: nobody can guess 256 bits (requirement 19 of the security requirements is about passwords).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reminders.core.ids import ApiKeyId, ClinicId
from reminders.core.staff import Actor, Role

PREFIX_LENGTH, SECRET_LENGTH = 12, 44
KEY = re.compile(rf"rk_([0-9a-f]{{{PREFIX_LENGTH}}})_([A-Za-z0-9_-]{{{SECRET_LENGTH}}})")
LONGEST_NAME = 60
"""With `key: ` before it, it fits where names of staff do."""
LONGEST_LIFE = 730
"""Days: a key that nobody has looked at for two years opens nothing."""
SEEN_EVERY = timedelta(minutes=1)
"""How often it is written down that a key was used."""


class Scope(StrEnum):
    """What a key permits."""

    READ = "read"
    """Read appointments, patients, messages, the worklist and events."""
    WRITE = "write"
    """Put and cancel appointments, put patients, work the worklist off."""
    SEND = "send"
    """Write to patients."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept. Times are the machine's."""

    id: ApiKeyId
    clinic_id: ClinicId
    name: str
    prefix: str
    scopes: frozenset[Scope]
    made_by: str
    made_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    def is_good(self, machine_now: datetime) -> bool:
        """Say whether it still opens the door."""
        return self.ended_at is None and machine_now < self.expires_at

    @property
    def actor(self) -> Actor:
        """Return who acts by this key: like a front desk of its one clinic, within its scopes."""
        return Actor(None, f"key: {self.name}", {self.clinic_id: Role.FRONT_DESK})


def compose(prefix: str, secret: str) -> str:
    """Write a key as its holder gets it."""
    return f"rk_{prefix}_{secret}"


def split(text: str) -> tuple[str, str] | None:
    """Return prefix and secret of a key; None where it is none."""
    found = KEY.fullmatch(text)
    return None if found is None else (found[1], found[2])


def hashed(secret: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def is_secret_of(secret: str, kept: bytes) -> bool:
    """Say whether a secret is the one of which this hash was kept, in the same time for any."""
    return hmac.compare_digest(hashed(secret), kept)


def faults(name: str, scopes: Collection[str], days: int) -> list[str]:
    """Return what is wrong with a key that somebody wants."""
    found = []
    if not name.strip() or not name.isprintable():
        found.append(f"NAME: found {name!r}; say in a few words which program this is")
    if len(name) > LONGEST_NAME:
        found.append(f"NAME: found {len(name)} characters; at most {LONGEST_NAME} are kept")
    unknown = sorted(set(scopes) - set(Scope))
    if unknown or not scopes:
        found.append(f"--scopes: found {', '.join(unknown) or 'nothing'}; name some of {', '.join(Scope)}")
    if not 1 <= days <= LONGEST_LIFE:
        found.append(f"--days: found {days}; 1 to {LONGEST_LIFE} are possible")
    return found
