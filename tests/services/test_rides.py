"""What is said of a ride is kept apart from attendance, for one version, and whatever is no ride is somebody's task."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.appointments import Appointment
from reminders.core.transport import RideState
from reminders.services.arrange_rides import record_ride, record_rides
from reminders.store import appointments, rows, tasks
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, an_entry
from tests.world import World, only

START = NOON + timedelta(days=14)
DAY = timedelta(days=1)


@pytest.fixture
def booked(sqlite_store: Store) -> World:
    world = World(sqlite_store, only("ride_check"))
    world.sync(an_entry())
    return world


def session(world: World, name: str = "A1") -> Appointment:
    key = next(row.id for row in world.all(select(rows.appointment)) if row.external_id == name)
    with world.store.reading() as tx:
        return appointments.get_many(tx, [key])[key]


def say(world: World, state: RideState, about: Appointment | None = None) -> bool:
    with world.store.transaction() as tx:
        return record_ride(tx, world.deps, about or session(world), state, now=world.clock.now())


def worklist(world: World) -> list[tuple[str, str, str | None]]:
    found = world.all(select(rows.task).order_by(rows.task.c.kind))
    return [(row.kind, row.urgency, row.resolved_by) for row in found]


@pytest.mark.parametrize(
    ("state", "task"),
    [
        (RideState.NEEDED, [("ride_wanted", "normal", None)]),
        (RideState.HIRED, [("ride_wanted", "normal", None)]),
        (RideState.SELF, [("self_drive", "high", None)]),
        (RideState.ARRANGED, []),
    ],
)
def test_each_word_about_a_ride_has_its_state_and_its_task_and_confirms_nothing(
    booked: World, state: RideState, task: list[tuple[str, str, str | None]]
) -> None:
    assert say(booked, state)
    found = session(booked)
    assert (found.ride, found.has_ride, found.is_confirmed) == (state, state is RideState.ARRANGED, False)
    assert worklist(booked) == task


def test_a_ride_that_is_lacking_in_the_last_day_is_urgent(booked: World) -> None:
    booked.at(START - DAY)
    say(booked, RideState.NEEDED)
    assert worklist(booked) == [("ride_wanted", "high", None)]


def test_a_ride_that_is_arranged_resolves_all_about_it_and_one_that_is_lost_opens_it_again(booked: World) -> None:
    say(booked, RideState.NEEDED)
    say(booked, RideState.SELF)
    say(booked, RideState.ARRANGED)
    assert worklist(booked) == [("ride_wanted", "normal", "patient"), ("self_drive", "high", "patient")]
    say(booked, RideState.NEEDED)
    assert not session(booked).has_ride
    assert worklist(booked) == [("ride_wanted", "normal", None), ("self_drive", "high", "patient")]


def test_what_staff_closed_opens_again_when_the_patient_says_so(booked: World) -> None:
    say(booked, RideState.NEEDED)
    with booked.store.transaction() as tx:
        tasks.resolve(tx, [row.key for row in booked.all(select(rows.task))], by="Kim", now=booked.clock.now())
    say(booked, RideState.NEEDED)
    assert worklist(booked) == [("ride_wanted", "normal", None)]


def test_a_session_that_moves_begins_without_any_word_about_its_ride(booked: World) -> None:
    say(booked, RideState.NEEDED)
    before = session(booked)
    booked.sync(an_entry(booking=a_booking(START + DAY)))
    assert session(booked).ride is None
    assert worklist(booked) == [("ride_wanted", "normal", "schedule")]
    assert not say(booked, RideState.SELF, before)
    assert (session(booked).ride, len(worklist(booked))) == (None, 1)


def test_a_reading_of_the_schedule_leaves_what_was_said(booked: World) -> None:
    say(booked, RideState.HIRED)
    booked.sync(an_entry(booking=a_booking(duration=timedelta(minutes=75))))
    assert session(booked).ride is RideState.HIRED


def test_one_word_about_several_sessions_is_one_task(booked: World) -> None:
    booked.sync(an_entry(), an_entry("A2", booking=a_booking(START + DAY)))
    both = [session(booked), session(booked, "A2")]
    with booked.store.transaction() as tx:
        assert record_rides(tx, booked.deps, both, RideState.NEEDED, now=booked.clock.now())
    assert [session(booked, name).ride for name in ("A1", "A2")] == [RideState.NEEDED, RideState.NEEDED]
    assert worklist(booked) == [("ride_wanted", "normal", None)]


def test_our_question_has_its_answer_whatever_it_is(booked: World) -> None:
    booked.at(START - 2 * DAY)
    booked.pump()
    say(booked, RideState.NEEDED)
    questions = rows.metadata.tables["question"]
    assert all(row.answered_at is not None for row in booked.all(select(questions)))
