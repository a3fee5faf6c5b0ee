"""How long what we store is kept, and what may not go although its time is over (reliability (d) 29).

Texts go first: they say most about a patient, and least to whoever must prove what was sent. How each message left
stays for thirteen months, so that a year can be set beside the year before; the log of what staff did for six years
(45 CFR 164.316(b)(2)). Sessions, answers to check-ins, consents and the fact of every message stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

A_DAY = timedelta(days=1)
ERASED = "(erased: texts are kept no longer)"
"""What stands where a text stood."""


class Subject(StrEnum):
    """What goes when its time is over."""

    TEXTS = "texts"
    """What was written to patients, their escorts and staff."""
    MAILINGS = "mailings"
    """What staff wrote to a group, or to one patient, as they wrote it."""
    REPLIES = "replies"
    """What was written back, and the words by which it was understood."""
    ATTEMPTS = "attempts"
    """Each call of a provider."""
    RECEIPTS = "receipts"
    """What providers reported afterwards."""
    EVENTS = "events"
    """The feed of the API."""
    AUDIT = "audit"
    """Who of the staff did and read what."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each is kept; None is for ever."""

    texts: timedelta | None = timedelta(days=30)
    delivery: timedelta | None = timedelta(days=396)
    audit: timedelta | None = timedelta(days=2192)

    def of(self, subject: Subject) -> timedelta | None:
        """Return how long something is kept."""
        return {
            Subject.TEXTS: self.texts,
            Subject.MAILINGS: self.texts,
            Subject.REPLIES: self.texts,
            Subject.ATTEMPTS: self.delivery,
            Subject.RECEIPTS: self.delivery,
            Subject.EVENTS: self.delivery,
            Subject.AUDIT: self.audit,
        }[subject]


@dataclass(frozen=True, slots=True)
class Stored:
    """What must be known of something to say whether it may go. `ended_at` is when nothing more could come of it."""

    made_at: datetime
    ended_at: datetime | None
    is_needed: bool = False
    """Something open is about it: a task, or an alarm that nobody has taken over."""
    is_evidence: bool = False
    """It proves what somebody allowed or forbade."""


class Fate(Enum):
    """What becomes of something that is stored."""

    GOES = "goes"
    WAITS = "waits"
    """Its time is over, and something still needs it: it is looked at again."""
    STAYS = "stays"
    TOO_YOUNG = "too young"


def fate(stored: Stored, *, before: datetime) -> Fate:
    """Say what becomes of something, where all that ended before an instant goes."""
    if stored.made_at >= before:
        return Fate.TOO_YOUNG
    if stored.is_evidence:
        return Fate.STAYS
    if stored.ended_at is None or stored.ended_at >= before or stored.is_needed:
        return Fate.WAITS
    return Fate.GOES


def trusted(now: datetime, looked_at: datetime | None) -> datetime:
    """Return the time by which something goes: at most a day beyond that of the last look.

    A clock that stands years ahead would take everything at once, and nothing brings it back. So it takes a day more
    with each look, and whoever watches has weeks to notice; a service that stood still catches up a day an hour.
    """
    return now if looked_at is None else min(now, looked_at + A_DAY)
