"""Bring a database to the newest migration."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config

from reminders.store.revisions import MIGRATIONS, is_current
from reminders.store.unit_of_work import Store


def configuration(url: str) -> Config:
    """Return Alembic's configuration for one database."""
    config = Config(toml_file=str(MIGRATIONS.parent / "pyproject.toml"))
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def migrate(store: Store, *, lock_folder: Path) -> bool:
    """Upgrade to the newest migration; False where it was there already. Only one process does it at a time."""
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
