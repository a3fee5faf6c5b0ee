"""One bad row must not stop the rest: here rows are bad because a sealed field was damaged in the database."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Table, update

from reminders.core.delivery import MOST_CRASHES, MessageState
from reminders.core.errors import NotReadyError
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.tasks import TaskKind
from reminders.ports import InboundText
from reminders.services.apart import together_or_apart
from reminders.services.dispatch_due import dispatch_due
from reminders.services.receive_replies import receive_replies, store_text
from reminders.store.conversation_rows import inbound
from reminders.store.rows import message, patient
from reminders.store.unit_of_work import Store
from tests.world import CONFIRM_AT, World, only, some_entries

pytestmark = pytest.mark.both_databases


def damage(world: World, table: Table, column: str, row: UUID) -> None:
    with world.store.transaction() as tx:
        tx.connection.execute(update(table).where(table.c.id == row).values({column: b"damaged" * 9}))


@pytest.fixture
def confirming(store: Store) -> World:
    """Three patients who are all asked to confirm at one time."""
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(3))
    world.at(CONFIRM_AT)
    return world


def key_id(world: World) -> bytes:
    return world.store.vault.seal("any.field", UUID(int=1), "x")[:4]


def spoil(world: World, table: Table, column: str, row: UUID) -> None:
    """Damage a field so that its key is still known: the value alone is wrong."""
    with world.store.transaction() as tx:
        tx.connection.execute(update(table).where(table.c.id == row).values({column: key_id(world) + b"spoiled" * 9}))


def test_a_patient_whose_record_is_spoiled_stops_nobody_elses_reminder(confirming: World) -> None:
    bad = confirming.all(patient.select().order_by(patient.c.external_id))[0].id
    spoil(confirming, patient, "name", bad)
    assert confirming.pump() == 2
    assert len(confirming.bodies) == 2
    assert dispatch_due(confirming.deps) == 0, "what was put off is not tried in a circle"


def test_a_spoiled_message_is_tried_thrice_and_then_given_to_staff_while_others_leave(confirming: World) -> None:
    dispatch_due(confirming.deps)
    bad = confirming.messages()[0].id
    spoil(confirming, message, "body", bad)
    assert confirming.pump() == 2
    for _ in range(MOST_CRASHES):
        confirming.later(timedelta(minutes=6))
        confirming.pump()
    states = {row.id: (row.state, row.reason) for row in confirming.all(message.select())}
    assert states.pop(bad) == (MessageState.NEEDS_STAFF, Reason.KEEPS_CRASHING)
    assert {state for state, _ in states.values()} == {MessageState.ACCEPTED}
    assert TaskKind.NOT_SENT_IN_TIME in confirming.tasks()


def test_a_reply_that_cannot_be_read_keeps_no_stop_behind_it_waiting(confirming: World) -> None:
    confirming.pump()
    first = stored_text(confirming, "hello", "SM" + "1" * 32)
    spoil(confirming, inbound, "body", first)
    stored_text(confirming, "STOP", "SM" + "2" * 32)
    assert receive_replies(confirming.deps) == 1
    assert TaskKind.REPLY_UNCLEAR in confirming.tasks()
    read = confirming.all(inbound.select().where(inbound.c.handled_at.is_not(None)).order_by(inbound.c.received_at))
    assert [row.intent for row in read] == ["unclear", "opt_out"], "a spoiled text is closed: a person has it"
    assert receive_replies(confirming.deps) == 0
    assert confirming.tasks().count(TaskKind.REPLY_UNCLEAR) == 1


def stored_text(world: World, body: str, provider_id: str) -> UUID:
    store_text(world.deps, InboundText(provider_id, "+12025550001", "+12025550100", body, 0))
    found: UUID = world.all(inbound.select().where(inbound.c.provider_id == provider_id))[0].id
    return found


def test_a_secret_that_is_not_the_right_one_stops_everything_and_blames_nobody(confirming: World) -> None:
    bad = confirming.all(patient.select())[0].id
    damage(confirming, patient, "name", bad)
    with pytest.raises(NotReadyError):
        confirming.pump(Channel.SMS)
    assert not confirming.messages()


def test_what_fails_together_is_done_apart_and_only_the_culprit_is_blamed() -> None:
    blamed: list[int] = []

    def act(items: object) -> list[int]:
        assert isinstance(items, list)
        if 2 in items:
            raise ValueError
        return items

    assert together_or_apart([1, 2, 3], act, blamed.append) == [[1], [3]]
    assert blamed == [2]
    assert together_or_apart([4, 5], act, blamed.append) == [[4, 5]]
