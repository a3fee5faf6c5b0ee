"""Databases of experiments that run in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.servers.postgres import running_postgres
from tests.servers.sqlite import SqliteTemplate


@contextmanager
def a_database(kind: str) -> Iterator[str]:
    """Yield the address of a fresh database with our tables: `postgres`, on a server of its own, or `sqlite`."""
    with ExitStack() as stack:
        if kind == "postgres":
            yield stack.enter_context(stack.enter_context(running_postgres()).database())
        else:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield SqliteTemplate(home).copy(home / "experiment.sqlite3")
