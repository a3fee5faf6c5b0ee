"""Rules of coming in: how long a session and an invitation last, when a try is too soon, what a password must be.

All times are the machine's. Requirements 19, 20 and 22 of the security requirements.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from reminders.core.ids import ClinicId, SessionId, StaffId
from reminders.core.staff import RIGHTS, Right, Role

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""How often it is written down that a session is in use."""
INVITATION_LASTS = timedelta(hours=24)
LONGEST_DELAY = timedelta(seconds=60)
LEAST_PASSWORD, MOST_PASSWORD = 12, 128
LEAST_OWN_WORD, LEAST_BESIDE_OWN = 3, 8
MOST_LOGIN, MOST_NAME = 120, 80
TOTP_BYTES = 20
ISSUER = "Reminders"
LOGIN = re.compile(rf"[a-z0-9][a-z0-9._@+-]{{1,{MOST_LOGIN - 1}}}")
OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. `failures` are wrong tries since the last right one, the last at `failed_at`."""

    id: StaffId
    login: str
    name: str
    password_hash: str | None = None
    totp_secret: str | None = None
    totp_step: int | None = None
    failures: int = 0
    failed_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def may_sign_in(self) -> bool:
        """Say whether an invitation was accepted and the access not ended since."""
        return self.ended_at is None and self.password_hash is not None and self.totp_secret is not None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `form_key` travels in its forms."""

    id: SessionId
    staff_id: StaffId
    form_key: str
    begun_at: datetime
    seen_at: datetime

    def is_alive(self, now: datetime) -> bool:
        """Say whether it still opens: 15 minutes without a person, or 12 hours in all, end it."""
        return now - self.seen_at < IDLE and now - self.begun_at < LONGEST


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code as a path: `M x y h n v1 h-n z` for each run of dark modules, in a square of `size` modules."""

    size: int
    path: str


def delay_after(failures: int) -> timedelta:
    """Return how long after the last wrong try the next one is looked at: 2, 4, 8 … seconds, a minute at most.

    In no minute are there more than five tries, and no number of them shuts anybody out for longer than a minute.
    """
    doubled = timedelta(seconds=1) * 2 ** min(failures, LONGEST_DELAY.seconds.bit_length())
    return timedelta(0) if failures <= 0 else min(doubled, LONGEST_DELAY)


def is_too_soon(person: Person, now: datetime) -> bool:
    """Say whether a try must not be looked at yet."""
    return person.failed_at is not None and now - person.failed_at < delay_after(person.failures)


def read_login(text: str) -> str:
    """Return a login in its one form: spaces around it and letter case make no difference."""
    return text.strip().casefold()


def login_faults(login: str, name: str) -> list[str]:
    """Return what is wrong with a login, in its one form, and a name."""
    faults = []
    if not LOGIN.fullmatch(login):
        faults.append(f"login: found {login!r}; use 2 to {MOST_LOGIN} of a-z, 0-9 and . _ @ + -, such as kim.lee")
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        faults.append(f"name: found {name!r}; use 1 to {MOST_NAME} letters, such as Kim Lee")
    return faults


def length_faults(password: str) -> list[str]:
    """Return what is wrong with the length of a password, which is counted as it is, spaces and all."""
    if len(password) < LEAST_PASSWORD:
        return [f"Use at least {LEAST_PASSWORD} characters; a few unrelated words are easy to remember."]
    if len(password) > MOST_PASSWORD:
        return [f"Use at most {MOST_PASSWORD} characters."]
    return []


def own_word_faults(password: str, own: Collection[str]) -> list[str]:
    """Return what is wrong with a password that is little more than words anybody knows of its owner."""
    rest = password.casefold()
    for word in sorted({word.casefold() for word in own if len(word) >= LEAST_OWN_WORD}, key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(rest) < LEAST_BESIDE_OWN and len(rest) < len(password):
        return ["Use something that has nothing to do with your name, your login or this service."]
    return []


def totp_secret(seed: bytes) -> str:
    """Return 160 bits of a seed as an authenticator app takes them (RFC 4226, 4, R6)."""
    return base64.b32encode(seed[:TOTP_BYTES]).decode()


def read_code(text: str) -> str:
    """Return the digits of a code as it was typed: apps show it in two halves."""
    return "".join(text.split())


def own_path(text: str) -> str:
    """Return where to go after signing in: a path of ours, or the first page for anything else."""
    if not OWN_PATH.fullmatch(text):
        return "/"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else text


def manages_wholly(clinics: Collection[ClinicId], roles: Mapping[ClinicId, Role]) -> bool:
    """Say whether a manager of these clinics may change a person as a whole: at no clinic are they only another's."""
    return bool(roles) and roles.keys() <= set(clinics)


def keeps_staff_right(role: Role | None) -> bool:
    """Say whether a role manages staff: nobody takes that from themselves."""
    return role is not None and Right.STAFF in RIGHTS[role]
