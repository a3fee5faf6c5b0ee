"""Each migration goes up and down on both databases, keeps what is there, and ends at the models' own constraints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Enum, MetaData, Table, func, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from reminders.store.engine import make_engine
from reminders.store.migrating import configuration
from reminders.store.rows import metadata
from tests.servers.postgres import Postgres
from tests.store.prepared import REFERRED, Prepared, a_row, key
from tests.store.steps import FOURTH, NEW_COLUMNS, NEW_TABLES, NOON, SECOND, Step


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.sqlite3'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database(is_bare=True) as address:
        yield address


@pytest.fixture(params=[SECOND, FOURTH], ids=["0002", "0004"])
def step(request: pytest.FixtureRequest) -> Step:
    """The migration that is tested."""
    chosen: Step = request.param
    return chosen


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Prepared]:
    """Databases before and after a migration."""
    with ExitStack() as stack:
        yield Prepared(tmp_path_factory.mktemp("prepared"), request, stack)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, prepared: Prepared, step: Step, tmp_path: Path) -> Iterator[Engine]:
    """A database before the migration, with one row in each table that others refer to."""
    with prepared.copy(request.param, step.before, tmp_path) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def raised(request: pytest.FixtureRequest, prepared: Prepared, step: Step, tmp_path: Path) -> Iterator[Engine]:
    """A database after the migration, which came with a row in each table that others refer to."""
    with prepared.copy(request.param, step.after, tmp_path) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


def contents(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of the tables that have some."""
    return {
        name: [dict(row) for row in connection.execute(text(f"SELECT * FROM {name}")).mappings()]  # noqa: S608 - our own names
        for name in REFERRED
    }


def shape(engine: Engine) -> dict[str, Any]:
    """Return every constraint and index by its table, in the database's own words."""
    found = inspect(engine)
    tables = sorted(set(found.get_table_names()) - {"alembic_version"})
    return {
        name: {
            "columns": sorted(
                (c["name"], str(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(name)
            ),
            "primary key": sorted(found.get_pk_constraint(name)["constrained_columns"]),
            "unique": sorted((str(c["name"]), tuple(c["column_names"])) for c in found.get_unique_constraints(name)),
            "foreign keys": sorted(
                (str(c["name"]), tuple(c["constrained_columns"]), c["referred_table"])
                for c in found.get_foreign_keys(name)
            ),
            "checks": sorted((str(c["name"]), words_of(str(c["sqltext"]))) for c in found.get_check_constraints(name)),
            "indexes": sorted(
                (
                    str(index["name"]),
                    tuple(index["column_names"]),
                    bool(index["unique"]),
                    str(index.get("dialect_options", {}).get(f"{engine.dialect.name}_where", "")),
                )
                for index in found.get_indexes(name)
                if "duplicates_constraint" not in index
            ),
        }
        for name in tables
    }


def triggers(engine: Engine) -> list[tuple[str, str]]:
    """Return every trigger by its name, and what it does, function and all."""
    of_sqlite = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    of_postgres = (
        "SELECT t.tgname, pg_get_triggerdef(t.oid) || p.prosrc FROM pg_trigger t"
        " JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal ORDER BY t.tgname"
    )
    with engine.connect() as connection:
        found = connection.execute(text(of_sqlite if engine.dialect.name == "sqlite" else of_postgres))
        return [(row[0], row[1]) for row in found]


def words_of(condition: str) -> tuple[str, ...]:
    """Return what a check allows, whatever the order: each database words the condition in its own way."""
    return tuple(sorted(condition.split("'")[1::2]))


def reworded(connection: Connection, name: str, **changed: object) -> None:
    table = Table(name, MetaData(), autoload_with=connection)
    connection.execute(update(table).values(**changed))


def reads(connection: Connection, name: str, column: str, word: str) -> None:
    """Put a word in place, in plain SQL: reading the table's form for each would take longer than all the rest."""
    connection.execute(text(f"UPDATE {name} SET {column} = :word"), {"word": word})  # noqa: S608 - our own names


def add_like(connection: Connection, table: Table, number: int, **changed: object) -> None:
    """Add a row like the one that is there, but for an id of its own and what is changed."""
    first = stored(connection.engine, key(table.name))
    row = dict(connection.execute(select(table).where(table.c.id == first)).mappings().one())
    own = {column: f"{column} {number}" for column in ("key", "step") if column in row}
    connection.execute(insert(table).values({**row, **own, **changed, "id": new_id(connection.engine, number)}))


def new_id(engine: Engine, number: int) -> UUID | str:
    return stored(engine, UUID(int=100 + number))


def stored(engine: Engine, row: UUID) -> UUID | str:
    """Return an id as the database itself keeps it."""
    return row.hex if engine.dialect.name == "sqlite" else row


def test_the_newest_migration_makes_what_the_models_say(url: str, tmp_path: Path, postgres: Postgres) -> None:
    command.upgrade(configuration(url), "head")
    migrated = make_engine(url)
    with postgres.database() as made_in_postgres:
        models = make_engine(
            made_in_postgres if url.startswith("postgres") else f"sqlite:///{tmp_path / 'models.sqlite3'}"
        )
        metadata.create_all(models)
        assert shape(migrated) == shape(models)
        assert triggers(migrated) == triggers(models)
        models.dispose()
    migrated.dispose()


def test_going_up_and_down_again_changes_neither_the_tables_nor_a_row(engine: Engine, step: Step) -> None:
    with engine.connect() as connection:
        rows_before = contents(connection)
    shape_before = shape(engine)
    for _ in range(2):
        step.up(engine)
        step.down(engine)
    assert shape(engine) == shape_before
    with engine.connect() as connection:
        assert contents(connection) == rows_before


@pytest.mark.parametrize("step", [SECOND], indirect=True)
def test_going_up_keeps_every_row_and_takes_each_message_for_the_patients_own(engine: Engine, step: Step) -> None:
    with engine.connect() as connection:
        before = contents(connection)
    step.up(engine)
    with engine.connect() as connection:
        after = contents(connection)
    assert [row.pop("recipient") for row in after["message"]] == ["patient"]
    assert [row.pop("ended_by") for row in after["appointment"]] == [None]
    is_open = [row["status"] in {"booked", "arrived"} for row in before["appointment"]]
    watched = [row.pop("watch_at") for row in after["appointment"]]
    assert watched == [
        row["versioned_at"] if open_ else None for row, open_ in zip(before["appointment"], is_open, strict=True)
    ]
    assert after == before


@pytest.mark.parametrize("step", [SECOND], indirect=True)
def test_each_appointments_current_version_is_written_down(engine: Engine, step: Step) -> None:
    step.up(engine)
    version, appointment = metadata.tables["appointment_version"], metadata.tables["appointment"]
    shared = ("version", "clinic_id", "starts_at", "timezone", "appointment_type", "status", "versioned_at")
    with engine.connect() as connection:
        [written] = connection.execute(select(version)).mappings()
        [held] = connection.execute(select(*(appointment.c[name] for name in ("id", *shared)))).mappings()
    assert written["appointment_id"] == held["id"]
    assert {name: written[name] for name in shared} == {name: held[name] for name in shared}
    assert written["version"] == 3
    assert written["starts_at"] == NOON


def test_a_new_word_is_taken_after_the_migration_only(engine: Engine, step: Step) -> None:
    for move in (None, step.up, step.down):
        if move is not None:
            move(engine)
        for table, column, new, _nearest in step.words:
            with nullcontext() if move == step.up else pytest.raises(IntegrityError), engine.begin() as connection:
                reads(connection, table, column, new)


def test_a_word_that_nobody_knows_is_refused_afterwards(raised: Engine) -> None:
    for name in REFERRED:
        present = {column["name"] for column in inspect(raised).get_columns(name)}
        for column in metadata.tables[name].c:
            if isinstance(column.type, Enum) and column.name in present:
                with pytest.raises(IntegrityError), raised.begin() as connection:
                    reads(connection, name, column.name, "nonsense")


def test_going_down_says_a_new_word_in_the_nearest_old_one(raised: Engine, step: Step) -> None:
    with raised.begin() as connection:
        names = {name for name, *_ in step.words}
        tables = {name: Table(name, MetaData(), autoload_with=connection, resolve_fks=False) for name in names}
        for number, (name, column, new, _nearest) in enumerate(step.words):
            add_like(connection, tables[name], number, **{column: new})
    step.down(raised)
    with raised.connect() as connection:
        said = {(name, row["id"]): row for name, some in contents(connection).items() for row in some if "id" in row}
        found = [said[table, new_id(raised, number)][column] for number, (table, column, *_) in enumerate(step.words)]
    assert found == [nearest for *_, nearest in step.words]


@pytest.mark.parametrize("step", [SECOND], indirect=True)
def test_a_row_that_others_point_at_still_cannot_go(raised: Engine) -> None:
    for name in ("message", "appointment", "patient"):
        with pytest.raises(IntegrityError), raised.begin() as connection:
            connection.execute(metadata.tables[name].delete())


@pytest.mark.parametrize("step", [SECOND], indirect=True)
def test_what_is_in_force_once_at_a_time_may_be_ended_and_made_again(raised: Engine) -> None:
    pause, override = metadata.tables["pause"], metadata.tables["patient_override"]
    common = {"clinic_id": key("clinic"), "patient_id": key("patient"), "made_by": "Ana", "made_at": NOON}
    pauses = {**common, "kind": "patient", "subject": "P-01", "reason": b"sealed"}
    overrides = {**common, "document": "{}", "reason": b"sealed"}
    for table, row in ((pause, pauses), (override, overrides)):
        with raised.begin() as connection:
            connection.execute(insert(table).values(**row, id=UUID(int=1)))
        with pytest.raises(IntegrityError), raised.begin() as connection:
            connection.execute(insert(table).values(**row, id=UUID(int=2)))
        with raised.begin() as connection:
            connection.execute(update(table).values(ended_at=NOON))
            connection.execute(insert(table).values(**row, id=UUID(int=2)))
            assert connection.scalar(select(func.count()).select_from(table)) == 2


def test_a_migration_that_would_leave_rows_pointing_at_nothing_is_rolled_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'orphans.sqlite3'}"
    command.upgrade(configuration(url), SECOND.before)
    engine = make_engine(url)
    driver = engine.raw_connection()
    driver.cursor().execute("PRAGMA foreign_keys=OFF")
    driver.cursor().execute(
        "INSERT INTO consent_event (id, clinic_id, patient_id, channel, is_granted, source, recorded_at)"
        " VALUES ('1', 'nobody', 'nobody', 'sms', 1, 'schedule', '2027-03-01 12:00:00')"
    )
    driver.close()
    before = shape(engine)
    with pytest.raises(CommandError, match="in: consent_event"):
        SECOND.up(engine)
    assert shape(engine) == before
    engine.dispose()


@pytest.mark.parametrize("step", [FOURTH], indirect=True)
def test_new_columns_are_empty_at_first_take_what_they_are_for_and_leave_no_trace(engine: Engine, step: Step) -> None:
    with engine.connect() as connection:
        before = contents(connection)
    step.up(engine)
    with engine.connect() as connection:
        after = contents(connection)
    for name, columns in NEW_COLUMNS.items():
        assert [{column: row.pop(column) for column in columns} for row in after[name]] == [dict.fromkeys(columns)]
    assert after == before
    with engine.begin() as connection:
        for name, columns in NEW_COLUMNS.items():
            reworded(connection, name, **columns)
    step.down(engine)
    with engine.connect() as connection:
        assert contents(connection) == before


@pytest.mark.parametrize("step", [FOURTH], indirect=True)
def test_new_tables_hold_rows_about_those_that_are_there_and_go_with_them(raised: Engine, step: Step) -> None:
    for name in NEW_TABLES:
        table = metadata.tables[name]
        row = a_row(table, set(table.c.keys()))
        with raised.begin() as connection:
            connection.execute(insert(table).values(row))
            assert connection.scalar(select(func.count()).select_from(table)) == 1
    step.down(raised)
    assert not set(NEW_TABLES) & set(inspect(raised).get_table_names())
