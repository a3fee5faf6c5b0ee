"""While clocks disagree nothing is proven by how long ago something was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.core.delivery import Unknown
from reminders.store.unit_of_work import Store
from tests.builders import an_entry
from tests.world import CONFIRM_AT, World, only

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)


@pytest.fixture
def world(store: Store) -> World:
    """Return a clinic one of whose texts may have left: the provider has it, and does not show it yet."""
    world = World(store, only("remind_confirm"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.sms.answer_next(Unknown("no answer"), has_arrived=True)
    world.pump()
    return world


def look_for_three_minutes(world: World) -> None:
    """Look as often as the service does, at a list that lags behind by less than the grace."""
    shown, world.sms.sent = world.sms.sent, []
    for _ in range(5):
        world.later(timedelta(seconds=40))
        world.hear_receipts()
        world.resolve()
    world.sms.sent = shown


def test_a_database_clock_that_jumps_ahead_proves_no_text_absent(world: World) -> None:
    world.clock.skew = HOUR
    look_for_three_minutes(world)
    world.clock.skew = timedelta(0)
    assert world.states() == [("unknown", None)]
    world.resolve_for(HOUR)
    assert world.pump() == 0
    assert len(world.sms.sent) == 1
    assert world.states() == [("accepted", None)]
    world.check()


def test_a_clock_that_the_provider_contradicts_proves_no_text_absent(world: World) -> None:
    """Machine and database jumped together; only what the provider answers shows that no hour has passed."""
    world.later(HOUR)
    world.sms.ahead = -HOUR
    look_for_three_minutes(world)
    world.sms.ahead = timedelta(0)
    assert world.states() == [("unknown", None)]
    world.resolve_for(HOUR)
    assert world.pump() == 0
    assert len(world.sms.sent) == 1
    assert world.states() == [("accepted", None)]
    world.check()
