"""Most tests of services and of the web run on SQLite; on PostgreSQL too if marked so, or if everything is asked for.

Marked are those whose matter is the database itself (races, locks, crashes, what is counted in statements) and, of the
others, enough for every query to be asked of PostgreSQL as well. Whether they are enough is found out by each run of
the whole suite, which fails and names the query where one was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers.seen_queries import SeenQueries

MARK: Final = "both_databases"
OPTION: Final = "--both"
ON_ONE = frozenset(Path(__file__).parents[1] / folder for folder in ("services", "web"))
"""The folders whose tests are many and for the most part about rules and pages, not about queries."""
SENT_AS: Final = "seen_queries"


class BothDatabases:
    """Chooses what runs on PostgreSQL, and watches over the choice."""

    def __init__(self, config: pytest.Config) -> None:
        """Watch what this process asks."""
        self._config = config
        self._seen = SeenQueries()
        self._seen.watch()
        self._missing: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what runs on SQLite only; a test that is called by its name runs on both."""
        if self._config.getoption(OPTION) or any("::" in argument for argument in self._config.args):
            return
        left_out = [item for item in items if is_left_out(item)]
        if left_out:
            self._config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if not is_left_out(item)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - a worker as xdist knows it
        """Take in what a worker saw."""
        sent: Mapping[str, Iterable[str]] = getattr(node, "workeroutput", {}).get(SENT_AS, {})
        self._seen.add(sent)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Send what was seen, or judge it where everything has come together."""
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[SENT_AS] = self._seen.as_lists()
        elif exitstatus == pytest.ExitCode.OK and self._is_whole_suite():
            self._missing = self._seen.never_on_postgres()
            if self._missing:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what was missing."""
        if self._missing:
            terminalreporter.section("queries that no test asked of PostgreSQL", red=True)
            terminalreporter.line(f"Mark a test that asks them with @pytest.mark.{MARK}:")
            for name in self._missing:
                terminalreporter.line(f"  {name}")

    def _is_whole_suite(self) -> bool:
        """Whether nothing was chosen: a part of the tests proves nothing about the rest."""
        chosen = any(self._config.getoption(name, None) for name in ("keyword", "markexpr", "collectonly", "lf"))
        return not chosen and self._config.args == self._config.getini("testpaths")


def is_left_out(item: pytest.Item) -> bool:
    """Say whether a test is one on PostgreSQL that says nothing which it does not say on SQLite."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    is_here = parameters.get("store") == "postgres" and not ON_ONE.isdisjoint(item.path.parents)
    return is_here and item.get_closest_marker(MARK) is None
