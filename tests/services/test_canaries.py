from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from reminders.adapters.memory_canary import MemoryHeartbeat, MemoryStubProvider
from reminders.ports import Job
from reminders.services.apply_receipts import apply_receipts
from reminders.services.fly_canaries import fly_canary, hear_canaries, is_genuine, release_canary, store_canary_receipt
from reminders.store import receipts
from reminders.store.service_rows import canary
from tests.world import MINUTE, World


@pytest.fixture
def heartbeat() -> MemoryHeartbeat:
    return MemoryHeartbeat()


@pytest.fixture
def provider(world: World) -> MemoryStubProvider:
    def hook(found: UUID, seal: str) -> bool:
        return is_genuine(world.deps, found, seal) and store_canary_receipt(world.deps, found)

    return MemoryStubProvider(hook)


def steps(world: World) -> list[tuple[bool, bool, bool]]:
    """How far each canary came, oldest first: called, heard, told."""
    rows = world.all(select(canary).order_by(canary.c.begun_at))
    return [(row.called_at is not None, row.heard_at is not None, row.told_at is not None) for row in rows]


def fly(world: World, provider: MemoryStubProvider, heartbeat: MemoryHeartbeat | None) -> None:
    """Let a canary take every step."""
    release_canary(world.deps, heartbeat)
    fly_canary(world.deps, provider)
    apply_receipts(world.deps)
    hear_canaries(world.deps)
    release_canary(world.deps, heartbeat)


def test_a_canary_takes_every_step_by_a_hint_and_is_told_once(
    world: World, provider: MemoryStubProvider, heartbeat: MemoryHeartbeat
) -> None:
    world.queue.take()
    assert release_canary(world.deps, heartbeat)
    assert world.queue.take() == (Job.FLY_CANARY,)
    assert fly_canary(world.deps, provider)
    assert world.queue.take() == (Job.APPLY_RECEIPTS,)
    assert hear_canaries(world.deps) == 0, "its receipt was not applied yet"
    assert heartbeat.asked == 0
    apply_receipts(world.deps)
    assert hear_canaries(world.deps) == 1
    assert world.queue.take() == (Job.RELEASE_CANARY,)
    assert not release_canary(world.deps, heartbeat), "one a minute"
    for _ in range(5):
        fly(world, provider, heartbeat)
    assert steps(world) == [(True, True, True)]
    assert (heartbeat.asked, len(provider.sent)) == (1, 1)


def test_without_a_heartbeat_it_flies_all_the_same(world: World, provider: MemoryStubProvider) -> None:
    fly(world, provider, None)
    assert steps(world) == [(True, True, False)]


def test_two_of_everything_fly_one_canary_and_tell_once(
    world: World, provider: MemoryStubProvider, heartbeat: MemoryHeartbeat
) -> None:
    every_step: list[Callable[[], object]] = [
        lambda: release_canary(world.deps, heartbeat),
        lambda: fly_canary(world.deps, provider),
        lambda: apply_receipts(world.deps),
        lambda: hear_canaries(world.deps),
        lambda: release_canary(world.deps, heartbeat),
    ]
    for step in every_step:
        step()
        step()
    assert steps(world) == [(True, True, True)]
    assert (heartbeat.asked, len(provider.sent)) == (1, 1)


def test_a_new_one_flies_each_minute_and_only_the_newest(
    world: World, provider: MemoryStubProvider, heartbeat: MemoryHeartbeat
) -> None:
    release_canary(world.deps, heartbeat)
    world.later(MINUTE)
    fly(world, provider, heartbeat)
    assert steps(world) == [(False, False, False), (True, True, True)]
    fly(world, provider, heartbeat)
    assert steps(world) == [(False, False, False), (True, True, True)], "the first had its chance"


@pytest.mark.both_databases
def test_a_failed_ping_is_tried_again_until_the_canary_is_three_minutes_old(
    world: World, provider: MemoryStubProvider, heartbeat: MemoryHeartbeat
) -> None:
    heartbeat.is_deaf = True
    fly(world, provider, heartbeat)
    assert steps(world) == [(True, True, False)]
    heartbeat.is_deaf = False
    world.later(timedelta(seconds=179))
    release_canary(world.deps, heartbeat)
    assert (heartbeat.asked, heartbeat.heard) == (2, 1)


def test_an_old_canary_is_neither_flown_nor_told(
    world: World, provider: MemoryStubProvider, heartbeat: MemoryHeartbeat
) -> None:
    release_canary(world.deps, heartbeat)
    world.later(timedelta(seconds=181))
    assert not fly_canary(world.deps, provider)
    heartbeat.is_deaf = True
    fly(world, provider, heartbeat)
    heartbeat.is_deaf = False
    world.later(timedelta(seconds=181))
    asked = heartbeat.asked
    release_canary(world.deps, heartbeat)
    assert heartbeat.asked == asked


def test_a_receipt_that_nobody_waits_for_is_not_kept(world: World, provider: MemoryStubProvider) -> None:
    unknown = world.identity.new_id()
    assert not store_canary_receipt(world.deps, unknown)
    fly(world, provider, None)
    assert not store_canary_receipt(world.deps, provider.sent[0]), "it was heard of already"
    assert world.count("receipt") == 1


def test_a_seal_opens_for_its_own_canary_only(world: World) -> None:
    one, other = world.identity.new_id(), world.identity.new_id()
    seal = world.store.vault.token("canary", one)
    assert is_genuine(world.deps, one, seal)
    assert not is_genuine(world.deps, other, seal)
    assert not is_genuine(world.deps, one, None)
    assert not is_genuine(world.deps, one, "ñ")


def test_canaries_prove_nothing_about_the_providers_receipts(world: World, provider: MemoryStubProvider) -> None:
    fly(world, provider, None)
    with world.store.reading() as tx:
        assert not receipts.heard_since(tx, world.clock.machine_now() - MINUTE)
    world.hear_receipts()
    with world.store.reading() as tx:
        assert receipts.heard_since(tx, world.clock.machine_now() - MINUTE)


@pytest.mark.both_databases
def test_canaries_and_their_receipts_are_kept_for_a_day(
    world: World, provider: MemoryStubProvider, heartbeat: MemoryHeartbeat
) -> None:
    fly(world, provider, heartbeat)
    world.hear_receipts()
    world.later(timedelta(days=1, seconds=1))
    release_canary(world.deps, heartbeat)
    assert steps(world) == [(False, False, False)]
    assert world.count("receipt") == 1


def test_a_clock_that_is_set_back_does_not_silence_canaries(
    world: World, provider: MemoryStubProvider, heartbeat: MemoryHeartbeat
) -> None:
    world.later(timedelta(hours=1))
    fly(world, provider, heartbeat)
    world.later(-timedelta(hours=1))
    fly(world, provider, heartbeat)
    assert heartbeat.heard == 2
    world.check()
