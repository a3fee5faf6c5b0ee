from __future__ import annotations

import pytest
from sqlalchemy import Table, delete, update

from reminders.core.delivery import LEFT, AttemptState, MessageState
from reminders.core.reminders import ReminderState
from reminders.store import ledger, rows
from reminders.store.unit_of_work import Store
from tests.builders import an_entry
from tests.world import CONFIRM_AT, World, only


@pytest.fixture
def world(store: Store) -> World:
    """A world in which one text left and another one waits."""
    world = World(store, only("remind_confirm", "remind_final"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.pump()
    return world


def contradictions(world: World) -> set[str]:
    with world.store.reading() as tx:
        found = ledger.read(tx)
    assert found.is_balanced is not any(found.contradictions.values())
    return {name for name, count in found.contradictions.items() if count}


def test_every_state_is_counted(world: World) -> None:
    found = world.check()
    assert set(found.reminders) == {state.value for state in ReminderState}
    assert set(found.messages) == {state.value for state in MessageState}
    assert set(found.attempts) == {state.value for state in AttemptState}
    assert found.reminders["dispatched"] == found.reminders["planned"] == 1
    assert found.messages["accepted"] == found.attempts["accepted"] == 1


@pytest.mark.parametrize(
    ("table", "values", "name"),
    [
        (rows.reminder, {"state": "dispatched", "message_id": None}, "reminders_dispatched_without_message"),
        (rows.reminder, {"state": "merged", "message_id": None}, "reminders_dispatched_without_message"),
        (rows.reminder, {"state": "cancelled", "reason": None}, "reminders_ended_without_reason"),
        (rows.reminder, {"state": "expired", "reason": None}, "reminders_ended_without_reason"),
        (rows.reminder, {"state": "planned"}, "messages_without_their_reminder"),
        (rows.message, {"state": "suppressed", "reason": None}, "messages_ended_without_reason"),
        (rows.message, {"state": "rejected", "reason": None}, "messages_ended_without_reason"),
        (rows.attempt, {"state": "absent"}, "messages_left_without_acceptance"),
        (rows.message, {"state": "expired", "reason": "too_late"}, "messages_expired_without_task"),
        (rows.message, {"state": "needs_staff", "reason": "unknown_outcome"}, "messages_expired_without_task"),
    ],
)
def test_a_broken_promise_is_found(world: World, table: Table, values: dict[str, str | None], name: str) -> None:
    assert contradictions(world) == set()
    with world.store.transaction() as tx:
        tx.connection.execute(update(table).values(values))
    assert name in contradictions(world)


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_a_message_under_way_without_an_attempt_is_found(world: World, state: str) -> None:
    with world.store.transaction() as tx:
        tx.connection.execute(delete(rows.attempt))
        tx.connection.execute(update(rows.message).values(state=state))
    assert contradictions(world) == {"messages_in_flight_without_attempt"}


@pytest.mark.parametrize("state", sorted(LEFT))
def test_a_message_that_left_without_anybody_accepting_it_is_found(world: World, state: str) -> None:
    with world.store.transaction() as tx:
        tx.connection.execute(delete(rows.attempt))
        tx.connection.execute(update(rows.message).values(state=state))
    assert contradictions(world) == {"messages_left_without_acceptance"}


def test_every_contradiction_is_tried_here() -> None:
    named = {
        "reminders_dispatched_without_message",
        "reminders_ended_without_reason",
        "messages_without_their_reminder",
        "messages_ended_without_reason",
        "messages_left_without_acceptance",
        "messages_in_flight_without_attempt",
        "messages_expired_without_task",
    }
    assert named == set(ledger.CONTRADICTIONS)
