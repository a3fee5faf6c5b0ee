"""What every pacer does: by a script in a real broker, and in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis

from reminders.adapters.memory import MemoryClock, MemoryPacer
from reminders.adapters.redis_pacer import RedisPacer
from reminders.core.pacing import Grant, Pace
from reminders.ports import Pacer
from tests.servers.valkey import Valkey, running_valkey

POOL = "sms:AC1"
SLOW = Pace(rate=0.001, burst=20.0)
"""So slow that a test sees what was there, and nothing of what comes in meanwhile."""


@dataclass(frozen=True)
class World:
    pacer: Pacer
    sleep: Callable[[float], None]


@pytest.fixture(params=["redis", "memory"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        clock = MemoryClock(datetime(2027, 3, 1, tzinfo=UTC))
        yield World(MemoryPacer(clock), lambda seconds: clock.advance(timedelta(seconds=seconds)))
        return
    valkey: Valkey = request.getfixturevalue("valkey")
    with closing(RedisPacer(valkey.broker_url, "reminders:")) as pacer:
        yield World(pacer, time.sleep)


def taken(pacer: Pacer, *sizes: int, pool: str = POOL, pace: Pace = SLOW) -> Grant:
    granted = pacer.take(pool, sizes, pace)
    assert granted is not None
    return granted


def test_a_new_bucket_is_half_full_for_the_last_burst_may_have_been_forgotten(world: World) -> None:
    assert taken(world.pacer, *[1] * 30).count == 10


def test_as_many_leave_in_order_as_there_are_tokens_for(world: World) -> None:
    first = taken(world.pacer, 4, 4, 4, 1)
    second = taken(world.pacer, 1, 1, 1)

    assert first.count == 2, "the third must not be overtaken by the fourth, which is smaller"
    assert second.count == 2


def test_whoever_must_wait_is_told_for_how_long(world: World) -> None:
    pace = Pace(rate=2.0, burst=20.0)

    granted = taken(world.pacer, 10, 3, pace=pace)

    assert granted.count == 1
    assert granted.wait.total_seconds() == pytest.approx(1.5, abs=0.2)


def test_nobody_waits_where_all_may_leave(world: World) -> None:
    assert taken(world.pacer, 1, 2) == Grant(2, timedelta(0))
    assert taken(world.pacer) == Grant(0, timedelta(0))


def test_a_bucket_fills_with_time_and_never_beyond_its_burst(world: World) -> None:
    pace = Pace(rate=200.0, burst=20.0)
    taken(world.pacer, *[1] * 30, pace=pace)

    world.sleep(0.3)

    assert taken(world.pacer, *[1] * 50, pace=pace).count in {20, 21, 22}, "sixty came in, and twenty fit"


def test_each_sender_has_a_bucket_of_its_own(world: World) -> None:
    taken(world.pacer, 10)

    assert taken(world.pacer, 10, pool="sms:AC2").count == 1
    assert taken(world.pacer, 10).count == 0


def test_many_at_once_never_take_more_than_rate_by_time_and_burst(valkey: Valkey) -> None:
    pace = Pace(rate=300.0, burst=60.0)

    def work(_: int) -> int:
        with closing(RedisPacer(valkey.broker_url, "reminders:")) as pacer:
            until = time.monotonic() + 0.5
            count = 0
            while time.monotonic() < until:
                count += taken(pacer, 2, 2, 2, pace=pace).count
            return count

    began_at = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        segments = 2 * sum(threads.map(work, range(8)))
    lasted = time.monotonic() - began_at

    assert segments <= pace.rate * lasted + pace.burst / 2
    assert segments >= pace.rate * 0.5 * 0.9, "what was there to be had was had"


def test_the_clock_is_the_brokers_and_not_ours(valkey: Valkey) -> None:
    with closing(RedisPacer(valkey.broker_url, "reminders:")) as pacer, Redis.from_url(valkey.redis_url) as client:
        taken(pacer, 1)
        [key] = client.keys("*")
        kept = float(client.hget(key, "at") or 0) / 1_000_000
        seconds, micros = client.time()
        assert kept == pytest.approx(seconds + micros / 1_000_000, abs=1.0)

        client.hset(key, "at", f"{(kept + 3600) * 1_000_000:.0f}")
        assert taken(pacer, *[1] * 20).count == 9, "a clock that went back gives nothing"
        client.hset(key, "at", f"{(kept - 5000) * 1_000_000:.0f}")
        assert taken(pacer, *[1] * 20).count == 5


def test_a_key_of_ours_has_our_prefix_and_is_forgotten_some_day(valkey: Valkey) -> None:
    with closing(RedisPacer(valkey.broker_url, "reminders:")) as pacer, Redis.from_url(valkey.redis_url) as client:
        taken(pacer, 1)

        assert client.keys("*") == [b"reminders:pace:sms:AC1"]
        assert 86_400 < client.ttl("reminders:pace:sms:AC1") <= 86_400 + 20_000


def test_after_the_broker_was_wiped_half_a_burst_is_left_at_most(valkey: Valkey) -> None:
    with closing(RedisPacer(valkey.broker_url, "reminders:")) as pacer:
        taken(pacer, 10)
        valkey.wipe()
        with Redis.from_url(valkey.redis_url) as client:
            client.script_flush()

        assert taken(pacer, *[1] * 30).count == 10


def test_a_broker_that_is_gone_counts_nothing_and_delays_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for url in (f"redis+socket://{tmp_path}/none", "redis://127.0.0.1:1/0"):
        with closing(RedisPacer(url, "reminders:")) as pacer:
            began_at = time.monotonic()
            assert [pacer.take(POOL, [1], SLOW) for _ in range(100)] == [None] * 100
            assert time.monotonic() - began_at < 1
    assert "pace.not_counted" in "".join(capsys.readouterr())


def test_a_broker_in_trouble_is_asked_again_only_after_a_silence(valkey: Valkey) -> None:
    with (
        closing(RedisPacer(valkey.broker_url, "reminders:", silence=0.3)) as pacer,
        Redis.from_url(valkey.redis_url) as client,
    ):
        client.set("reminders:pace:sms:AC1", "no bucket")
        assert pacer.take(POOL, [1], SLOW) is None
        client.flushall()

        assert pacer.take(POOL, [1], SLOW) is None, "silent for now"
        time.sleep(0.35)
        assert taken(pacer, 1).count == 1


def test_a_broker_that_started_anew_is_not_taken_for_gone() -> None:
    with running_valkey() as server, closing(RedisPacer(server.broker_url, "reminders:")) as pacer:
        taken(pacer, 1)
        with Redis.from_url(server.redis_url) as client:
            client.client_kill_filter(skipme=True, _type="normal")

        assert taken(pacer, 1).count == 1


def test_a_frozen_broker_costs_a_second_once(valkey: Valkey) -> None:
    with closing(RedisPacer(valkey.broker_url, "reminders:")) as pacer, Redis.from_url(valkey.redis_url) as client:
        taken(pacer, 1)
        client.client_pause(1500)
        began_at = time.monotonic()

        assert [pacer.take(POOL, [1], SLOW) for _ in range(3)] == [None] * 3
        assert time.monotonic() - began_at < 1.4
        client.client_unpause()
