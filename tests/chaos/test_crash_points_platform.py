"""C14 to C16 and C23 to C25: broker, clocks, disk and deployments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from socket import create_server
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text

from reminders.adapters.celery_queue import CeleryJobQueue
from reminders.adapters.redis_pacer import RedisPacer
from reminders.core.errors import NotReadyError
from reminders.core.pacing import Pace
from reminders.core.patients import Channel
from reminders.ports import QUEUES
from reminders.services.begin_attempts import begin_attempts
from reminders.store import rows
from reminders.store.unit_of_work import Store, Transaction
from tests.builders import an_id
from tests.chaos.points import PATIENTS
from tests.servers.valkey import Valkey
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

PACE = Pace(rate=0.001, burst=40.0)


@pytest.fixture
def world(store: Store) -> World:
    """Return a clinic that owes a text to each of some patients."""
    return owing(store)


def owing(store: Store) -> World:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(PATIENTS))
    world.at(CONFIRM_AT)
    return world


def assert_each_got_one(world: World) -> None:
    assert sorted(sent.text.to for sent in world.sms.sent) == sorted(
        entry.patient.phone or "" for entry in some_entries(PATIENTS)
    )
    book = world.check()
    assert book.messages["accepted"] == book.attempts["accepted"] == PATIENTS
    assert book.possible_doubles == 0


def test_c14_the_broker_is_wiped(sqlite_store: Store, valkey: Valkey) -> None:
    """Hints and counts are gone: the rows are the work, and a bucket begun anew is half full at most."""
    world = World(sqlite_store, only("remind_confirm"))
    queue, pacer = CeleryJobQueue(valkey.broker_url, QUEUES), RedisPacer(valkey.redis_url, "c14:")
    world.change(queue=queue, pacer=pacer)
    world.sync(*some_entries(PATIENTS))
    assert pacer.take("pool", [1] * 100, PACE) is not None
    valkey.wipe()
    again = pacer.take("pool", [1] * 100, PACE)
    assert again is not None
    assert again.count == PACE.burst / 2
    world.at(CONFIRM_AT)
    assert world.pump() == PATIENTS
    assert_each_got_one(world)
    queue.close()
    pacer.close()


def test_c15_the_broker_is_stalled(sqlite_store: Store) -> None:
    """It takes connections and says nothing: each kind of waiting ends within two seconds, and the texts leave."""
    with create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        world = World(sqlite_store, only("remind_confirm"))
        world.sync(*some_entries(PATIENTS))
        world.at(CONFIRM_AT)
        world.change(pacer=RedisPacer(url, "c15:"))
        began = time.monotonic()
        assert world.pump() == PATIENTS
        assert time.monotonic() - began < 4
    assert_each_got_one(world)


def test_c16_a_lazy_commit_that_somebody_set_is_overruled_in_postgresql(
    postgres_url: str, postgres_store: Store
) -> None:
    """An intent that a crash of the server can lose is a doubled text: our sessions never ask for it."""
    name = postgres_url.rpartition("/")[2].partition("?")[0]
    with closing(Store(postgres_url, postgres_store.vault)) as store:
        with store.transaction() as tx:
            tx.connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
        store.close()
        with store.transaction() as tx:
            assert tx.connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


def test_c16_a_lazy_commit_that_somebody_asks_for_in_the_address_is_overruled(
    postgres_url: str, postgres_store: Store
) -> None:
    """The same, asked for in REMINDERS_DATABASE_URL."""
    asked = f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-c%20synchronous_commit%3Doff"
    with closing(Store(asked, postgres_store.vault)) as store, store.transaction() as tx:
        assert tx.connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


def test_c16_sqlite_waits_for_the_disk_on_every_connection(sqlite_store: Store) -> None:
    """Its own default with a write-ahead log would be NORMAL in many builds."""
    with sqlite_store.transaction() as tx:
        assert tx.connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert tx.connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


@pytest.mark.parametrize("skew", [timedelta(hours=3), timedelta(seconds=-6)], ids=["forward", "back"])
def test_c23_the_clock_of_the_database_jumps(world: World, skew: timedelta) -> None:
    """Nothing leaves while clocks disagree, staff are told once, and it goes on by itself."""
    world.clock.skew = skew
    for _ in range(3):
        assert world.pump() == 0
        world.later(MINUTE)
    assert world.tasks() == ["clock_wrong"]
    assert world.attempts() == []
    world.clock.skew = timedelta(0)
    assert world.pump() == PATIENTS
    assert_each_got_one(world)


def test_c23_the_clock_jumps_between_the_claim_and_the_intent(world: World) -> None:
    """The gate looks again, and gives back what it got."""
    token, taken = world.claim()
    world.clock.skew = timedelta(minutes=1)
    assert begin_attempts(world.deps, Channel.SMS, taken, token) == []
    assert {state for state, _ in world.states()} == {"due"}
    world.clock.skew = timedelta(0)
    assert world.pump() == PATIENTS
    assert_each_got_one(world)


def test_c23_the_provider_says_that_our_clocks_are_wrong(world: World) -> None:
    """Machine and database agree, and both are wrong: its Date header shows that."""
    world.sms.fetch("SM1")
    world.sms.ahead = timedelta(minutes=3)
    world.sms.fetch("SM1")
    assert world.pump() == 0
    assert world.tasks() == ["clock_wrong"]
    world.sms.ahead = timedelta(0)
    for _ in range(2):  # the first finds out that all is well again
        world.pump()
    assert_each_got_one(world)


Connect = Callable[[Any], None]


def no_writes(connection: Any) -> None:  # noqa: ANN401 - a driver's own object
    if hasattr(connection, "autocommit"):
        connection.autocommit = True
        # Not default_transaction_read_only: a pooled connection that has read begins its next as READ WRITE.
        connection.execute("SET ROLE pg_read_all_data")
        connection.autocommit = False
    else:
        connection.execute("PRAGMA query_only = 1")


def no_room(connection: Any) -> None:  # noqa: ANN401 - as above
    connection.execute("VACUUM")  # else there is room that earlier tests left
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


@contextmanager
def spoilt(store: Store, spoil: Connect) -> Iterator[Store]:
    """Yield the same database over connections on which something is wrong."""
    with closing(Store(store.url, store.vault)) as found:
        event.listen(found.engine, "connect", lambda connection, _: spoil(connection))
        yield found


def test_c24_the_database_is_read_only(world: World) -> None:
    """No intent, no call; what was planned waits."""
    whole = world.store
    with spoilt(whole, no_writes) as read_only:
        world.change(store=read_only)
        with pytest.raises(NotReadyError):
            world.pump()
    assert_nothing_left(world, whole)


def test_c24_the_database_becomes_read_only_between_the_claim_and_the_intent(world: World) -> None:
    """The same at the last moment."""
    whole, (token, taken) = world.store, world.claim()
    with spoilt(whole, no_writes) as read_only:
        world.change(store=read_only)
        with pytest.raises(NotReadyError):
            begin_attempts(world.deps, Channel.SMS, taken, token)
    world.change(store=whole)
    world.later(2 * MINUTE)
    world.resolve()
    assert_nothing_left(world, whole)


def test_c24_the_disk_is_full(sqlite_store: Store) -> None:
    """The intent does not fit: it was not begun, and is begun where there is room again."""
    world, many = World(sqlite_store, only("remind_confirm")), some_entries(60)
    world.sync(*many)
    world.at(CONFIRM_AT)
    token, taken = world.claim()
    with spoilt(sqlite_store, no_room) as full:
        world.change(store=full)
        with pytest.raises(NotReadyError, match="full"):
            begin_attempts(world.deps, Channel.SMS, taken, token)
    world.change(store=sqlite_store)
    assert world.attempts() == []
    world.later(2 * MINUTE)
    world.resolve()
    assert world.pump() == len(many)
    world.check()


def assert_nothing_left(world: World, whole: Store) -> None:
    assert world.sms.calls == []
    assert world.attempts() == []
    world.change(store=whole)
    assert world.pump() == PATIENTS
    assert_each_got_one(world)


ADDED = {"message": {"redeliveries"}, "contact": {"line_type", "line_checked_at"}}
"""What the release before did not know."""


def test_c25_the_release_before_writes_beside_this_one(world: World) -> None:
    """It names no new column, and its rows are as good as ours: expand first, contract later."""
    assert world.pump() == PATIENTS
    with world.store.transaction() as tx:
        for table in (rows.contact, rows.message):
            row = tx.connection.execute(select(table).limit(1)).one()._asdict()
            old = {key: value for key, value in row.items() if key not in ADDED[table.name]}
            tx.connection.execute(insert(table).values(old | _anew(tx, table.name, row)))
    assert world.pump() == 1
    assert [call.body for call in world.sms.calls][PATIENTS:] == ["written by the release before"]
    assert {row.redeliveries for row in world.messages()} == {0}
    world.check()


def _anew(tx: Transaction, name: str, row: dict[str, Any]) -> dict[str, Any]:
    key = an_id(f"old {name}")
    if name == "contact":
        phone = "+12025550177"
        return {
            "id": key,
            "address": tx.vault.seal("contact.address", key, phone),
            "address_index": tx.vault.index(phone),
        }
    return {
        "id": key,
        "body": tx.vault.seal("message.body", key, "written by the release before"),
        "subject": tx.vault.seal("message.subject", key, ""),
        "origin": "staff",
        "appointment_id": None,
        "version": None,
        "state": "due",
        "fence": 0,
        "left_at": None,
        "request_key": "old",
    }
