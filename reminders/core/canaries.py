"""The canary: a test message that passes every part of the service each minute, and how far each one came.

It goes from the database over the broker to a worker, from there to a stub of a provider, and back as a receipt through
the web process. Only one that came through is told to whoever watches from outside: their silence alarm is the proof
that needs nothing of ours to work. All times here are machine time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

EVERY = timedelta(seconds=60)
TOLD_WITHIN = timedelta(minutes=3)
"""An older one says nothing about now: it neither flies nor is told."""
KEPT = timedelta(days=1)
USUAL = timedelta(seconds=30)
"""A healthy one takes a few seconds; one this old that is not through is stuck."""
_SLOT_BITS = 80


class Stop(StrEnum):
    """The step that a canary has not taken."""

    BEGIN = "begin"
    CALL = "call"
    RECEIPT = "receipt"
    HEARING = "hearing"
    TELLING = "telling"


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary. `is_received` says that its receipt was stored by the web process."""

    id: UUID
    begun_at: datetime
    called_at: datetime | None = None
    is_received: bool = False
    heard_at: datetime | None = None
    told_at: datetime | None = None

    def stop(self, *, is_told_outside: bool) -> Stop | None:
        """Return the step it has yet to take, None where it came through; nobody outside need be told otherwise."""
        if self.heard_at is not None:
            return Stop.TELLING if is_told_outside and self.told_at is None else None
        if self.is_received:
            return Stop.HEARING
        return Stop.RECEIPT if self.called_at is not None else Stop.CALL


def canary_id(machine_now: datetime) -> UUID:
    """Return the id of this minute's canary: the same for everybody, so that two who begin one begin the same."""
    slot = int(machine_now.timestamp() // EVERY.total_seconds())
    return UUID(int=(slot << _SLOT_BITS) | (7 << 76) | (2 << 62))


def last_through(flock: Sequence[Canary], *, is_told_outside: bool) -> datetime | None:
    """Return when the newest canary began that came through; None where none did."""
    through = (item.begun_at for item in flock if item.stop(is_told_outside=is_told_outside) is None)
    return max(through, default=None)


def stuck_at(flock: Sequence[Canary], *, is_told_outside: bool, machine_now: datetime) -> Stop:
    """Return where canaries are stuck: at the step that the newest one which had time enough has not taken."""
    late = [item for item in flock if USUAL <= machine_now - item.begun_at <= TOLD_WITHIN]
    newest = max(late, key=lambda item: item.begun_at, default=None)
    return Stop.BEGIN if newest is None else newest.stop(is_told_outside=is_told_outside) or Stop.BEGIN
