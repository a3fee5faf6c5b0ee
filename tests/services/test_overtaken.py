"""A check-in is between two sessions: delayed until the next one has begun, it is not sent, and nobody has to act."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.delivery import Absent
from reminders.services.dispatch_due import dispatch_due
from reminders.services.expire_overdue import expire_overdue
from reminders.services.sync_schedule import SyncOptions
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, an_entry, local
from tests.world import World, only

LAST = local("2027-03-08 10:00")
DUE = local("2027-03-11 12:00")
NEXT = local("2027-03-11 13:00")
AFTERWARDS = local("2027-03-11 15:00")
TOO_LATE = local("2027-03-13 09:00")


def session(
    name: str, start: datetime, status: AppointmentStatus = AppointmentStatus.BOOKED, *, line: int = 2
) -> ScheduleEntry:
    return an_entry(name, booking=a_booking(start, status=status), line=line)


@pytest.fixture
def world(store: Store) -> World:
    world = World(store, only("checkin_72h"), now=local("2027-03-08 18:00"))
    world.sync(session("A1", LAST, AppointmentStatus.FULFILLED), session("A2", NEXT, line=3))
    assert world.reminders() == {("A1", 1, "checkin_72h"): ("planned", None)}
    return world


def test_a_check_in_does_not_leave_once_the_next_session_has_begun(world: World) -> None:
    world.at(AFTERWARDS)
    world.pump()
    assert world.bodies == []
    assert world.states() == [("suppressed", "overtaken")]
    assert world.tasks() == []
    world.check()


def test_a_check_in_that_an_outage_held_back_ends_at_its_next_try(world: World) -> None:
    world.at(DUE)
    world.sms.answer_next(Absent("busy", retry_after=timedelta(hours=2)))
    world.pump()
    assert [state for state, _ in world.states()] == ["due"]
    world.at(AFTERWARDS)
    world.pump()
    assert (world.bodies, world.states(), world.tasks()) == ([], [("suppressed", "overtaken")], [])
    world.check()


def test_a_check_in_leaves_before_the_next_session(world: World) -> None:
    world.at(DUE)
    world.pump()
    assert len(world.bodies) == 1


def test_a_session_that_is_off_overtakes_nothing(world: World) -> None:
    missed = session("A2", NEXT, AppointmentStatus.NOSHOW, line=3)
    world.sync(session("A1", LAST, AppointmentStatus.FULFILLED), missed, options=SyncOptions(is_approved=True))
    world.at(AFTERWARDS)
    world.pump()
    assert len(world.bodies) == 1


def test_a_planned_check_in_that_expires_after_the_next_session_began_is_nobodys_task(world: World) -> None:
    world.at(TOO_LATE)
    expire_overdue(world.deps)
    assert world.reminders()["A1", 1, "checkin_72h"] == ("suppressed", "overtaken")
    assert world.tasks() == []


@pytest.mark.both_databases
def test_a_message_that_expires_after_the_next_session_began_is_nobodys_task(world: World) -> None:
    world.at(DUE)
    dispatch_due(world.deps)
    world.at(TOO_LATE)
    expire_overdue(world.deps)
    assert (world.states(), world.tasks()) == ([("suppressed", "overtaken")], [])
    world.check()


def test_a_check_in_that_was_too_late_before_the_next_session_began_is_missed(store: Store) -> None:
    world = World(store, only("checkin_72h"), now=local("2027-03-08 18:00"))
    world.sync(session("A1", LAST, AppointmentStatus.FULFILLED), session("A2", TOO_LATE, line=3))
    world.at(TOO_LATE)
    expire_overdue(world.deps)
    assert world.reminders()["A1", 1, "checkin_72h"] == ("expired", "too_late")
    assert world.tasks() == ["not_sent_in_time"]


def test_what_does_not_count_on_being_alone_leaves_after_the_next_session_has_begun(store: Store) -> None:
    world = World(store, only("checkin_evening"), now=LAST)
    world.sync(session("A1", LAST, AppointmentStatus.FULFILLED), session("A2", local("2027-03-08 18:00"), line=3))
    world.at(local("2027-03-08 19:00"))
    world.pump()
    assert len(world.bodies) == 1
