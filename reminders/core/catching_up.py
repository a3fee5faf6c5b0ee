"""Catching up: what an outage made late leaves at a pace, and what is on time never waits behind it (requirement 14).

What is no longer useful by then expires with a task; nothing here decides that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

LATE_AFTER = timedelta(minutes=15)
"""Overdue by more of the clinic's time than this, a message is late: whatever runs settles less within minutes."""
SPAN = timedelta(minutes=1)
"""The rolling span in which late messages are counted, in the clinic's time."""


def late_line(now: datetime) -> datetime:
    """Return the instant before which what fell due and still waits is late."""
    return now - LATE_AFTER


def is_late(due_at: datetime, *, now: datetime) -> bool:
    """Say whether what fell due then is late if it is made into a message now."""
    return due_at < late_line(now)


def room(per_minute: int, made_at: Iterable[datetime], *, now: datetime) -> int:
    """Return how many late messages may be made now, given when the last ones were: no rolling minute gets more."""
    recent = sum(1 for at in made_at if now - SPAN < at)
    return max(0, per_minute - recent)
