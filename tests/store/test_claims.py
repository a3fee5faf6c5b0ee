from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from reminders.core.delivery import MessageState
from reminders.core.patients import Channel
from reminders.services.begin_attempts import begin_attempts
from reminders.services.dispatch_due import dispatch_due
from reminders.store import attempts, messages
from reminders.store.messages import Claimed
from reminders.store.unit_of_work import Store
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

WORKERS, PATIENTS = 4, 24


@pytest.fixture
def world(store: Store) -> World:
    return World(store, only("remind_confirm"))


def due(world: World, patients: int = PATIENTS) -> World:
    world.sync(*some_entries(patients))
    world.at(CONFIRM_AT)
    dispatch_due(world.deps)
    return world


def test_workers_at_once_never_take_the_same_message(world: World) -> None:
    due(world)
    start, taken = Barrier(WORKERS), list[Claimed]()

    def work() -> None:
        start.wait()
        for _ in range(PATIENTS):
            taken.extend(world.claim(limit=3)[1])

    workers = [Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == PATIENTS
    assert set(Counter(taken).values()) == {1}


def test_a_claim_steps_over_what_another_one_is_taking(postgres_store: Store) -> None:
    world = due(World(postgres_store, only("remind_confirm")), 4)
    soon, lease = world.clock.now() + MINUTE, world.clock.machine_now() + MINUTE
    with postgres_store.transaction() as tx:
        first = messages.claim(tx, Channel.SMS, before=soon, limit=2, token=world.identity.new_id(), lease_until=lease)
        _, second = world.claim(limit=3)
    assert len(first) == len(second) == 2, "no more than the limit, and not one of theirs"
    assert not {item.id for item in first} & {item.id for item in second}


def test_workers_at_once_dispatch_each_reminder_once_and_share_no_patient(store: Store) -> None:
    world = World(store)
    world.sync(*some_entries(PATIENTS))
    world.at(CONFIRM_AT)
    start = Barrier(WORKERS)

    def work() -> None:
        start.wait()
        dispatch_due(world.deps)

    workers = [Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    dispatch_due(world.deps)
    assert world.count("message") == PATIENTS, "the two reminders of a day are one message"
    world.check()


def test_a_lease_that_ended_frees_and_one_that_has_not_holds(world: World) -> None:
    token, taken = due(world, 1).claim()
    world.later(timedelta(seconds=59))
    world.resolve()
    assert world.claim()[1] == []
    world.later(timedelta(seconds=2))
    world.resolve()
    assert world.claim()[1] == taken
    assert begin_attempts(world.deps, Channel.SMS, taken, token) == []


def test_what_is_given_back_can_be_taken_at_once(world: World) -> None:
    token, taken = due(world, 2).claim()
    with world.store.transaction() as tx:
        messages.release(tx, token)
    assert world.claim()[1] == taken


def test_the_newest_need_is_taken_first(world: World) -> None:
    world.sync(*some_entries(1))
    world.at(CONFIRM_AT)
    dispatch_due(world.deps)
    world.later(MINUTE)
    world.sync(*some_entries(2))
    dispatch_due(world.deps)
    made = [row.id for row in world.messages()]
    assert [item.id for item in world.claim(limit=1)[1]] == made[1:]
    assert [item.id for item in world.claim(limit=1)[1]] == made[:1]


def test_what_is_held_is_taken_when_its_time_has_come(world: World) -> None:
    _, taken = due(world, 1).claim()
    later = world.clock.now() + timedelta(hours=1)
    held = messages.Move(taken[0].id, MessageState.HELD, due_at=later)
    with world.store.transaction() as tx:
        messages.move(tx, [held], [MessageState.CLAIMED], now=world.clock.now())
    assert world.claim()[1] == []
    world.at(later)
    assert [item.id for item in world.claim()[1]] == [taken[0].id]


def test_a_change_of_state_starts_only_where_it_may(world: World) -> None:
    _, taken = due(world, 1).claim()
    with world.store.transaction() as tx:
        late = messages.Move(taken[0].id, MessageState.ACCEPTED)
        messages.move(tx, [late], attempts.OPEN_MESSAGE, now=world.clock.now())
    assert world.states() == [("claimed", None)]


def test_channels_do_not_take_each_others_messages(world: World) -> None:
    due(world, 1)
    assert world.claim(Channel.EMAIL)[1] == []
    assert len(world.claim(Channel.SMS)[1]) == 1
