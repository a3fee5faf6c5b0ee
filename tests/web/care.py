"""A patient in the middle of a series, with scores, a silence and a session to come, for the tests of their page."""

from __future__ import annotations

from datetime import timedelta

from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import ReceiptStatus
from reminders.core.patients import Channel
from reminders.services.sync_schedule import SyncOptions
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import World

FIRST = local("2027-03-08 09:00")
WEEK = timedelta(days=7)
DANA = a_record("P1", name="Dana Rivers")
ASKED_AFTER = timedelta(hours=25, minutes=40)
"""The session's length, the time on site after it, and a day: then the check-in of the next day is due."""


def in_series(world: World, *scores: int | None) -> None:
    """Let a session of a series pass for each score, None for a silence, and one more be booked a week later."""
    for number, score in enumerate(scores, 1):
        _schedule(world, done=number, of=len(scores) + 1)
        world.at(FIRST + (number - 1) * WEEK + ASKED_AFTER)
        world.pump(Channel.SMS)
        world.pump(Channel.EMAIL)
        for sent in list(world.sms.sent):
            world.receipt(sent.text.tag, ReceiptStatus.DELIVERED)
        if score is not None:
            world.later(timedelta(minutes=20))
            world.text(str(score))
            world.pump(Channel.SMS)


def _schedule(world: World, *, done: int, of: int) -> None:
    entries = [
        an_entry(
            f"A{number}",
            patient=DANA,
            booking=a_booking(
                FIRST + (number - 1) * WEEK,
                status=AppointmentStatus.FULFILLED if number <= done else AppointmentStatus.BOOKED,
                series_id="S1",
                series_number=number,
            ),
            line=number + 1,
        )
        for number in range(1, of + 1)
    ]
    world.at(max(world.clock.now(), FIRST + (done - 1) * WEEK + timedelta(hours=3)))
    world.sync(*entries, options=SyncOptions(is_approved=True))
