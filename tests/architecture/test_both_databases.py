"""What chooses the tests that run on PostgreSQL, and what it watches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from reminders.store.unit_of_work import Store
from tests.servers.seen_queries import SeenQueries
from tests.world import World


@pytest.fixture
def seen() -> Iterator[SeenQueries]:
    watching = SeenQueries()
    watching.watch()
    yield watching
    event.remove(Engine, "before_cursor_execute", watching.note)


def test_a_query_is_told_by_the_function_of_the_store_that_asked_it(sqlite_store: Store, seen: SeenQueries) -> None:
    World(sqlite_store)
    assert {"clinics.save", "clinics.every"} <= seen.by_database["sqlite"]
    assert {"clinics.save", "clinics.every"} <= set(seen.never_on_postgres())


def test_what_one_worker_asks_of_sqlite_another_may_ask_of_postgresql(sqlite_store: Store, seen: SeenQueries) -> None:
    World(sqlite_store)
    elsewhere = SeenQueries()
    elsewhere.add({"sqlite": [], "postgresql": ["clinics.save", "nobody.asked"]})
    elsewhere.add(seen.as_lists())
    assert "clinics.every" in elsewhere.never_on_postgres()
    assert not {"clinics.save", "nobody.asked"} & set(elsewhere.never_on_postgres())
