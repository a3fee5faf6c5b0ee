from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from reminders.adapters.memory import MemoryClock, MemoryIdentity
from reminders.adapters.redis_pacer import RedisPacer
from reminders.adapters.twilio.sms import TwilioConfig, TwilioSmsGateway
from reminders.core.errors import NotReadyError
from reminders.core.ids import AttemptTag
from reminders.simulator import Simulator, SimulatorSettings
from reminders.store.engine import make_engine
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.chaos.proxy import Break, Proxy, Way
from tests.servers.valkey import Valkey
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

MANY = 20
EACH_ONCE = {f"+1202555{number:04d}": 1 for number in range(1, MANY + 1)}
ACCOUNT = "AC" + "0a" * 16


def a_world(store: Store) -> World:
    """Return a clinic that owes a text to each of some patients, now."""
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(MANY))
    world.at(CONFIRM_AT)
    return world


def settle(world: World) -> None:
    """Let time pass until every doubt has ended and everything has left."""
    for _ in range(4):
        world.later(6 * MINUTE)
        world.hear_receipts()
        world.resolve()
        world.pump()


# --- the database


@contextmanager
def behind_a_proxy(store: Store, vault: Vault) -> Iterator[tuple[Store, Proxy]]:
    """Yield the same database as somebody sees it whose way there can be broken."""
    url = make_url(store.url)
    folder = url.query.get("host")
    host, port = url.host or "127.0.0.1", url.port or 5432
    with Proxy(Path(str(folder)) / f".s.PGSQL.{port}" if folder else (host, port)) as proxy:
        address = url.set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(hide_password=False)
        with closing(Store(address, vault)) as proxied:
            yield proxied, proxy


class Breaking(MemoryIdentity):
    """Breaks the first commit after the first tag is made: that is the commit of an intent."""

    def __init__(self, proxy: Proxy, how: Break) -> None:
        super().__init__()
        self._proxy = proxy
        self._how = how
        self.doomed: list[AttemptTag] = []

    @override
    def new_tag(self) -> AttemptTag:
        if not self.doomed:
            self._proxy.break_(self._how)
        tag = super().new_tag()
        if not self._proxy.broken:
            self.doomed.append(tag)
        return tag


@pytest.mark.parametrize("arrives", [True, False], ids=["reply lost", "request lost"])
def test_no_text_leaves_whose_intent_met_a_reset_at_its_commit(
    postgres_store: Store, vault: Vault, *, arrives: bool
) -> None:
    with behind_a_proxy(postgres_store, vault) as (store, proxy):
        world = a_world(store)
        identity = Breaking(proxy, Break(pattern=b"COMMIT\0", arrives=arrives, most=1))
        world.change(identity=identity)
        with pytest.raises(NotReadyError):
            world.pump()
        assert (proxy.broken, len(identity.doomed)) == (1, MANY)
        stored = {row.tag for row in world.attempts()} & set(identity.doomed)
        assert len(stored) == (MANY if arrives else 0), "whether it committed, nobody was told"
        settle(world)

        called = {text.tag for text in world.sms.calls}
        assert not called & set(identity.doomed)
        assert called <= {row.tag for row in world.attempts()}
        assert Counter(sent.text.to for sent in world.sms.sent) == EACH_ONCE
        world.check()


def test_a_database_that_says_nothing_is_given_up_and_called_anew(postgres_store: Store, vault: Vault) -> None:
    with behind_a_proxy(postgres_store, vault) as (store, proxy):
        engine = make_engine(store.url, answers_within=1.0, trusted_for=0.0, quiet_for=0.0)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            proxy.half_open()
            with pytest.raises(OperationalError, match="says nothing"):
                connection.execute(text("SELECT 1"))
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        proxy.half_open()
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1, "the pool looks before it leaps"
        engine.dispose()


def test_a_connection_that_the_server_ended_is_not_used_again(postgres_store: Store, vault: Vault) -> None:
    with behind_a_proxy(postgres_store, vault) as (store, _):
        engine = make_engine(store.url, trusted_for=0.0)
        with engine.connect() as connection:
            backend = connection.scalar(text("SELECT pg_backend_pid()"))
        with postgres_store.engine.begin() as other:
            assert other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT pg_backend_pid()")) != backend
        engine.dispose()


def test_one_use_fails_of_a_connection_that_died_a_moment_ago_and_no_other(postgres_store: Store, vault: Vault) -> None:
    with behind_a_proxy(postgres_store, vault) as (store, proxy):
        engine = make_engine(store.url, answers_within=1.0, trusted_for=60.0)
        several = [engine.connect() for _ in range(3)]
        for connection in several:
            connection.execute(text("SELECT 1"))
            connection.close()
        proxy.half_open()
        with engine.connect() as connection, pytest.raises(OperationalError, match="says nothing"):
            connection.execute(text("SELECT 1"))
        for _ in several:
            with engine.connect() as connection:
                assert connection.scalar(text("SELECT 1")) == 1, "the others of the pool are given up with it"
        engine.dispose()


# --- the broker


def run_out_of_memory(valkey: Valkey, most: str) -> None:
    with Redis.from_url(valkey.redis_url) as client:
        client.config_set("maxmemory", most)


@pytest.mark.parametrize("fault", ["refuse", "stall", "half_open", "out of memory"])
def test_texts_leave_whatever_is_wrong_with_the_broker(sqlite_store: Store, valkey: Valkey, fault: str) -> None:
    world = a_world(sqlite_store)
    with Proxy(valkey.socket_path) as proxy:
        pacer = RedisPacer(f"redis://127.0.0.1:{proxy.port}/0", "faults:")
        world.change(pacer=pacer)
        assert pacer.take("warm", [1], world.deps.pace) is not None, "it did work"
        if fault == "out of memory":
            run_out_of_memory(valkey, "1")
        else:
            getattr(proxy, fault)()
        try:
            world.pump()
        finally:
            run_out_of_memory(valkey, "0")
    assert Counter(sent.text.to for sent in world.sms.sent) == EACH_ONCE


# --- the provider


@pytest.fixture
def provider() -> Iterator[tuple[Simulator, Proxy]]:
    settings = SimulatorSettings(ACCOUNT, "token", delivery_time=timedelta(minutes=5))
    with Simulator(settings) as simulator, Proxy(("127.0.0.1", simulator.port)) as proxy:
        yield simulator, proxy


@contextmanager
def texting(world: World, proxy: Proxy) -> Iterator[None]:
    """Let the world's texts leave by the real adapter; machine time is what the provider's clock says."""
    world.clock = MemoryClock(CONFIRM_AT, machine_now=datetime.now(UTC))
    config = TwilioConfig(
        ACCOUNT,
        "http://127.0.0.1:9/hooks/twilio/status/",
        auth_token="token",
        sender="+15005550006",
        base_url=f"http://127.0.0.1:{proxy.port}",
        read_timeout=1,
    )
    with closing(TwilioSmsGateway(config, world.clock)) as gateway:
        world.change(clock=world.clock, sms=gateway)
        yield


@pytest.mark.parametrize("fault", ["malformed", "huge", "truncated", "reply lost"])
def test_an_answer_that_cannot_be_read_is_settled_by_the_list_and_doubles_nothing(
    sqlite_store: Store, provider: tuple[Simulator, Proxy], fault: str
) -> None:
    simulator, proxy = provider
    world = a_world(sqlite_store)
    with texting(world, proxy):
        if fault == "truncated":
            proxy.truncate(250)
        elif fault == "reply lost":
            proxy.break_(Break(Way.TO_CLIENT, pattern=b"201 Created"))
        else:
            simulator.fail_next(*[fault] * MANY)
        world.pump()
        assert Counter(state for state, _ in world.states()) == {"unknown": MANY}
        proxy.heal()
        world.later(MINUTE)
        world.resolve()
        assert Counter(state for state, _ in world.states()) == {"accepted": MANY}
    assert Counter(text.to for text in simulator.messages) == EACH_ONCE
    assert len(simulator.calls) == MANY


def test_nobody_is_called_sooner_than_the_provider_asks(sqlite_store: Store, provider: tuple[Simulator, Proxy]) -> None:
    simulator, proxy = provider
    world = a_world(sqlite_store)
    simulator.set_faults(rate_429=1, retry_after_seconds=40)
    with texting(world, proxy):
        world.pump()
        first = calls_to(simulator)
        assert sum(first.values()) <= world.deps.policy.in_flight
        world.later(timedelta(seconds=39))
        world.pump()
        assert calls_to(simulator) == first
        world.later(timedelta(seconds=2))
        world.pump()
        assert sum(calls_to(simulator).values()) == sum(first.values()) + 1, "one finds out"
        simulator.set_faults()
        settle(world)
    assert Counter(text.to for text in simulator.messages) == EACH_ONCE


def calls_to(simulator: Simulator) -> Counter[str]:
    return Counter(call.to for call in simulator.calls)
