"""Requirement 45: an alarm that was resolved and is opened again calls people again, from the first on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.tasks import Outcome
from reminders.core.timeline.events import EventKind
from reminders.services.explain import Query, explain
from reminders.services.read_worklist import read_worklist
from reminders.services.work_tasks import Resolution, reopen_task, resolve_task, take_task
from reminders.store import rows
from reminders.store.conversation_rows import escalation
from reminders.store.unit_of_work import Store
from tests.services.alarm_cases import (
    CALLED,
    FIRST,
    MINUTE,
    RED_FLAG,
    SECOND,
    alarmed,
    begun,
    called,
    code,
    hears,
    later,
    send,
)
from tests.world import World

REACHED = Resolution(Outcome.REACHED)


@pytest.fixture
def world(store: Store) -> World:
    return begun(store, CALLED)


def names(world: World) -> list[str]:
    return [line.short_id for line in read_worklist(world.deps).lines]


@pytest.mark.both_databases
def test_it_climbs_anew_with_another_code_at_the_first_pace(world: World) -> None:
    alarmed(world)
    send(world)
    first = code(world)
    [name] = names(world)
    resolve_task(world.deps, name, REACHED, by="Mara")
    world.later(timedelta(hours=3))
    again = reopen_task(world.deps, name, by="Kim", note="she called back").task
    assert (again.acknowledged_at, again.acknowledged_by) == (None, None)
    send(world)
    assert called(world) == [FIRST, FIRST]
    later(world, 5 * MINUTE)
    assert called(world) == [FIRST, FIRST, SECOND]
    open_now = [row.code for row in world.all(select(escalation)) if row.acknowledged_at is None]
    assert len(open_now) == 1
    assert open_now != [first]
    world.check()


@pytest.mark.both_databases
@pytest.mark.parametrize("way", ["reply", "worklist", "resolved"])
def test_it_is_taken_over_and_opened_as_often_as_need_be(world: World, way: str) -> None:
    alarmed(world)
    [name] = names(world)
    for _ in range(3):
        send(world)
        (held,) = (row for row in world.all(select(escalation)) if row.acknowledged_at is None)
        if way == "reply":
            assert hears(world, held.code) == f"staff took over {held.code}"
        elif way == "worklist":
            take_task(world.deps, name, by="Noor")
        resolve_task(world.deps, name, REACHED, by="Noor")
        assert all(row.acknowledged_at for row in world.all(select(escalation)))
        world.later(timedelta(hours=2))
        reopen_task(world.deps, name, by="Kim")
    assert world.count("escalation") == 4
    assert world.count("task") == 1
    taken = [item for item in explain(world.deps, Query("P1")).events if item.kind is EventKind.ALARM and item.state]
    assert [item.state for item in taken] == ["taken over"] * 3 + ["open"]
    world.check()


@pytest.mark.both_databases
def test_a_task_that_had_joined_a_climb_gets_one_of_its_own(world: World) -> None:
    world.text(RED_FLAG)
    world.text("i want to kill myself")
    assert (world.count("escalation"), len(names(world))) == (1, 2)
    both = names(world)
    for name in both:
        resolve_task(world.deps, name, REACHED, by="Mara")
    send(world)
    for name in both:
        reopen_task(world.deps, name, by="Kim")
    assert world.count("escalation") == 2, "two tasks about one patient within the hour are one climb, as at first"
    send(world)
    assert called(world)[-1] == FIRST
    take_task(world.deps, both[1], by="Noor")
    assert all(row.acknowledged_at for row in world.all(select(escalation)))
    assert {row.acknowledged_by for row in world.all(select(rows.task))} == {"Noor"}
    world.check()


@pytest.mark.both_databases
def test_one_whose_climb_goes_on_begins_no_other(world: World) -> None:
    key = alarmed(world)
    with world.store.transaction() as tx:  # as somebody's own tools might, past the worklist
        tx.connection.execute(rows.task.update().where(rows.task.c.key == key).values(resolved_at=world.clock.now()))
    [task_id] = [row.id for row in world.all(select(rows.task))]
    reopen_task(world.deps, task_id.hex[-6:], by="Kim")
    assert world.count("escalation") == 1
