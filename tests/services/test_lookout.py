"""Looks that leave out the past: what comes back from it is found all the same, some seconds later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.core.lookout import WHOLE_EVERY
from reminders.core.patients import Channel
from reminders.services.claim_due import claim_due
from reminders.services.dispatch_due import dispatch_due
from reminders.services.next_due import first_due, next_due
from reminders.services.resolve_unknowns import resolve_unknowns
from reminders.store import messages
from reminders.store.messages import Claimed
from reminders.store.unit_of_work import Store
from tests.builders import an_entry
from tests.services.test_statements import counting
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

pytestmark = pytest.mark.both_databases


def given_back_late(store: Store) -> tuple[World, list[Claimed]]:
    """Let a claim look, find nothing old, and somebody else give back at once what fell due long before."""
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    token, taken = world.claim()
    world.later(MINUTE)
    assert claim_due(world.deps, Channel.SMS).due == []
    with store.transaction() as tx:
        messages.release(tx, token)
    return world, taken


def test_what_another_process_gave_back_late_is_found_within_seconds(store: Store) -> None:
    world, taken = given_back_late(store)
    assert claim_due(world.deps, Channel.SMS).due == [], "the past was looked at a moment ago"
    world.later(timedelta(seconds=WHOLE_EVERY))
    assert claim_due(world.deps, Channel.SMS).due == taken


def test_what_the_waiting_thread_sees_is_taken_although_a_claim_looked_a_moment_ago(store: Store) -> None:
    world, taken = given_back_late(store)
    world.later(timedelta(seconds=WHOLE_EVERY / 2))
    assert first_due(world.deps, Channel.SMS) == taken[0].due_at
    assert claim_due(world.deps, Channel.SMS).due == taken


def test_what_a_lease_gave_back_is_found_at_once(store: Store) -> None:
    """A worker that was killed must not cost the seconds of the next whole look as well."""
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    _, taken = world.claim()
    world.later(world.deps.policy.lease + MINUTE)
    assert claim_due(world.deps, Channel.SMS).due == []
    resolve_unknowns(world.deps)
    assert claim_due(world.deps, Channel.SMS).due == taken


def test_what_is_made_late_leaves_at_once(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(2))
    world.at(CONFIRM_AT - MINUTE)
    assert world.pump() == 0
    world.at(CONFIRM_AT + MINUTE)
    assert world.pump() == 2


def test_a_backlog_does_not_hide_when_the_next_falls_due(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    token, _ = world.claim()
    with store.transaction() as tx:
        messages.release(tx, token)
    world.later(MINUTE)
    assert next_due(world.deps) is None
    with store.reading() as tx:
        assert messages.next_due(tx, Channel.SMS) == CONFIRM_AT
        assert messages.next_due(tx, Channel.SMS, since=world.clock.now()) is None


def test_what_waits_is_seen_by_one_look_whatever_it_is(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    assert first_due(world.deps, Channel.SMS) is None
    world.sync(an_entry())
    assert {first_due(world.deps, channel) for channel in Channel} == {CONFIRM_AT}, "whoever looks makes the message"
    world.at(CONFIRM_AT + MINUTE)
    with counting(store) as seen:
        assert first_due(world.deps, Channel.SMS) == CONFIRM_AT, "what is overdue counts"
    assert len([one for one in seen if one.startswith("SELECT")]) == 1
    dispatch_due(world.deps)
    assert first_due(world.deps, Channel.SMS) == CONFIRM_AT
    assert first_due(world.deps, Channel.EMAIL) is None, "its message goes by text"


def test_a_look_for_the_first_leaves_out_the_past_that_was_empty_a_moment_ago(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    token, _ = world.claim()
    world.later(MINUTE)
    assert first_due(world.deps, Channel.SMS) is None
    with store.transaction() as tx:
        messages.release(tx, token)
    assert first_due(world.deps, Channel.SMS) is None, "the past was looked at a moment ago"
    world.later(timedelta(seconds=WHOLE_EVERY))
    assert first_due(world.deps, Channel.SMS) == CONFIRM_AT
