from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from reminders.adapters.memory import MemoryPacer
from reminders.core.errors import NotReadyError
from reminders.core.pacing import Grant, Pace
from reminders.services.pace_texts import grant
from reminders.store import buckets
from reminders.store.unit_of_work import Store
from tests.world import World

PACE = Pace(rate=10.0, burst=40.0)


def test_the_broker_counts_and_the_database_does_not(world: World) -> None:
    world.change(pace=PACE, pacer=MemoryPacer(world.clock))

    assert grant(world.deps, [1] * 50).count == 20
    assert world.count("token_bucket") == 0


def test_without_the_broker_texts_leave_at_half_the_rate(world: World) -> None:
    pacer = MemoryPacer(world.clock)
    pacer.is_gone = True
    world.change(pace=PACE, pacer=pacer)
    grant(world.deps, [1] * 50)

    world.later(timedelta(seconds=2))

    assert grant(world.deps, [1] * 50) == Grant(10, timedelta(seconds=0.2))


def test_an_installation_without_a_broker_counts_in_the_database_at_its_full_rate(world: World) -> None:
    world.change(pace=PACE)

    assert grant(world.deps, [1] * 50).count == 40
    world.later(timedelta(seconds=1))
    assert grant(world.deps, [3] * 50) == Grant(3, timedelta(seconds=0.2))


def test_a_database_that_cannot_count_lets_nothing_go(sqlite_store: Store) -> None:
    world = World(sqlite_store)
    closed = replace(world.deps, store=Store("postgresql+psycopg://nobody@127.0.0.1:1/none", sqlite_store.vault))

    with pytest.raises(NotReadyError):
        grant(closed, [1])


def test_many_workers_share_one_bucket_in_the_database(store: Store) -> None:
    world = World(store)
    world.change(pace=PACE)
    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda _: grant(world.deps, [1] * 6).count, range(12)))

    assert sum(counts) == 40
    with store.reading() as tx:
        held = buckets.read(tx, "sms")
        assert held is not None
        assert held.tokens == 0
