from __future__ import annotations

from datetime import timedelta

from tests.builders import NOON, a_booking, an_entry, local
from tests.world import World

IN_TWO_WEEKS = NOON + timedelta(days=14)


def test_a_due_reminder_becomes_a_message_and_leaves(world: World) -> None:
    world.sync(an_entry(booking=a_booking(IN_TWO_WEEKS)))
    world.pump()
    assert world.bodies == []
    world.at(local("2027-03-13 10:00"))
    assert world.pump() == 1
    assert world.states() == [("accepted", None)]
    assert world.reminders()["A1", 1, "remind_confirm"] == ("dispatched", None)
    world.check()
