"""What every maker of ids does, the random one and the repeatable one in memory."""

from __future__ import annotations

import re
import threading
import time
from uuid import RFC_4122, UUID

import pytest

from reminders.adapters.memory import MemoryIdentity
from reminders.adapters.random_ids import RandomIdentity
from reminders.ports import Identity


@pytest.fixture(params=["random", "memory"])
def identity(request: pytest.FixtureRequest) -> Identity:
    return RandomIdentity() if request.param == "random" else MemoryIdentity(seed=1)


def test_ids_sort_by_time_of_making_and_never_repeat(identity: Identity) -> None:
    ids = [identity.new_id() for _ in range(20_000)]

    assert ids == sorted(set(ids))
    assert {(made.version, made.variant) for made in ids} == {(7, RFC_4122)}


def test_tags_are_of_version_4_and_never_repeat(identity: Identity) -> None:
    tags = {identity.new_tag() for _ in range(1000)}

    assert len(tags) == 1000
    assert {(tag.version, tag.variant) for tag in tags} == {(4, RFC_4122)}


def test_tokens_are_safe_in_an_address_and_long_enough_not_to_be_guessed(identity: Identity) -> None:
    tokens = {identity.new_token() for _ in range(1000)}

    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", token) for token in tokens)


def test_jitter_fills_the_range_from_zero_to_one(identity: Identity) -> None:
    numbers = [identity.jitter() for _ in range(2000)]

    assert 0 <= min(numbers) < 0.05
    assert 0.95 < max(numbers) < 1


def test_a_random_id_carries_the_machine_s_time() -> None:
    milliseconds = RandomIdentity().new_id().int >> 80

    assert abs(milliseconds - time.time() * 1000) < 5000


def test_random_ids_sort_and_differ_across_threads() -> None:
    identity = RandomIdentity()
    made: list[UUID] = []
    threads = [threading.Thread(target=lambda: made.extend(identity.new_id() for _ in range(2000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(made)) == 8000


def test_the_same_seed_makes_the_same_ids() -> None:
    one, same, other = MemoryIdentity(7), MemoryIdentity(7), MemoryIdentity(8)

    assert [one.new_id(), one.new_tag(), one.new_token()] == [same.new_id(), same.new_tag(), same.new_token()]
    assert one.new_tag() != other.new_tag()
