"""New rows, many at once: by one command however many they are, which costs a fraction of a statement for each.

PostgreSQL takes them as a stream (COPY), few or doubtful ones as arrays; SQLite, which is in this process,
takes them one by one just as fast. Constraints, triggers and locks are those of any other statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from reminders.store.batches import in_batches
from reminders.store.sets import in_columns, unnested
from reminders.store.stream import copied
from reminders.store.unit_of_work import Transaction

ROWS_AT_ONCE = 1000
"""Written by one command: it stays far below the time after which the server, or we, would give up on it."""
FEWEST_TO_STREAM = 20
"""Fewer are sent as arrays: nothing is gained by beginning a stream for them."""


def insert_rows(tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]], *, is_once: bool = False) -> None:
    """Store new rows, all with the same columns; `is_once` leaves out those whose like a unique constraint holds.

    Raises IntegrityError, as any INSERT does, where one may not be.
    """
    for batch in in_batches(rows, ROWS_AT_ONCE):
        if not tx.is_postgres:
            each = sqlite.insert(table)
            tx.connection.execute(each.on_conflict_do_nothing() if is_once else each, batch)
        elif is_once or len(batch) < FEWEST_TO_STREAM:
            tx.connection.execute(_insert(table, tuple(batch[0]), is_once=is_once), in_columns(batch))
        else:
            _stream(tx, table, batch)


def insert_new(tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Store rows that have an `id`, but for those whose like a unique constraint holds; return the ids of the new.

    Give them in the order of the constraint: two that store the same rows in other orders would wait for each other.
    """
    found: set[UUID] = set()
    for batch in in_batches(rows, ROWS_AT_ONCE):
        if tx.is_postgres:
            at_once = _insert(table, tuple(batch[0]), is_once=True).returning(table.c.id)
            found.update(tx.connection.scalars(at_once, in_columns(batch)))
        else:
            each = sqlite.insert(table).on_conflict_do_nothing().returning(table.c.id)
            found.update(tx.connection.scalars(each, batch))
    return found


@lru_cache(maxsize=200)
def _insert(table: Table, names: tuple[str, ...], *, is_once: bool) -> postgresql.Insert:
    given = unnested(table, {name: table.c[name].type for name in names})
    rows = select(*(given.c[name] for name in names))
    statement = postgresql.insert(table).from_select(names, rows, include_defaults=False)
    return statement.on_conflict_do_nothing() if is_once else statement


def _stream(tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    dialect = tx.connection.dialect
    quoted = dialect.identifier_preparer
    names = ", ".join(quoted.quote(name) for name in rows[0])
    statement = f"COPY {quoted.format_table(table)} ({names}) FROM STDIN (FORMAT binary)"
    driver: Any = tx.connection.connection.driver_connection
    stream = copied(table, rows, driver.info.encoding)
    try:
        with driver.cursor() as cursor, cursor.copy(statement.encode()) as copying:
            copying.write(stream)
    except psycopg.Error as error:
        # What follows the first line quotes the row, and a row names people.
        error.args = (str(error).partition("\n")[0],)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, dialect=dialect
        ) from error
