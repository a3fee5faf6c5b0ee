"""Whose fault an error of the database is: that of what was asked, or of the database, its load or the way there."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

CLASSES = frozenset({"08", "25", "40", "53", "57", "58"})
"""SQLSTATE: connection, read-only or aborted transaction, deadlock, resources, intervention, system (PostgreSQL, A)."""
STATES = frozenset({"55P03", "42501", "42P01", "42703"})
"""A lock not to be had in time, no right to do it, and tables or columns of another migration than this code's."""
BUSY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }
)
MAIN_CODE = 0xFF
"""SQLite's extended codes carry the main one in their last byte."""


def is_of_the_database(error: Exception) -> bool:
    """Say whether the same work may well succeed later, so that no row is to blame for this error."""
    if isinstance(error, NoConnectionError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & MAIN_CODE in BUSY
    state = getattr(error.orig, "sqlstate", None)
    # Without a state the server said nothing at all: the connection broke.
    is_broken = state is None and type(error.orig).__name__ == "OperationalError"
    return is_broken or (state is not None and (state in STATES or state[:2] in CLASSES))
