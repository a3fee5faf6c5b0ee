from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select

from reminders.core.feed import FeedEvent, FeedKind
from reminders.core.ids import AppointmentId, ClinicId
from reminders.services.number_events import number_events
from reminders.services.read_feed import Wanted, read_events, read_sessions, read_tasks
from reminders.services.sync_entries import cancel_entry, sync_entry
from reminders.store import clinics, confirmations, events
from reminders.store.console_rows import event
from reminders.store.rows import appointment
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, an_id, local
from tests.servers.wiping import wipe
from tests.world import World, some_entries

pytestmark = pytest.mark.both_databases

SECOND = timedelta(seconds=1)


def clinic_of(world: World) -> ClinicId:
    with world.store.reading() as tx:
        return next(iter(clinics.every(tx)))


def an_event(world: World, name: str, clinic_id: ClinicId) -> FeedEvent:
    return FeedEvent(FeedKind.TASK_OPENED, clinic_id, "task", an_id(name), world.clock.now())


def test_the_same_news_told_twice_is_one_event(world: World) -> None:
    here = clinic_of(world)
    for _ in range(2):
        with world.store.transaction() as tx:
            events.add(tx, [an_event(world, "a", here), an_event(world, "b", here), an_event(world, "a", here)])
    assert number_events(world.deps) == 2
    assert number_events(world.deps) == 0
    assert [item.number for item in read_events(world.deps, here, 0, limit=9).items] == [1, 2]


def test_what_is_committed_late_comes_later_and_is_never_passed_over(postgres_store: Store) -> None:
    world = World(postgres_store)
    here = clinic_of(world)
    is_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with world.store.transaction() as tx:
            events.add(tx, [an_event(world, "slow", here)])
            is_written.set()
            may_commit.wait(20)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        assert is_written.wait(20)
        world.later(SECOND)
        with world.store.transaction() as tx:
            events.add(tx, [an_event(world, "quick", here)])
        first = read_events(world.deps, here, 0, limit=9).items
        may_commit.set()
        late.result()
    rest = read_events(world.deps, here, first[-1].number, limit=9).items
    assert [item.row for item in first] == [an_id("quick")]
    assert [item.row for item in rest] == [an_id("slow")]


def test_many_who_number_at_once_give_each_event_one_number(postgres_store: Store) -> None:
    world = World(postgres_store)
    here = clinic_of(world)
    with world.store.transaction() as tx:
        events.add(tx, [an_event(world, str(n), here) for n in range(60)])
    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(lambda _: number_events(world.deps), range(4)))
    assert done == 60
    numbers = [row.number for row in world.all(select(event.c.number).order_by(event.c.number))]
    assert numbers == list(range(1, 61))


def test_a_transaction_that_fails_tells_nothing(world: World) -> None:
    world.sync(an_entry("A1"))
    before = world.count("event")
    (found,) = world.all(select(appointment.c.id, appointment.c.version))

    def confirm_and_die() -> None:
        with world.store.transaction() as tx:
            confirmations.confirm(tx, [AppointmentId(found.id)], now=NOON)
            sys.exit("the worker dies here")

    with pytest.raises(SystemExit):
        confirm_and_die()
    assert world.count("event") == before


def test_single_entries_go_the_way_of_the_whole_schedule(world: World) -> None:
    here = clinic_of(world)
    whole = World(world.store)
    whole.sync(an_entry("A1"), an_entry("A2", booking=a_booking(local("2027-03-20 09:00"))))
    planned = whole.reminders()
    wipe(world.store)
    single = World(world.store)
    here = clinic_of(single)
    for entry in (an_entry("A1"), an_entry("A2", booking=a_booking(local("2027-03-20 09:00")))):
        sync_entry(single.deps, here, entry, is_announced=False)
    assert single.reminders() == planned


def test_of_two_who_put_the_same_session_one_makes_it(postgres_store: Store) -> None:
    world = World(postgres_store)
    here = clinic_of(world)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: sync_entry(world.deps, here, an_entry("A1")).change, range(4)))
    assert sorted(done) == ["added", "unchanged", "unchanged", "unchanged"]
    assert world.count("appointment") == world.count("patient") == 1
    assert cancel_entry(world.deps, here, "A1").change == "cancelled"


def test_a_longer_page_costs_no_more_statements(world: World) -> None:
    here = clinic_of(world)
    world.sync(*some_entries(12))
    people = [a_record(f"P{n}", phone=f"+1202555{n:04d}", email=f"p{n}@example.org") for n in range(1, 13)]
    for n, person in enumerate(people, 1):
        world.text("I cannot come", sender=person.phone or "", provider_id=f"SM{n:032x}")
    number_events(world.deps)
    costs = []
    for limit in (2, 12):
        seen: list[object] = []
        listening.listen(world.store.engine, "before_cursor_execute", note := lambda *a, seen=seen: seen.append(a[2]))
        assert len(read_events(world.deps, here, 0, limit=limit).items) == limit
        assert len(read_sessions(world.deps, here, Wanted(), limit=limit)) == limit
        assert len(read_tasks(world.deps, here, kinds=(), after=None, limit=limit)) == limit
        listening.remove(world.store.engine, "before_cursor_execute", note)
        costs.append(len(seen))
    assert costs[0] == costs[1]
