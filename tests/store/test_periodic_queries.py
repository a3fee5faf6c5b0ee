"""What comes round by itself reads no table from end to end that grows with the years."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, make_url

from reminders.adapters.memory import MemoryLineLookup
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.bench.many_rows import fill
from tests.bench.periodic import SWEEPS, WAKE
from tests.builders import NOON
from tests.servers.postgres import Postgres
from tests.world import World

GROWING = frozenset(
    {"appointment", "reminder", "message", "attempt", "receipt", "event", "inbound", "question", "task", "check_in"}
)
REMINDERS = 200_000
READS_OR_WRITES = ("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")
Seen = list[tuple[str, Any]]


@pytest.fixture(scope="module")
def years(postgres: Postgres) -> Iterator[World]:
    with postgres.database() as url:
        store = Store(url, Vault(["only for this"]))
        world = World(store)
        world.change(lookup=MemoryLineLookup())
        fill(store, reminders=REMINDERS, now=NOON)
        yield world
        store.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [*WAKE, *SWEEPS])
def test_what_comes_round_by_itself_reads_no_growing_table_from_end_to_end(years: World, name: str) -> None:
    seen: Seen = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
        seen.append((statement, parameters))

    event.listen(years.store.engine, "before_cursor_execute", note)
    try:
        {**WAKE, **SWEEPS}[name](years.deps)
    finally:
        event.remove(years.store.engine, "before_cursor_execute", note)
    asked = [item for item in seen if item[0].lstrip().startswith(READS_OR_WRITES)]
    assert asked
    with psycopg.connect(_plain(years.store.url)) as asking:
        scans = [
            f"{table}: {statement}" for statement, values in asked for table in _scanned(asking, statement, values)
        ]
    assert scans == []


def _scanned(asking: psycopg.Connection[Any], statement: str, values: object) -> list[str]:
    """Return the growing tables that the server would read from end to end for this statement."""
    first: Any = values[0] if isinstance(values, list) else values
    [(plans,)] = asking.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), first).fetchall()
    return [name for name in _sequential(plans[0]["Plan"]) if name in GROWING]


def _sequential(plan: Mapping[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from _sequential(part)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
