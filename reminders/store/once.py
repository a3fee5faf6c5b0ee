"""Rows that may be offered many times and are kept once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from reminders.store.bulk import insert_rows
from reminders.store.unit_of_work import Transaction


def insert_many_once(tx: Transaction, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert those rows of which a unique constraint does not hold the like already."""
    insert_rows(tx, table, rows, is_once=True)


def insert_once(tx: Transaction, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless a unique constraint already holds its like; say whether it was inserted."""
    # Not `rowcount`: for an INSERT it is not to be had from every driver.
    statement = _insert(tx, table).values(values).returning(*table.primary_key)
    return tx.connection.execute(statement).first() is not None


def _insert(tx: Transaction, table: Table) -> postgresql.Insert | sqlite.Insert:
    if tx.is_postgres:
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
