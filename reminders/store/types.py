"""Column types: instants that are UTC and refuse to be anything else, and enums as checked words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnClause, DateTime, Dialect, Enum, literal_column
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from reminders.core.instants import as_utc


class UtcInstant(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. SQLite keeps no zone, so it is taken off on the way in and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; raises NaiveDatetimeError for a datetime without a zone."""
        if value is None:
            return None
        utc = as_utc(value)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    @override
    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return what is done with a value that was read: PostgreSQL's is checked at once, there are so many."""
        return _in_utc if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware datetime in UTC."""
        return _in_utc(value)


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def plain(item: StrEnum | int) -> ColumnClause[Any]:
    """Return one of our own words, or a number, as part of the statement instead of beside it.

    SQLite uses a partial index only where the statement itself shows that its condition holds.
    """
    return literal_column(f"'{item.value}'" if isinstance(item, StrEnum) else str(int(item)))


def word(kind: type[StrEnum], name: str) -> Enum:
    """Return a text column type that holds one of an enum's words, checked by the database."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda words: [item.value for item in words],
    )
