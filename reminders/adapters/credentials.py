"""Passwords by argon2id, codes by TOTP, and their QR codes. Numbers are OWASP's for argon2id: 19 MiB, t=2, p=1.

`RFC 9106` describes the hash, RFC 6238 the codes.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import segno
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pyotp import TOTP
from zxcvbn import zxcvbn

from reminders.core.sign_in import QrCode

MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
SECRET_BYTES = 32
MOST_JUDGED = 64
"""Letters of a password that are judged: what the judge takes grows faster than its length, and 64 are enough."""
GOOD_SCORE = 3
"""Of 4: safely unguessable, more than 10^8 guesses, and in no list of common or stolen passwords."""
DECOY = (
    f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}"
    "$bm9ib2R5IGhhcyB0aGlzLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


class ArgonCredentials:
    """Argon2id, TOTP and QR codes, with the machine's own randomness."""

    def __init__(self) -> None:
        """Take the numbers above."""
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)

    @property
    def decoy(self) -> str:
        """A hash that no password is known to have."""
        return DECOY

    def new_secret(self) -> str:
        """Return 43 letters."""
        return secrets.token_urlsafe(SECRET_BYTES)

    def hash_password(self, password: str) -> str:
        """Return salt, numbers and hash as one text."""
        return self._hasher.hash(password)

    def verify_password(self, kept: str, password: str) -> bool:
        """Hash again, and compare."""
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    def needs_rehash(self, kept: str) -> bool:
        """Say whether it was made with other numbers."""
        return self._hasher.check_needs_rehash(kept)

    def weakness(self, password: str, context: Sequence[str]) -> tuple[str, ...]:
        """Return the judge's warning and advice."""
        if not password:
            return ("Choose a password.",)
        found = zxcvbn(password[:MOST_JUDGED], user_inputs=[word for word in context if word])
        if found["score"] >= GOOD_SCORE:
            return ()
        feedback = found["feedback"]
        said = [*filter(None, [feedback["warning"]]), *feedback["suggestions"]]
        return tuple(said) or ("This is easy to guess. Add another word or two.",)

    def totp_step(self, secret: str, code: str, *, at: datetime) -> int | None:
        """Compare with three steps; all three each time, so that the answer takes equally long."""
        maker = TOTP(secret)
        now = maker.timecode(at)
        fitting = [
            step
            for step in (now - 1, now, now + 1)
            if hmac.compare_digest(maker.generate_otp(step).encode(), code.encode("utf-8", "replace"))
        ]
        return max(fitting, default=None)

    def totp_uri(self, secret: str, *, login: str, issuer: str) -> str:
        """Return an `otpauth:` address."""
        return TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)

    def qr_code(self, text: str) -> QrCode:
        """Draw with medium correction."""
        matrix = segno.make(text, error="m", micro=False).matrix
        path = ""
        for y, row in enumerate(matrix):
            x = 0
            for is_dark, modules in groupby(row):
                length = len(list(modules))
                if is_dark:
                    path += f"M{x} {y}h{length}v1h-{length}z"
                x += length
        return QrCode(len(matrix), path)
