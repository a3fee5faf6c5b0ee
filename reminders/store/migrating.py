"""Bring a database to the newest migration."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from reminders.store.unit_of_work import Store

ROOT = Path(__file__).parents[2]


def configuration(url: str) -> Config:
    """Return Alembic's configuration for one database."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    return config


def is_current(store: Store) -> bool:
    """Say whether the database is at the newest migration."""
    newest = ScriptDirectory.from_config(configuration(store.url)).get_current_head()
    with store.reading() as tx:
        return MigrationContext.configure(tx.connection).get_current_revision() == newest


def migrate(store: Store, *, lock_folder: Path) -> bool:
    """Upgrade to the newest migration; False where it was there already. Only one process does it at a time."""
    if is_current(store):
        return False
    with _alone(lock_folder):
        if is_current(store):
            return False
        command.upgrade(configuration(store.url), "head")
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "migrate.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
