"""Fetching beside the sending: its end is awaited, what it failed of is told, what nobody took is given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from reminders.core.errors import NotReadyError
from reminders.core.patients import Channel
from reminders.services.fetch_ahead import Fetching
from reminders.services.send_ad_hoc import AdHocRequest, send_ad_hoc
from reminders.services.send_messages import pump
from reminders.store.unit_of_work import Store
from tests.builders import an_entry
from tests.world import CONFIRM_AT, World, only, some_entries


@pytest.fixture
def aside(postgres_store: Store) -> World:
    """A clinic whose messages are made beside the sending of others, ten of them due."""
    world = World(postgres_store, only("remind_confirm"))
    world.change(policy=replace(world.deps.policy, works_aside=True))
    world.sync(*some_entries(10))
    world.at(CONFIRM_AT)
    return world


def test_what_is_made_beside_the_sending_leaves_in_the_same_run(aside: World) -> None:
    assert pump(aside.deps, Channel.SMS, lasts=timedelta(seconds=20), wake=lambda _: False) == 10
    aside.check()


def test_a_round_that_fails_after_nobody_asks_any_more_is_told(aside: World) -> None:
    with aside.store.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE reminder RENAME COLUMN due_at TO due_at_gone"))
    try:
        with pytest.raises(Exception, match="due_at"), Fetching(aside.deps, Channel.SMS) as fetching:
            fetching.begin()
    finally:
        with aside.store.transaction() as tx:
            tx.connection.execute(text("ALTER TABLE reminder RENAME COLUMN due_at_gone TO due_at"))


def test_what_breaks_the_sending_is_told_before_what_the_round_failed_of(aside: World) -> None:
    def send() -> None:
        with Fetching(aside.deps, Channel.SMS) as fetching:
            fetching.begin()
            raise NotReadyError("elsewhere")

    with pytest.raises(NotReadyError, match="elsewhere"):
        send()


def test_what_was_claimed_and_not_taken_is_given_back_at_the_end(aside: World) -> None:
    with Fetching(aside.deps, Channel.SMS) as fetching:
        fetching.begin()
    assert {state for state, _ in aside.states()} == {"due"}
    assert len(aside.states()) == 10
    assert aside.pump() == 10


def test_what_was_claimed_before_the_making_failed_is_given_back(aside: World) -> None:
    send_ad_hoc(aside.deps, AdHocRequest("Bring your card.", "desk", "k1", patient_external_id="P1"))
    with aside.store.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE reminder RENAME COLUMN due_at TO due_at_gone"))
    try:
        with pytest.raises(Exception, match="due_at"), Fetching(aside.deps, Channel.SMS) as fetching:
            fetching.begin()
        assert aside.states() == [("due", None)]
    finally:
        with aside.store.transaction() as tx:
            tx.connection.execute(text("ALTER TABLE reminder RENAME COLUMN due_at_gone TO due_at"))


@pytest.mark.both_databases
def test_an_intent_is_written_ahead_and_judged_as_of_the_instant_at_which_its_call_begins(store: Store) -> None:
    """The window opens at the very time at which it is due: a moment before that nothing may leave, nor does it."""
    opens = {"saturday": "10:00-20:00"}
    world = World(store, only("remind_confirm", window=opens))
    world.change(policy=replace(world.deps.policy, gate_ahead=timedelta(milliseconds=200)))
    world.sync(an_entry())
    world.at(CONFIRM_AT - timedelta(milliseconds=150))
    begun_at = world.deps.clock.now()
    assert world.pump() == 1
    (call,), (attempt,), (message,) = world.sms.calls, world.attempts(), world.messages()
    assert begun_at < CONFIRM_AT, "the clock of this test stands still unless somebody waits"
    assert call.start_at == pytest.approx(world.deps.clock.monotonic() + 0.1, abs=0.06)
    assert world.sms.sent[0].at >= CONFIRM_AT
    assert (attempt.begun_at, message.left_at) == (CONFIRM_AT, CONFIRM_AT)
    world.check()


@pytest.mark.both_databases
def test_what_comes_while_something_waits_for_its_time_leaves_before_it(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT - timedelta(seconds=1.2))

    def wake(_seconds: float) -> bool:
        if world.states() == [("claimed", None)]:
            send_ad_hoc(world.deps, AdHocRequest("Bring your card.", "desk", "k1", patient_external_id="P1"))
        return False

    assert world.pump(wake=wake) == 2
    assert [("Bring your card." in sent.text.body) for sent in world.sms.sent] == [True, False]
    assert world.sms.sent[0].at < CONFIRM_AT - timedelta(seconds=0.5)
    assert world.sms.sent[1].at >= CONFIRM_AT
    world.check()
