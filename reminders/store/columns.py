"""What all tables share: the metadata with its names for constraints, and the usual columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData, Uuid, text

from reminders.store.types import UtcInstant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def row_id() -> Column[Any]:
    """Return a primary key of our own making."""
    return Column("id", Uuid, primary_key=True)


def of(table: str, *, is_required: bool = True) -> Column[Any]:
    """Return a reference to another table's row."""
    return Column(f"{table}_id", Uuid, ForeignKey(f"{table}.id"), nullable=not is_required)


def at(name: str, *, is_required: bool = False) -> Column[Any]:
    """Return an instant in UTC."""
    return Column(name, UtcInstant, nullable=not is_required)


def only_where(condition: str) -> dict[str, Any]:
    """Return the options of an index that holds only some rows, for both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
