from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Executable, Table, delete, update

from reminders.core.check_ins import Concern
from reminders.core.delivery import IN_FLIGHT, LEFT, AttemptState, MessageState
from reminders.core.reminders import ReminderState
from reminders.services.escalate import Alarm, raise_alarm
from reminders.store import clinics, conversation_rows, ledger, rows
from reminders.store.unit_of_work import Store, Transaction
from tests.builders import an_entry
from tests.world import CONFIRM_AT, World, only


@pytest.fixture
def world(store: Store) -> World:
    """A world in which one text left, another one waits, and an alarm is open."""
    world = World(store, only("remind_confirm", "remind_final"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.pump()
    with store.transaction() as tx:
        alarm = Alarm(next(iter(clinics.every(tx))), Concern.RED_FLAG)
        raise_alarm(tx, world.deps, alarm, is_patient_told=True, now=CONFIRM_AT)
    return world


def contradictions(world: World, *spoil: Executable) -> set[str]:
    """Return what the ledger finds after these changes, which are not kept."""
    with world.store.engine.connect() as connection:
        tx = Transaction(connection, world.store.vault)
        for statement in spoil:
            connection.execute(statement)
        found = ledger.read(tx)
        connection.rollback()
    assert found.is_balanced is not any(found.contradictions.values())
    return {name for name, count in found.contradictions.items() if count}


def test_every_state_is_counted(world: World) -> None:
    found = world.check()
    assert set(found.reminders) == {state.value for state in ReminderState}
    assert set(found.messages) == {state.value for state in MessageState}
    assert set(found.attempts) == {state.value for state in AttemptState}
    assert found.reminders["dispatched"] == found.reminders["planned"] == 1
    assert found.messages["accepted"] == found.attempts["accepted"] == 1


BROKEN: Sequence[tuple[str, Table, dict[str, str | None]]] = (
    ("reminders_dispatched_without_message", rows.reminder, {"state": "dispatched", "message_id": None}),
    ("reminders_dispatched_without_message", rows.reminder, {"state": "merged", "message_id": None}),
    ("reminders_ended_without_reason", rows.reminder, {"state": "cancelled", "reason": None}),
    ("reminders_ended_without_reason", rows.reminder, {"state": "suppressed", "reason": None}),
    ("reminders_ended_without_reason", rows.reminder, {"state": "expired", "reason": None}),
    ("messages_without_their_reminder", rows.reminder, {"state": "planned"}),
    ("messages_ended_without_reason", rows.message, {"state": "suppressed", "reason": None}),
    ("messages_ended_without_reason", rows.message, {"state": "rejected", "reason": None}),
    ("messages_left_without_acceptance", rows.attempt, {"state": "absent"}),
    ("messages_expired_without_task", rows.message, {"state": "expired", "reason": "too_late"}),
    ("messages_expired_without_task", rows.message, {"state": "needs_staff", "reason": "unknown_outcome"}),
    ("escalations_without_task", rows.task, {"key": "another"}),
    ("escalations_that_stopped", conversation_rows.escalation, {"next_at": None}),
)


def test_a_broken_promise_is_found(world: World) -> None:
    assert contradictions(world) == set()
    for name, table, values in BROKEN:
        assert name in contradictions(world, update(table).values(values))


def test_a_message_without_an_attempt_is_found(world: World) -> None:
    lost = delete(rows.attempt)
    for state in IN_FLIGHT:
        found = contradictions(world, lost, update(rows.message).values(state=state))
        assert found == {"messages_in_flight_without_attempt"}
    for state in LEFT:
        found = contradictions(world, lost, update(rows.message).values(state=state))
        assert found == {"messages_left_without_acceptance"}


def test_every_contradiction_is_tried_here() -> None:
    assert {name for name, _, _ in BROKEN} | {"messages_in_flight_without_attempt"} == set(ledger.CONTRADICTIONS)
