"""Which functions of the store asked which database during a run of tests: most tests of services run on one only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from reminders import store

FOLDER = Path(store.__file__).parent
OURS = tuple(FOLDER.parents[1] / name for name in ("reminders", "workers", "tests"))
UNKNOWN, ELSEWHERE = "", "-"
"""What is between a query and who asked it (a library), and what is beyond: our own code that is not the store's."""
PLUMBING = frozenset({"engine", "unit_of_work", "append_only"})
"""What every statement passes through says nothing about who asked."""

ONE_KIND = frozenset({"server_facts._sqlite_settings"})
"""What exists only where the database is a file."""


class SeenQueries:
    """What has been asked in this process, by kind of database."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.by_database: dict[str, set[str]] = {"sqlite": set(), "postgresql": set()}
        self._names: dict[int, str] = {}
        self._kept: list[CodeType] = []
        """What is known by its place in memory, which is found faster than by all that it holds, must stay there."""

    def watch(self) -> None:
        """See what goes through every engine from now on."""
        event.listen(Engine, "before_cursor_execute", self.note)

    def add(self, others: Mapping[str, Iterable[str]]) -> None:
        """Take in what another process saw."""
        for database, names in others.items():
            self.by_database[database].update(names)

    def as_lists(self) -> dict[str, list[str]]:
        """Return what was seen in a shape that can be sent to another process."""
        return {database: sorted(names) for database, names in self.by_database.items()}

    def never_on_postgres(self) -> list[str]:
        """Return the functions of the store that asked SQLite, and never PostgreSQL."""
        return sorted(self.by_database["sqlite"] - self.by_database["postgresql"] - ONE_KIND)

    def note(self, connection: Connection, *_: Any) -> None:  # noqa: ANN401 - the statement and what goes with it
        """Note on whose behalf a statement is carried out."""
        seen = self.by_database[connection.dialect.name]
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the way to a caller that costs least
        names = self._names
        while frame is not None:
            name = names.get(id(frame.f_code))
            if name is None:
                name = self._learn(frame.f_code)
            if name == ELSEWHERE:
                return
            if name != UNKNOWN:
                seen.add(name)
            frame = frame.f_back

    def _learn(self, code: CodeType) -> str:
        """Note what a function of the store is called, or what else it is; return it."""
        file = Path(code.co_filename)
        if file.parent == FOLDER and file.stem not in PLUMBING:
            name = f"{file.stem}.{code.co_qualname.split('.')[0]}"
        else:
            is_ours = any(folder in file.parents for folder in OURS) and file.parent != FOLDER
            name = ELSEWHERE if is_ours else UNKNOWN
        self._kept.append(code)
        self._names[id(code)] = name
        return name
