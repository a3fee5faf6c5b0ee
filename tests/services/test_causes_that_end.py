"""A task whose cause ended leaves the worklist by itself, and comes back with its cause."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.pauses import PauseKind
from reminders.services.apply_clinics import apply_clinics
from reminders.services.pause import Subject, pause, resume
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, an_entry, local
from tests.world import CLINIC, World, some_entries

ON = "2027-03-16"
CLOSED_DAY, MISSING = "session_on_closed_day", "missing_from_schedule"


@pytest.fixture
def booked(store: Store) -> World:
    world = World(store)
    world.sync(an_entry(booking=a_booking(local(f"{ON} 13:00"))))
    return world


def close(world: World, *days: str) -> None:
    """Give the clinic a file with these closures."""
    apply_clinics(world.deps, [("clinic.toml", {**CLINIC, "closures": list(days)})])


def still_open(world: World) -> list[str]:
    """Return the kinds of open tasks."""
    return [row.kind for row in world.all(select(rows.task).where(rows.task.c.resolved_at.is_(None)))]


def test_a_day_that_the_file_opens_again_asks_nobody_to_move_its_sessions(booked: World) -> None:
    close(booked, ON)
    assert still_open(booked) == [CLOSED_DAY]
    close(booked)
    assert still_open(booked) == []
    close(booked, ON)
    assert still_open(booked) == [CLOSED_DAY]
    assert booked.count("task") == 1


@pytest.mark.both_databases
def test_a_day_that_staff_open_and_the_file_closes_stays_a_task(booked: World) -> None:
    day = Subject(PauseKind.DAY, ON)
    close(booked, ON)
    pause(booked.deps, day, reason="stocktaking", by="Kim")
    resume(booked.deps, day, by="Kim")
    assert still_open(booked) == [CLOSED_DAY]


def test_what_stands_in_the_schedule_again_is_missing_no_longer(world: World) -> None:
    entries = some_entries(3)
    world.sync(*entries)
    world.sync(*entries[1:])
    assert still_open(world) == [MISSING]
    world.later(timedelta(hours=1))
    world.sync(*entries)
    assert still_open(world) == []
    world.later(timedelta(hours=1))
    world.sync(*entries[1:])
    assert still_open(world) == [MISSING]
    assert world.count("task") == 1
