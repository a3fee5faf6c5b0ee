"""SQLite databases for tests: made once with our tables, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

from reminders.store.engine import make_engine
from reminders.store.rows import metadata


class SqliteTemplate:
    """A file with empty tables."""

    def __init__(self, home: Path) -> None:
        """Make it."""
        self._file = home / "template.sqlite3"
        engine = make_engine(f"sqlite:///{self._file}")
        metadata.create_all(engine)
        engine.dispose()

    def copy(self, to: Path) -> str:
        """Return the address of a fresh database."""
        shutil.copy(self._file, to)
        return f"sqlite:///{to}"
