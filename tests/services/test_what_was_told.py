"""Who heard of a session hears when it is off or moved, in whatever text its time stood."""

from __future__ import annotations

from datetime import datetime

import pytest

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import World, only

TUESDAY, THURSDAY, FRIDAY = (local(f"2027-03-{day} 13:00") for day in (16, 18, 19))


def second(starts_at: datetime, status: AppointmentStatus = AppointmentStatus.BOOKED) -> ScheduleEntry:
    return an_entry("A2", booking=a_booking(starts_at, status=status))


@pytest.fixture
def asked(store: Store) -> World:
    """The final reminder of Tuesday's session has just asked about Thursday's, of which nothing was said before."""
    world = World(store, only("remind_confirm", "remind_final", "moved", "cancelled"))
    world.sync(an_entry(booking=a_booking(TUESDAY)), second(THURSDAY))
    world.at(local("2027-03-13 10:00"))
    world.pump()
    world.at(local("2027-03-15 10:00"))
    world.pump()
    assert "Thu Mar 18, 1:00 PM: Reply C" in world.bodies[1]
    return world


def test_who_was_asked_about_a_session_beside_another_hears_that_it_is_off(asked: World) -> None:
    off = second(THURSDAY, AppointmentStatus.CANCELLED)
    asked.sync(an_entry(booking=a_booking(TUESDAY)), off, options=SyncOptions(is_approved=True))
    assert asked.pump() == 1
    assert "Thu Mar 18, 1:00 PM is cancelled" in asked.bodies[2]
    asked.check()


def test_who_was_asked_about_a_session_beside_another_hears_that_it_moved(asked: World) -> None:
    asked.sync(an_entry(booking=a_booking(TUESDAY)), second(FRIDAY))
    assert asked.pump() == 1
    assert "moved to Fri Mar 19, 1:00 PM" in asked.bodies[2]
    asked.check()


def test_who_takes_over_a_session_does_not_hear_of_a_move_from_a_time_that_another_was_told(store: Store) -> None:
    world = World(store, only("remind_confirm", "booked", "moved", "cancelled"))
    world.sync(an_entry(booking=a_booking(TUESDAY)))
    world.at(local("2027-03-13 10:00"))
    world.pump()
    other = a_record("P2", phone="+12025550177", email="p2@example.org")
    world.sync(an_entry(patient=other, booking=a_booking(local("2027-03-26 13:00"))))
    assert world.pump() == 1
    assert world.sms.sent[1].text.to == "+12025550177"
    assert "booked for Fri Mar 26" in world.bodies[1]
    world.check()
