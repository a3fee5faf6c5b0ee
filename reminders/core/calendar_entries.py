"""What a calendar is told of an appointment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """What a calendar is told of an appointment. `sequence` is its version, so that a move updates the entry."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    organizer: str
    sequence: int
    is_cancelled: bool
    is_published: bool = False
    """True for one that somebody fetches by themselves: nobody asks them for an answer (RFC 5546, PUBLISH)."""
