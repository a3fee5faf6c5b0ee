"""Instants are aware UTC datetimes; this is where that is checked and where they are written as text."""

from __future__ import annotations

from datetime import UTC, datetime

from reminders.core.errors import NaiveDatetimeError


def as_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC. Raises NaiveDatetimeError where no zone is attached."""
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None or instant.utcoffset() is None:
        message = f"{instant.isoformat()} has no zone; give it one, such as +00:00"
        raise NaiveDatetimeError(message)
    return instant.astimezone(UTC)


def iso(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC with a Z, to the second."""
    return as_utc(instant).strftime("%Y-%m-%dT%H:%M:%SZ")
