"""Rows that may be offered many times and are kept once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from reminders.store.unit_of_work import Transaction


def insert_once(tx: Transaction, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless a unique constraint already holds its like; say whether it was inserted."""
    dialect_insert: Any = postgresql.insert if tx.is_postgres else sqlite.insert
    return bool(tx.connection.execute(dialect_insert(table).values(values).on_conflict_do_nothing()).rowcount == 1)
