"""Requirement 14: after an outage only what is still useful goes out, paced, newest need first, and nothing twice."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.catching_up import LATE_AFTER
from reminders.core.patients import Channel
from reminders.ports import InboundText
from reminders.services.dispatch_due import dispatch_due
from reminders.services.expire_overdue import expire_overdue
from reminders.services.next_due import next_due
from reminders.services.receive_replies import store_text
from reminders.services.sync_schedule import SyncOptions
from reminders.store import messages, rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import MINUTE, World, only

STEPS = ("remind_confirm", "ride_check", "remind_final", "day_of", "checkin_24h", "checkin_72h")
PER_MINUTE = 5
STOPS, RETURNS = local("2027-03-09 12:00"), local("2027-03-10 18:00")
"""Thirty hours, Tuesday noon to Wednesday evening; the window closes at 20:00."""
CAUGHT_UP = RETURNS + 12 * MINUTE
ON_TIME = local("2027-03-10 18:02")
SECOND = timedelta(seconds=1)
FULFILLED, BOOKED = AppointmentStatus.FULFILLED, AppointmentStatus.BOOKED


def visit(n: int, start: str, status: AppointmentStatus = BOOKED) -> ScheduleEntry:
    """Return the one appointment of a patient of its own."""
    record = a_record(f"P{n}", name=f"Patient {n}", phone=phone(n), email=None)
    return an_entry(f"A{n}", patient=record, booking=a_booking(local(start), status=status))


def phone(n: int) -> str:
    return f"+1202555{1000 + n}"


def a_schedule() -> list[ScheduleEntry]:
    """Return forty patients, of whom each has something to hear during the outage or soon after it."""
    starts = [f"2027-03-{day} {hour:02d}:00" for day in (10, 11, 12, 13) for hour in range(9, 17)]
    coming = [visit(n, start) for n, start in enumerate(starts)]
    # Their check-ins are due through the morning and still of use in the evening, or not, or due at 18:02.
    past = [visit(40 + n, f"2027-03-09 {8 + n:02d}:{10 * n:02d}", FULFILLED) for n in range(4)]
    gone = [visit(50 + n, f"2027-03-08 {11 + n}:00", FULFILLED) for n in range(3)]
    return [*coming, *past, *gone, visit(60, "2027-03-07 16:22", FULFILLED)]


@pytest.fixture
def world(store: Store) -> World:
    return World(store, only(*STEPS, catch_up_per_minute=PER_MINUTE), now=local("2027-03-09 11:00"))


def run(world: World, until: datetime, *, every: timedelta) -> None:
    """Let the service work while time passes, as its waiting thread and its tick do."""
    while world.clock.now() < until:
        expire_overdue(world.deps)
        world.pump()
        world.later(every)


def after_an_outage(world: World) -> list[ScheduleEntry]:
    """Let the service stop, miss a day and a half, and come back to what happened meanwhile."""
    schedule = a_schedule()
    world.sync(*schedule)
    run(world, STOPS, every=10 * MINUTE)
    world.at(RETURNS)
    # One text and one cancellation were waiting at the door.
    store_text(world.deps, InboundText("SMwaited", phone(24), "+12025550100", "C", 0))
    world.text("HELP", sender="+12025559999")
    cancelled = visit(17, "2027-03-12 10:00", AppointmentStatus.CANCELLED)
    now = [cancelled if entry.external_id == "A17" else entry for entry in schedule]
    world.sync(*now, options=SyncOptions(is_approved=True))
    return now


def late(world: World) -> list[Any]:
    made = [row for row in world.messages() if row.origin == "reminder"]
    return [row for row in made if row.made_at - row.due_at > LATE_AFTER]


@pytest.mark.both_databases
def test_after_thirty_hours_what_is_still_useful_leaves_once_and_the_rest_ends_with_its_reason(world: World) -> None:
    after_an_outage(world)
    run(world, CAUGHT_UP, every=30 * SECOND)
    found = {(name, step): end for (name, _, step), end in world.reminders().items()}
    for hour in range(9, 17):
        n = hour - 9
        if hour > 10:  # what was due before the window opens left the evening before
            assert found[f"A{n}", "day_of"] == ("expired", "too_late"), "their session is over"
        assert found[f"A{8 + n}", "remind_final"] == ("dispatched", None), "the night's fast is still to come"
        assert found[f"A{16 + n}", "ride_check"][0] == ("cancelled" if n == 1 else "dispatched")
        assert found[f"A{24 + n}", "remind_confirm"][0] == ("suppressed" if n == 0 else "dispatched")
    assert found["A24", "remind_confirm"][1] == "already_confirmed"
    for n in (50, 51, 52):
        assert found[f"A{n}", "checkin_24h"] == ("expired", "too_late")
    left = [row for row in world.messages() if row.left_at is not None]
    assert all(row.left_at < row.expires_at for row in left)
    overdue = world.all(select(rows.reminder).where(rows.reminder.c.due_at <= world.clock.now()))
    assert {row.state for row in overdue if row.state == "planned"} == set()
    missed = [row.id for row in overdue if (row.state, row.reason) == ("expired", "too_late")]
    assert world.tasks().count("not_sent_in_time") == len(missed) == 9
    world.check()


def test_nobody_gets_a_text_twice(world: World) -> None:
    after_an_outage(world)
    run(world, CAUGHT_UP, every=30 * SECOND)
    texts = Counter((sent.text.to, sent.text.body) for sent in world.sms.sent)
    assert set(texts.values()) == {1}
    assert len(world.attempts()) == len(world.sms.sent)
    first = {row.id for row in world.messages() if row.made_at < RETURNS}
    again = [row for row in world.messages() if row.id not in first and row.origin == "reminder"]
    assert max(Counter(row.patient_id for row in again).values()) == 1, "one text each, whatever they missed"


def test_what_is_late_leaves_at_the_clinics_pace_and_the_newest_need_first(world: World) -> None:
    after_an_outage(world)
    run(world, CAUGHT_UP, every=10 * SECOND)
    caught_up = late(world)
    times = sorted(row.made_at for row in caught_up)
    assert len(times) > 4 * PER_MINUTE
    assert all(after - before >= MINUTE for before, after in zip(times, times[PER_MINUTE:], strict=False))
    assert times[-1] - times[0] < (len(times) / PER_MINUTE + 1) * MINUTE, "no minute is wasted"
    by_round = [[row.due_at for row in caught_up if row.made_at == at] for at in sorted(set(times))]
    assert all(min(earlier) >= max(later) for earlier, later in pairwise(by_round))
    assert by_round[0][0] > by_round[-1][-1]


def test_what_is_on_time_does_not_wait_for_the_backlog(world: World) -> None:
    after_an_outage(world)
    run(world, ON_TIME - 30 * SECOND, every=15 * SECOND)
    run(world, ON_TIME + 5 * SECOND, every=SECOND)
    run(world, ON_TIME + 2 * MINUTE, every=15 * SECOND)
    (check_in,) = [row for row in world.messages() if row.kind == "checkin_72h"]
    assert check_in.due_at == check_in.left_at == ON_TIME
    assert max(row.made_at for row in late(world)) > ON_TIME, "there was still a backlog"


def test_a_short_stop_is_not_paced(world: World) -> None:
    world.sync(*a_schedule())
    world.pump()
    world.at(local("2027-03-10 10:15"))
    run(world, world.clock.now() + MINUTE, every=MINUTE)
    made = [row for row in world.messages() if row.due_at == local("2027-03-10 10:00")]
    assert len(made) > 2 * PER_MINUTE


def test_a_backlog_does_not_hide_what_falls_due_next(world: World) -> None:
    after_an_outage(world)
    while dispatch_due(world.deps):
        pass
    assert len(late(world)) == PER_MINUTE, "the rest has to wait"
    while world.pump():
        pass
    assert next_due(world.deps) == ON_TIME


def test_waiting_for_the_pace_takes_no_write_lock(world: World) -> None:
    after_an_outage(world)
    while dispatch_due(world.deps):
        pass
    with world.store.transaction():
        # On SQLite a second transaction would have to wait for this one, and fail.
        assert dispatch_due(world.deps) == 0


def test_each_clinic_catches_up_at_its_own_pace(store: Store) -> None:
    here = only("remind_final", catch_up_per_minute=3)
    there = {**only("remind_final", catch_up_per_minute=4), "slug": "hillside", "sender": "Hillside Clinic"}
    world = World(store, here, there, now=STOPS)
    world.sync(*(("riverside" if n % 2 else "hillside", visit(n, "2027-03-11 12:00")) for n in range(20)))
    world.at(RETURNS)
    while dispatch_due(world.deps):
        pass
    assert sorted(Counter(row.clinic_id for row in world.messages()).values()) == [3, 4]


def test_workers_at_once_keep_the_pace_together(store: Store) -> None:
    world = World(store, only("remind_final", catch_up_per_minute=PER_MINUTE), now=STOPS)
    world.sync(*(visit(n, "2027-03-11 12:00") for n in range(30)))
    world.at(RETURNS)
    start = Barrier(4)

    def work() -> None:
        start.wait()
        for _ in range(3):
            dispatch_due(world.deps)

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(world.messages()) == PER_MINUTE
    world.check()


def test_of_messages_that_wait_the_newest_need_is_taken_first(store: Store) -> None:
    world = World(store, only("remind_final"), now=STOPS)
    world.sync(*(visit(n, f"2027-03-{11 + n} 12:00") for n in range(3)))
    for day in (10, 11, 12):
        world.at(local(f"2027-03-{day} 10:00"))
        dispatch_due(world.deps)
    world.at(local("2027-03-12 10:05"))
    with world.store.transaction() as tx:
        claim = messages.claim(
            tx,
            Channel.SMS,
            before=world.clock.now(),
            limit=1,
            token=world.identity.new_id(),
            lease_until=world.clock.machine_now() + MINUTE,
        )
    assert [item.due_at for item in claim] == [local("2027-03-12 10:00")]
