"""Clocks: how far they may be apart before nothing leaves (reliability (a), step 3; crash point C23)."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

MOST_DATABASE_SKEW = timedelta(seconds=5)
MOST_PROVIDER_SKEW = timedelta(seconds=120)
"""The provider's Date header has whole seconds and may have been on its way for some."""
NOISE = timedelta(milliseconds=50)
"""Less is the way to the other clock and back."""


class ClockFault(StrEnum):
    """Which clocks disagree."""

    DATABASE = "database"
    PROVIDER = "provider"


def clock_fault(database: timedelta, provider: timedelta | None) -> ClockFault | None:
    """Say which clocks disagree too much to send, given how far each is ahead of this machine's; None where they agree.

    The database's clock is the one that all workers go by, so the provider's is held against that.
    """
    if abs(database) > MOST_DATABASE_SKEW:
        return ClockFault.DATABASE
    if provider is not None and abs(provider - database) > MOST_PROVIDER_SKEW:
        return ClockFault.PROVIDER
    return None


def correction(database: timedelta) -> timedelta:
    """Return what to add to this machine's time so that all workers go by the database's."""
    return database if abs(database) > NOISE else timedelta(0)
