"""Groups judged before there is room for them: never more in doubt than a kill may leave, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import sleep

import pytest
from sqlalchemy import text
from typing_extensions import override

from reminders.adapters.memory import MemoryPacer
from reminders.core.consent import Source
from reminders.core.pacing import Grant, Pace
from reminders.core.patients import Channel
from reminders.services import call_provider
from reminders.services.begin_attempts import NoRoomError, begin_attempts
from reminders.services.dispatch_due import dispatch_due
from reminders.services.opt_out import Said, opt_out_address
from reminders.store.unit_of_work import Store
from tests.services.deaths import Interrupted
from tests.world import CONFIRM_AT, World, only, some_entries

IN_FLIGHT, ON_DECK = 4, 1
TEXTS = 24


@pytest.fixture
def aside(postgres_store: Store) -> World:
    """A clinic whose outcomes are recorded beside the sending, with many texts due and few slots."""
    world = World(postgres_store, only("remind_confirm"))
    few = replace(world.deps.policy, in_flight=IN_FLIGHT, on_deck=ON_DECK, least_group=3, works_aside=True)
    world.change(policy=few)
    world.sync(*some_entries(TEXTS))
    world.at(CONFIRM_AT)
    return world


def in_doubt(world: World) -> int:
    return sum(row.state == "sending" for row in world.attempts())


def watched(world: World, seen: list[int], seconds: float) -> Callable[[], None]:
    def look() -> None:
        seen.append(in_doubt(world))
        sleep(seconds)

    return look


@pytest.mark.parametrize("seconds", [0.01, 1.2 * call_provider.ROOM_WITHIN])
def test_no_more_are_in_doubt_than_a_kill_may_leave(aside: World, seconds: float) -> None:
    """Also where calls take longer than a group may wait with its rows locked: then it is judged anew."""
    seen: list[int] = []
    aside.change(sms=Interrupted(aside.sms, before=watched(aside, seen, seconds)))
    assert aside.pump() == TEXTS
    assert max(seen) <= IN_FLIGHT + ON_DECK
    assert aside.states() == [("accepted", None)] * TEXTS
    aside.check()


def test_a_row_that_nobody_can_read_lets_no_more_be_in_doubt(aside: World) -> None:
    """A group with such a row is taken apart, each for itself: each counts before the next one asks for room."""
    seen: list[int] = []
    aside.change(sms=Interrupted(aside.sms, before=watched(aside, seen, 0.05)))
    dispatch_due(aside.deps)
    spoil(aside, count=3)
    assert aside.pump() == TEXTS - 3
    assert max(seen) <= IN_FLIGHT + ON_DECK


SPOIL = """
UPDATE message SET body = overlay(body PLACING '\\x00' FROM octet_length(body))
WHERE id IN (SELECT id FROM message ORDER BY due_at, id LIMIT :count)
"""


def spoil(world: World, *, count: int) -> None:
    """Let the vault refuse some bodies: their last byte is another."""
    with world.store.transaction() as tx:
        tx.connection.execute(text(SPOIL), {"count": count})


def test_a_group_that_found_no_room_pays_the_senders_pace_once(aside: World) -> None:
    asked: list[int] = []

    class Counting(MemoryPacer):
        @override
        def take(self, pool: str, sizes: Sequence[int], pace: Pace) -> Grant | None:
            found = super().take(pool, sizes, pace)
            asked.append(found.count if found is not None else 0)
            return found

    aside.change(
        pacer=Counting(aside.clock),
        sms=Interrupted(aside.sms, before=watched(aside, [], 1.2 * call_provider.ROOM_WITHIN)),
    )
    assert aside.pump() == TEXTS
    assert sum(asked) == TEXTS


@pytest.mark.both_databases
def test_a_group_without_room_changes_nothing(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(2))
    world.at(CONFIRM_AT)
    token, taken = world.claim()
    with store.transaction() as tx:
        opt_out_address(tx, world.deps, "+12025550001", Said(Source.KEYWORD, "text"), now=world.clock.now())
    before = world.messages()
    with pytest.raises(NoRoomError):
        begin_attempts(world.deps, Channel.SMS, taken, token, has_room=lambda count: count > 1)
    assert (world.messages(), world.attempts()) == (before, [])
    assert len(begin_attempts(world.deps, Channel.SMS, taken, token, has_room=lambda count: count == 1)) == 1
