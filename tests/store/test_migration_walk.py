"""Every migration goes down to the first and up to the newest again, one by one, with a row in each table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Engine, Enum, Table, insert, inspect, text

from reminders.store.append_only import forgetting_pass
from reminders.store.engine import make_engine
from reminders.store.migrating import configuration
from reminders.store.rows import metadata
from reminders.store.types import UtcInstant
from tests.servers.postgres import Postgres
from tests.store.steps import NOON, address_of
from tests.store.test_migrations import shape, triggers

TABLES = [table for table in metadata.sorted_tables if table is not forgetting_pass]
PLAIN: dict[type, Any] = {str: "a", bytes: b"sealed", int: 1, float: 1.0, bool: True, date: NOON.date()}
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database at the newest migration, with a row in each table in which every column says something."""
    if request.param == "sqlite":
        yield from filled(f"sqlite:///{tmp_path / 'bare.sqlite3'}")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(is_bare=True) as address:
        yield from filled(address)


def filled(url: str) -> Iterator[Engine]:
    command.upgrade(configuration(url), "head")
    engine = make_engine(url)
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(insert(table).values({column.name: a_value(column) for column in table.c}))
    yield engine
    engine.dispose()


def key(table: Table) -> UUID:
    return UUID(int=TABLES.index(table) + 1)


def a_value(column: Column[Any]) -> Any:  # noqa: ANN401 - a column of any type, and a value of that type
    for target in column.foreign_keys:
        return key(target.column.table)
    if isinstance(column.type, Enum):
        return column.type.enums[0]
    if isinstance(column.type, UtcInstant):
        return NOON
    return key(column.table) if column.type.python_type is UUID else PLAIN[column.type.python_type]


def contents(connection: Connection) -> Rows:
    """Return all rows of all tables as the database itself has them."""
    names = sorted(set(inspect(connection).get_table_names()) - {"alembic_version", forgetting_pass.name})
    statements = {name: text(f"SELECT * FROM {name}") for name in names}  # noqa: S608 - our own names
    return {name: [dict(row) for row in connection.execute(some).mappings()] for name, some in statements.items()}


def now(engine: Engine) -> Rows:
    with engine.connect() as connection:
        return contents(connection)


def shared(rows: Rows, other: Rows) -> Rows:
    """Return what the first says in those tables and columns that the second has as well."""
    return {
        name: [{column: row[column] for column in row if column in other[name][0]} for row in rows[name]]
        for name in rows
        if other.get(name)
    }


def revisions(engine: Engine) -> list[str]:
    """Return all migrations, the newest first."""
    scripts = ScriptDirectory.from_config(configuration(address_of(engine)))
    return [script.revision for script in scripts.walk_revisions()]


def test_every_table_keeps_its_row_through_every_migration_down_and_up(engine: Engine) -> None:
    first, shape_before, triggers_before = now(engine), shape(engine), triggers(engine)
    assert all(len(rows) == 1 for rows in first.values())
    assert len(first) == len(TABLES)
    places = revisions(engine)
    went_by: list[tuple[str, Rows]] = [(places[0], first)]
    for place in places[1:]:
        command.downgrade(configuration(address_of(engine)), place)
        went_by.append((place, now(engine)))
        _, before = went_by[-2]
        assert shared(went_by[-1][1], before) == shared(before, went_by[-1][1]), place
        assert all(len(rows) == 1 for rows in went_by[-1][1].values()), place
    for place, there in reversed(went_by[:-1]):
        command.upgrade(configuration(address_of(engine)), place)
        again = now(engine)
        assert set(again) == set(there), place
        assert shared(again, went_by[-1][1]) == shared(went_by[-1][1], again), place
    assert shape(engine) == shape_before
    assert triggers(engine) == triggers_before
