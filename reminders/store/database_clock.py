"""The database's own clock: the one that all workers share."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, func, select, type_coerce

from reminders.store.unit_of_work import Transaction

POSTGRES_NOW = type_coerce(func.clock_timestamp(), DateTime(timezone=True))
BY_POSTGRES = select(POSTGRES_NOW)
BY_SQLITE = select(func.strftime("%Y-%m-%dT%H:%M:%f", "now"))


def read(tx: Transaction) -> datetime:
    """Return the database's time at this moment, UTC; not the time at which the transaction began."""
    if tx.is_postgres:
        found: datetime = tx.connection.execute(BY_POSTGRES).scalar_one()
        return found.astimezone(UTC)
    text: str = tx.connection.execute(BY_SQLITE).scalar_one()
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
