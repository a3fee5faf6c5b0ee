"""What a database tells of itself, on real servers of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from reminders.core.examination.facts import Standing
from reminders.core.examination.faults import FAULTS
from reminders.store.migrating import configuration
from reminders.store.server_facts import read_server
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import an_entry
from tests.servers.postgres import Postgres
from tests.world import World


@pytest.fixture(params=["sqlite", "postgres"])
def own_store(request: pytest.FixtureRequest, vault: Vault) -> Iterator[Store]:
    """A database with our tables that this test has for itself, at the newest migration."""
    store = Store(request.getfixturevalue(f"{request.param}_url"), vault)
    command.stamp(configuration(store.url), "head")
    yield store
    store.close()


def set_revision(store: Store, revision: str) -> None:
    with store.transaction() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


def test_a_database_at_the_newest_migration_tells_what_it_is_and_the_time(own_store: Store) -> None:
    reading = read_server(own_store)
    facts = reading.facts
    assert facts.problem is None
    assert facts.version >= (3, 35)
    assert facts.standing is Standing.CURRENT
    assert facts.revision == facts.newest_revision
    assert (facts.is_read_only, facts.opens_with_our_key) == (False, None)
    assert reading.at is not None
    assert abs(reading.at - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(("revision", "standing"), [("0001", Standing.BEHIND), ("9999", Standing.NEWER)])
def test_a_database_of_another_release_is_told_apart(own_store: Store, revision: str, standing: Standing) -> None:
    set_revision(own_store, revision)
    facts = read_server(own_store).facts
    assert (facts.standing, facts.revision) == (standing, revision)


def test_a_key_that_does_not_open_what_is_stored_is_noticed(own_store: Store) -> None:
    World(own_store).sync(an_entry("A1"))
    assert read_server(own_store).facts.opens_with_our_key is True
    other = Store(own_store.url, Vault(["another secret that nobody wrote anything with"]))
    assert read_server(other).facts.opens_with_our_key is False
    other.close()


def test_a_database_that_was_never_migrated_has_no_tables(postgres: Postgres, vault: Vault) -> None:
    with postgres.database(is_bare=True) as url:
        store = Store(url, vault)
        assert read_server(store).facts.standing is Standing.EMPTY
        store.close()


def test_an_sqlite_file_that_is_not_there_is_not_made(tmp_path: Path, vault: Vault) -> None:
    file = tmp_path / "folder" / "reminders.sqlite3"
    reading = read_server(Store(f"sqlite:///{file}", vault))
    assert (reading.facts.standing, reading.facts.place, reading.at) == (Standing.ABSENT, str(file), None)
    assert not file.parent.exists()


def test_a_file_that_is_no_database_is_a_problem_not_an_error(tmp_path: Path, vault: Vault) -> None:
    file = tmp_path / "reminders.sqlite3"
    file.write_text("a shopping list, and not a short one either: " * 100)
    assert "not a database" in (read_server(Store(f"sqlite:///{file}", vault)).facts.problem or "")


@pytest.mark.parametrize("url", ["postgresql://somebody:hunter2@127.0.0.1:9/x", "no address"])
def test_a_server_that_is_away_is_a_problem_told_without_its_password(url: str, vault: Vault) -> None:
    facts = read_server(Store(url, vault)).facts
    assert facts.problem
    assert "hunter2" not in facts.place + facts.problem
    assert "\n" not in facts.problem


def test_sqlite_keeps_what_is_committed(sqlite_url: str, vault: Vault) -> None:
    store = Store(sqlite_url, vault)
    assert read_server(store).facts.settings == {"journal_mode": "wal", "synchronous": "full"}
    store.close()


def test_postgres_tells_by_our_own_session_what_a_commit_is_worth(postgres_url: str, vault: Vault) -> None:
    store = Store(postgres_url, vault)
    settings = read_server(store).facts.settings
    store.close()
    assert set(settings) == {"fsync", "synchronous_commit", "full_page_writes"}
    assert settings["synchronous_commit"] == "on"


def test_a_postgres_that_takes_no_writes_is_noticed(postgres_url: str, vault: Vault) -> None:
    store = Store(postgres_url, vault)
    with store.transaction() as tx:
        name = tx.connection.scalar(text("SELECT current_database()"))
        tx.connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    store.close()
    assert read_server(store).facts.is_read_only
    store.close()


def test_what_hints_say_to_set_on_the_server_exists_there(postgres_url: str) -> None:
    named = {
        words.partition("ALTER SYSTEM SET ")[2].split()[0]
        for words in (fault.hint for fault in FAULTS.values())
        if "ALTER SYSTEM SET " in words
    }
    plain = postgres_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain) as connection:
        known = {row[0] for row in connection.execute("SELECT name FROM pg_settings WHERE context <> 'internal'")}
    assert named
    assert named <= known
