"""Credentials without their cost: for tests that are not about hashing. Never keep a real password with these."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from itertools import count

from reminders.core.sign_in import QrCode

STEP_SECONDS = 30
COMMON = ("password", "1234", "qwerty")


class MemoryCredentials:
    """Repeatable secrets, cheap hashes, and codes that `code` tells. `calls` are the checks so far, in order."""

    def __init__(self, *, strength: int = 1) -> None:
        """Keep passwords at a strength; those kept at a lower one want to be kept anew."""
        self._strength = strength
        self._numbers = count(1)
        self.calls: list[str] = []

    @property
    def decoy(self) -> str:
        """Return a hash that no password has."""
        return f"{self._strength}${'0' * 64}"

    def new_secret(self) -> str:
        """Return 43 letters, other ones each time."""
        return hashlib.sha256(f"secret {next(self._numbers)}".encode()).hexdigest()[:43]

    def hash_password(self, password: str) -> str:
        """Return strength and a plain hash."""
        return f"{self._strength}${hashlib.sha256(password.encode('utf-8', 'replace')).hexdigest()}"

    def verify_password(self, kept: str, password: str) -> bool:
        """Compare."""
        self.calls.append("password")
        digest = hashlib.sha256(password.encode("utf-8", "replace")).hexdigest()
        return hmac.compare_digest(kept.partition("$")[2].encode(), digest.encode())

    def needs_rehash(self, kept: str) -> bool:
        """Say whether it was kept at another strength."""
        return kept.partition("$")[0] != str(self._strength)

    def weakness(self, password: str, context: Sequence[str]) -> tuple[str, ...]:
        """Find fault with the commonest passwords, and with words of the context."""
        words = (*COMMON, *(word.casefold() for word in context if word))
        is_weak = not password or any(word in password.casefold() for word in words)
        return ("Add another word or two.",) if is_weak else ()

    def code(self, secret: str, *, at: datetime) -> str:
        """Return the code that an app would show."""
        return self._code(secret, int(at.timestamp()) // STEP_SECONDS)

    def totp_step(self, secret: str, code: str, *, at: datetime) -> int | None:
        """Compare with three steps."""
        self.calls.append("code")
        now = int(at.timestamp()) // STEP_SECONDS
        return max((step for step in (now - 1, now, now + 1) if self._code(secret, step) == code), default=None)

    def totp_uri(self, secret: str, *, login: str, issuer: str) -> str:
        """Return an address."""
        return f"otpauth://totp/{issuer}:{login}?secret={secret}&issuer={issuer}"

    def qr_code(self, text: str) -> QrCode:
        """Draw one row, as long as the text: no camera reads it."""
        return QrCode(len(text), f"M0 0h{len(text)}v1h-{len(text)}z")

    def _code(self, secret: str, step: int) -> str:
        return f"{int.from_bytes(hashlib.sha256(f'{secret} {step}'.encode()).digest()[:4]) % 1_000_000:06}"
