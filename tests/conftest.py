"""What tests of several rooms share: both databases, the broker, and a small world to send messages in.

A server that cannot be found fails the test that needs it: a test that cannot run must not look as if it had passed.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.chaos.processes import Forks, nursery
from tests.servers.both_databases import MARK, OPTION, BothDatabases
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.sqlite import SqliteTemplate
from tests.servers.valkey import Valkey, running_valkey
from tests.servers.wiping import wipe
from tests.world import World

SECRET = "a secret that only these tests know"
LONG = (
    "journeys",
    "workers/test_compose_commands.py",
    "bench",
    "browser",
    "simulation/test_clinic_year.py",
    "chaos/test_short.py",
    "store/test_migration",
)
"""What takes longest, counted from this folder: it starts first, so that no worker is alone with it at the end."""
MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made in it has a name of its own


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let everything be asked for."""
    parser.addoption(OPTION, action="store_true", help="run every test of services on PostgreSQL as well as on SQLite")


def pytest_configure(config: pytest.Config) -> None:
    """Choose which tests run on PostgreSQL, and let the collector of garbage look seldom, from the first import on."""
    gc.set_threshold(20_000, 20, 20)
    config.addinivalue_line("markers", f"{MARK}: runs on SQLite and on PostgreSQL, not on SQLite alone")
    config.pluginmanager.register(BothDatabases(config))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long tests begin first; the order of all others stays."""
    here = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix()
        return next((place for place, long in enumerate(LONG) if name.startswith(long)), len(LONG))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what lasts until the end: looking through it took longer than many a test."""
    gc.freeze()


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


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """A process that has imported everything of ours and forks it, once for the whole run (of one worker)."""
    with nursery() as found:
        yield found


@pytest.fixture
def valkey(valkey_server: Valkey) -> Valkey:
    """An empty broker."""
    valkey_server.wipe()
    return valkey_server


@pytest.fixture(scope="session")
def vault() -> Vault:
    """What seals and opens fields."""
    return Vault([SECRET])


@pytest.fixture(scope="session")
def shared_sqlite(sqlite_template: SqliteTemplate, vault: Vault) -> Iterator[Store]:
    """One SQLite database for the whole run: an engine of its own for each test would compile every statement again.

    It lies in memory where that is possible: each commit waits for the disk, and no machine crashes in a test.
    """
    with tempfile.TemporaryDirectory(prefix="rsq", dir=MEMORY if MEMORY.is_dir() else None) as home:
        store = Store(sqlite_template.copy(Path(home) / "reminders.sqlite3"), vault)
        yield store
        store.close()


@pytest.fixture(scope="session")
def shared_postgres(postgres: Postgres, vault: Vault) -> Iterator[Store]:
    """One PostgreSQL database for the whole run."""
    with postgres.database() as url:
        store = Store(url, vault)
        yield store
        store.close()


@pytest.fixture
def sqlite_store(shared_sqlite: Store) -> Iterator[Store]:
    """An empty SQLite database with our tables."""
    yield shared_sqlite
    wipe(shared_sqlite)


@pytest.fixture
def postgres_store(shared_postgres: Store) -> Iterator[Store]:
    """An empty PostgreSQL database with our tables."""
    yield shared_postgres
    wipe(shared_postgres)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of a PostgreSQL database with our tables that no other test ever sees, for other processes."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: SqliteTemplate, tmp_path: Path) -> str:
    """The address of an SQLite database with our tables that no other test ever sees, for other processes."""
    return sqlite_template.copy(tmp_path / "reminders.sqlite3")


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each of the databases that we promise to work on."""
    chosen: Store = request.getfixturevalue(f"{request.param}_store")
    return chosen


@pytest.fixture
def world(store: Store) -> World:
    """A clinic with its ports in memory, over each database."""
    return World(store)
