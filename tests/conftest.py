"""What tests of several rooms share: both databases, the broker, and a small world to send messages in.

A server that cannot be found fails the test that needs it: a test that cannot run must not look as if it had passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.sqlite import SqliteTemplate
from tests.servers.valkey import Valkey, running_valkey
from tests.world import World

SECRET = "a secret that only these tests know"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole run (of one worker)."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    """An SQLite file to copy."""
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    """One broker for the whole run (of one worker)."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def valkey(valkey_server: Valkey) -> Valkey:
    """An empty broker."""
    valkey_server.wipe()
    return valkey_server


@pytest.fixture
def vault() -> Vault:
    """What seals and opens fields."""
    return Vault([SECRET])


@pytest.fixture
def sqlite_store(sqlite_template: SqliteTemplate, tmp_path: Path, vault: Vault) -> Iterator[Store]:
    """An empty SQLite database with our tables."""
    store = Store(sqlite_template.copy(tmp_path / "reminders.sqlite3"), vault)
    yield store
    store.close()


@pytest.fixture
def postgres_store(postgres: Postgres, vault: Vault) -> Iterator[Store]:
    """An empty PostgreSQL database with our tables."""
    with ExitStack() as stack:
        store = Store(stack.enter_context(postgres.database()), vault)
        stack.callback(store.close)
        yield store


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each of the databases that we promise to work on."""
    chosen: Store = request.getfixturevalue(f"{request.param}_store")
    return chosen


@pytest.fixture
def world(store: Store) -> World:
    """A clinic with its ports in memory, over each database."""
    return World(store)
