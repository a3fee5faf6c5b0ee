"""Which migration a database is at, and which is the newest.

Told without Alembic: to load it takes longer than most commands do, and only a database that is behind has need of it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import inspect, text

from reminders.store.unit_of_work import Store, Transaction

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_TABLE = "alembic_version"
_REVISION = re.compile(r'^(down_)?revision\b[^=\n]*= "(\w+)"', re.MULTILINE)


@cache
def known() -> frozenset[str]:
    """Return every revision that this code knows."""
    return _read()[0]


@cache
def newest() -> str:
    """Return the revision that none comes after."""
    revisions, before = _read()
    (found,) = revisions - before
    return found


def current(tx: Transaction) -> str | None:
    """Return the revision that a database is at; None where it was never migrated."""
    if not inspect(tx.connection).has_table(_TABLE):
        return None
    found: str | None = tx.connection.scalar(text(f"SELECT version_num FROM {_TABLE}"))  # noqa: S608 - our own name
    return found


def is_current(store: Store) -> bool:
    """Say whether the database is at the newest migration."""
    with store.reading() as tx:
        return current(tx) == newest()


def _read() -> tuple[frozenset[str], frozenset[str]]:
    """Return the revisions, and those that another one comes after."""
    files = sorted((MIGRATIONS / "versions").glob("*.py"))
    lines = [line for file in files for line in _REVISION.findall(file.read_text(encoding="utf-8"))]
    return frozenset(name for is_down, name in lines if not is_down), frozenset(name for down, name in lines if down)
