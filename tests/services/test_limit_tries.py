"""Failures to come in are counted in the database: by every process alike, and over a restart (requirement 22)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.tries import KEYS, KNOWN_SIGN_INS, SIGN_INS, Allowance, place_of
from reminders.services.limit_tries import forget_tries, give_back, take_try
from reminders.store.service_rows import token_bucket
from reminders.store.unit_of_work import Store
from tests.world import World

pytestmark = pytest.mark.both_databases

HERE, THERE = "203.0.113.7", "203.0.113.8"
NO_WAIT = timedelta(0)


def let_go_on(world: World, allowance: Allowance, who: str, times: int) -> int:
    return sum(take_try(world.deps, allowance, who) == NO_WAIT for _ in range(times))


def test_an_address_may_fail_so_often_and_then_waits_as_long_as_it_is_told(world: World) -> None:
    assert let_go_on(world, KEYS, HERE, 33) == 30
    wait = take_try(world.deps, KEYS, HERE)
    assert wait == timedelta(seconds=2)
    assert let_go_on(world, KEYS, THERE, 1) == let_go_on(world, SIGN_INS, HERE, 1) == 1
    world.later(wait)
    assert let_go_on(world, KEYS, HERE, 2) == 1


def test_a_second_process_and_a_restart_know_of_it(store: Store) -> None:
    one = World(store)
    assert let_go_on(one, KNOWN_SIGN_INS, "a mark", 9) == 5
    again = Store(store.url, store.vault)
    other = replace(one.deps, store=again)
    assert take_try(other, KNOWN_SIGN_INS, "a mark") > NO_WAIT
    again.close()


def test_of_many_at_once_no_more_go_on_than_may(postgres_store: Store) -> None:
    world = World(postgres_store)
    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(lambda _: take_try(world.deps, SIGN_INS, HERE), range(28)))
    assert waits.count(NO_WAIT) == 20


def test_who_came_in_has_tried_nothing(world: World) -> None:
    for _ in range(50):
        assert take_try(world.deps, SIGN_INS, HERE) == NO_WAIT
        give_back(world.deps, SIGN_INS, HERE)
    assert let_go_on(world, SIGN_INS, HERE, 21) == 20


def test_no_address_is_stored_and_none_is_remembered_for_long(world: World) -> None:
    let_go_on(world, KEYS, HERE, 1)
    assert HERE not in repr(world.all(select(token_bucket)))
    before = world.count("token_bucket")
    assert forget_tries(world.deps) == 0
    world.later(timedelta(minutes=10, seconds=1))
    assert forget_tries(world.deps) == 1
    assert world.count("token_bucket") == before - 1


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_all_addresses_of_one_ipv6_customer_are_one_place(address: str, place: str) -> None:
    assert place_of(address) == place
