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
