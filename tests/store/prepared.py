"""Databases that stand before or after a migration, with one row in each table that others refer to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Enum, Table, insert, inspect

from reminders.store.engine import make_engine
from reminders.store.migrating import configuration
from reminders.store.rows import metadata
from reminders.store.types import UtcInstant
from tests.servers.postgres import Postgres
from tests.store.steps import FOURTH, NOON, SECOND

REFERRED = (
    "clinic",
    "contact",
    "patient",
    "appointment",
    "message",
    "reminder",
    "attempt",
    "question",
    "inbound",
    "task",
)
"""A row in each, every one pointing at those before it: what a table made anew could lose or leave hanging."""
SAID: Mapping[str, Any] = {
    "appointment": {"status": "booked", "timezone": "America/New_York", "version": 3},
    "message": {"origin": "reminder", "state": "suppressed", "reason": "cap", "asks": "confirm"},
    "reminder": {"state": "suppressed", "reason": "quiet_hours", "recipient": "escort"},
    "attempt": {"state": "absent"},
    "question": {"kind": "ride"},
    "task": {"kind": "reschedule", "urgency": "high", "reason": "undelivered"},
}


class Prepared:
    """Databases by kind and migration, each made once and copied for each test: coming so far takes longer than a test.

    One at the first of the two migrations of a step is filled; one at the second has come from there.
    """

    def __init__(self, home: Path, request: pytest.FixtureRequest, stack: ExitStack) -> None:
        self._home = home
        self._request = request
        self._stack = stack
        self._made: dict[tuple[str, str], str] = {}

    @contextmanager
    def copy(self, kind: str, place: str, folder: Path) -> Iterator[str]:
        """Yield the address of a copy of the one at this migration."""
        made = self._at(kind, place)
        if kind == "postgres":
            with self._postgres.database(like=made) as url:
                yield url
        else:
            yield f"sqlite:///{shutil.copy(made.removeprefix('sqlite:///'), folder / 'copy.sqlite3')}"

    def _at(self, kind: str, place: str) -> str:
        if (kind, place) not in self._made:
            self._made[kind, place] = self._make(kind, place)
        return self._made[kind, place]

    def _make(self, kind: str, place: str) -> str:
        came_from = next((step.before for step in (SECOND, FOURTH) if step.after == place), None)
        if came_from is None:
            return self._begin(kind, place)
        folder = self._home / place
        folder.mkdir(exist_ok=True)
        url = self._stack.enter_context(self.copy(kind, came_from, folder))
        command.upgrade(configuration(url), place)
        return url

    def _begin(self, kind: str, place: str) -> str:
        url = f"sqlite:///{self._home / place}.sqlite3"
        if kind == "postgres":
            url = self._stack.enter_context(self._postgres.database(is_bare=True))
        command.upgrade(configuration(url), place)
        fill(url)
        return url

    @property
    def _postgres(self) -> Postgres:
        found: Postgres = self._request.getfixturevalue("postgres")
        return found


def fill(url: str) -> None:
    """Put one row into each table that others refer to."""
    engine = make_engine(url)
    with engine.begin() as connection:
        for name in REFERRED:
            present = {column["name"] for column in inspect(connection).get_columns(name)}
            connection.execute(insert(metadata.tables[name]).values(a_row(metadata.tables[name], present)))
    engine.dispose()


def key(name: str) -> UUID:
    return UUID(int=REFERRED.index(name) + 1)


def a_row(table: Table, present: set[str]) -> dict[str, Any]:
    """Return a row for those columns that are present: what was chosen above, and whatever fits elsewhere."""
    needed = (column for column in table.c if column.name in present)
    row = {column.name: a_value(column) for column in needed if not column.nullable or column.foreign_keys}
    return {**row, **SAID.get(table.name, {})}


def a_value(column: Any) -> Any:  # noqa: ANN401 - a column of any type, and a value of that type
    for target in column.foreign_keys:
        name = target.column.table.name
        return key(name) if name in REFERRED else None  # nobody wrote back yet
    if column.primary_key:
        return key(column.table.name) if column.table.name in REFERRED else UUID(int=1)
    if isinstance(column.type, Enum):
        return column.type.enums[0]
    if isinstance(column.type, UtcInstant):
        return NOON
    return {str: "words", bytes: b"sealed", int: 1, bool: True}[column.type.python_type]
