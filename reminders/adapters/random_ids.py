"""Ids and tokens from the machine's own randomness."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import deque
from struct import unpack
from uuid import UUID, uuid4

from reminders.core.ids import AttemptTag

_TOKEN_BYTES = 24
_VERSION_7, _VARIANT = 0x7, 0b10
_FRACTION_BITS, _TAIL_BITS = 12, 62
_FRACTION = (1 << _FRACTION_BITS) - 1
_TAILS_AT_ONCE = 256
_tails: deque[int] = deque()
"""Random ends of ids to come: to ask the system for each took longer than all else about an id."""
os.register_at_fork(after_in_child=_tails.clear)  # or parent and child would use the same ones


def _tail() -> int:
    while True:
        try:
            return _tails.pop()
        except IndexError:
            drawn = unpack(f"{_TAILS_AT_ONCE}Q", os.urandom(8 * _TAILS_AT_ONCE))
            _tails.extend(number >> (64 - _TAIL_BITS) for number in drawn)


class RandomIdentity:
    """Makes ids that sort by time, and tags and tokens that nobody can guess."""

    def __init__(self) -> None:
        """Start with no id made."""
        self._lock = threading.Lock()
        self._last = 0

    def new_id(self) -> UUID:
        """Return a UUID of version 7 (RFC 9562, 5.7 and 6.2), later than every one before it in this process."""
        now = (time.time_ns() << _FRACTION_BITS) // 1_000_000  # milliseconds, and 12 bits of a fraction
        with self._lock:
            last = self._last = now if now > self._last else self._last + 1
        high = (last >> _FRACTION_BITS << 16) | (_VERSION_7 << _FRACTION_BITS) | (last & _FRACTION)
        return UUID(int=(high << 64) | (_VARIANT << _TAIL_BITS) | _tail())

    def new_tag(self) -> AttemptTag:
        """Return a UUID of version 4: 122 random bits."""
        return AttemptTag(uuid4())

    def new_token(self) -> str:
        """Return 192 random bits as 32 characters that are safe in a URL."""
        return secrets.token_urlsafe(_TOKEN_BYTES)

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""
        return secrets.randbits(53) / (1 << 53)
