"""Recorded ends: check-ins follow the actual end, those that wait already included, and nothing else changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.adapters.memory import MemoryScheduleSource
from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.errors import InputError, NotFoundError
from reminders.ports import ScheduleReading
from reminders.services.dispatch_due import dispatch_due
from reminders.services.explain import Query, explain
from reminders.services.record_end import EndReport, record_end
from reminders.services.sync_schedule import SyncOptions, sync_schedule
from reminders.services.watch_appointments import watch_appointments
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import CLINIC, World, only

START = local("2027-03-09 14:00")  # a Tuesday
USUAL_END = local("2027-03-09 15:40")
REAL_END = local("2027-03-09 15:10")
HOUR = timedelta(hours=1)
BOOKED, FULFILLED = AppointmentStatus.BOOKED, AppointmentStatus.FULFILLED
APPROVED = SyncOptions(is_approved=True)
CHECK_INS = ("checkin_evening", "checkin_24h", "checkin_72h")


def entry(status: AppointmentStatus = FULFILLED, start: datetime = START, name: str = "A1") -> ScheduleEntry:
    return an_entry(name, booking=a_booking(start, status=status))


def over(store: Store, **parts: Any) -> World:  # noqa: ANN401 - any part of a clinic's document
    """Return a clinic with one session that took place, and nothing but its check-ins to send."""
    world = World(store, only(*CHECK_INS, **parts), now=local("2027-03-09 13:00"))
    world.sync(entry(BOOKED))
    world.at(local("2027-03-09 16:00"))
    world.sync(entry())
    return world


def end(world: World, said: str | None = "15:10", *, by: str = "Kim", name: str = "A1") -> EndReport:
    report = record_end(world.deps, name, None, said, by=by)
    world.check()
    return report


def due(world: World) -> dict[str, datetime]:
    return {row.step: row.due_at for row in world.all(select(rows.reminder)) if row.state == "planned"}


def stored(world: World) -> Any:  # noqa: ANN401 - a row
    return world.all(select(rows.appointment))[0]


def test_check_ins_count_from_the_recorded_end(store: Store) -> None:
    world = over(store)
    assert due(world)["checkin_24h"] == USUAL_END + 24 * HOUR
    version = stored(world).version
    report = end(world)
    assert (report.ended_at, report.moved, report.planned, report.withdrawn) == (REAL_END, 3, 0, 0)
    after = {"checkin_evening": REAL_END + 4 * HOUR, "checkin_24h": REAL_END + 24 * HOUR}
    assert due(world) == {**after, "checkin_72h": REAL_END + 72 * HOUR}
    row = stored(world)
    assert (row.ended_at, row.ended_by, row.version) == (REAL_END, "Kim", version)


def test_the_same_end_twice_is_recorded_once(store: Store) -> None:
    world = over(store)
    end(world)
    before = due(world)
    again = end(world, REAL_END.isoformat(), by="Lee")
    assert (again.is_changed, again.ended_at) == (False, REAL_END)
    assert (due(world), stored(world).ended_by) == (before, "Kim")


def test_a_correction_moves_what_is_still_to_come(store: Store) -> None:
    world = over(store)
    end(world)
    world.at(local("2027-03-09 19:30"))
    assert world.pump() == 1
    report = end(world, "16:10")
    assert report.moved == 2
    assert due(world) == {
        "checkin_24h": local("2027-03-10 16:10"),
        "checkin_72h": local("2027-03-12 16:10"),
    }
    assert len(world.bodies) == 1


@pytest.mark.both_databases
def test_a_check_in_that_waits_as_a_message_is_taken_back_and_comes_after_the_later_end(store: Store) -> None:
    world = over(store)
    world.at(USUAL_END + 4 * HOUR)
    dispatch_due(world.deps)
    later = local("2027-03-09 15:50")
    assert end(world, "15:50").moved == 3
    assert world.states() == [("cancelled", "replanned")]
    assert due(world)["checkin_evening"] == later + 4 * HOUR
    assert world.pump() == 0
    world.at(later + 4 * HOUR)
    assert world.pump() == 1
    world.check()


def test_what_was_merged_with_a_check_in_that_moves_still_leaves_by_itself(store: Store) -> None:
    steps = only("checkin_24h", "remind_final")
    world = World(store, steps, now=local("2027-03-09 13:00"))
    start, soon = local("2027-03-09 08:20"), local("2027-03-11 13:00")
    following = entry(BOOKED, soon, "A2")
    world.sync(entry(FULFILLED, start), following)
    world.at(local("2027-03-10 10:00"))
    dispatch_due(world.deps)
    assert sorted(state for state, _ in world.reminders().values()) == ["dispatched", "merged"]
    assert end(world, "10:30").moved == 1
    assert world.pump() == 1
    assert due(world) == {"checkin_24h": local("2027-03-10 10:30")}
    world.at(local("2027-03-10 10:30"))
    assert world.pump() == 1
    assert sorted(state for state, _ in world.reminders().values()) == ["dispatched", "dispatched"]
    world.check()


def test_an_end_is_known_before_the_outcome_is(store: Store) -> None:
    world = World(store, only(*CHECK_INS), now=local("2027-03-09 13:00"))
    world.sync(entry(BOOKED))
    world.at(local("2027-03-09 15:15"))
    report = end(world, None)
    assert (report.has_outcome, report.moved, report.ended_at) == (False, 0, local("2027-03-09 15:15"))
    assert world.tasks() == ["mark_outcome"]
    watch_appointments(world.deps)
    assert world.tasks() == ["mark_outcome"]
    world.later(HOUR)
    world.sync(entry())
    assert stored(world).ended_at == local("2027-03-09 15:15")
    assert due(world)["checkin_24h"] == local("2027-03-10 15:15")
    world.check()


def test_the_same_row_again_keeps_the_end_and_another_time_drops_it(store: Store) -> None:
    world = over(store)
    end(world)
    world.sync(entry())
    assert stored(world).ended_at == REAL_END
    world.sync(an_entry(booking=a_booking(START, status=FULFILLED, duration=2 * HOUR)))
    assert stored(world).ended_at == REAL_END
    world.sync(entry(BOOKED, START + timedelta(days=7)), options=APPROVED)
    assert (stored(world).ended_at, stored(world).ended_by) == (None, None)
    world.check()


def test_an_id_that_passes_to_another_patient_brings_no_end_along(store: Store) -> None:
    world = over(store)
    end(world)
    other = a_record("P2", phone="+12025550177", email="p2@example.org")
    world.sync(an_entry(patient=other, booking=a_booking(START, status=FULFILLED)))
    assert stored(world).ended_at is None
    world.check()


def test_the_timeline_tells_the_recorded_end_in_one_line(store: Store) -> None:
    world = over(store)
    end(world)
    lines = [line for line in explain(world.deps, Query("A1")).events if line.what.startswith("Ended")]
    assert [(line.what, line.at) for line in lines] == [("Ended at Tue 09 Mar 15:10, as staff recorded", REAL_END)]
    assert lines[0].why == "Recorded by Kim; check-ins count from here."


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("2027-03-09T13:00-05:00", "A1: Tue 09 Mar 2027 13:00 is before its start on Tue 09 Mar 2027 14:00"),
        ("13:00", "A1: Wed 10 Mar 2027 13:00 is in the future; it is Tue 09 Mar 2027 16:00 now"),
        ("16:01", "is in the future"),
        ("25:00", "--at: found '25:00'; the clinic's clock such as 15:40"),
        ("2027-03-09T15:10", "--at: found '2027-03-09T15:10'"),
        ("", "--at: found ''"),
    ],
)
def test_an_end_that_cannot_be_is_refused(store: Store, said: str, complaint: str) -> None:
    world = over(store)
    before = due(world)
    with pytest.raises(InputError) as refused:
        end(world, said)
    assert len(refused.value.faults) == 1
    assert complaint in refused.value.faults[0]
    assert (due(world), stored(world).ended_at) == (before, None)


def test_an_end_more_than_a_week_after_the_start_is_refused(store: Store) -> None:
    world = over(store)
    world.at(START + timedelta(days=7, minutes=1))
    with pytest.raises(InputError, match="is more than 7 days after its start on Tue 09 Mar 2027 14:00"):
        end(world, None)
    assert end(world).is_changed


@pytest.mark.parametrize(("status", "words"), [("cancelled", "is cancelled"), ("noshow", "is marked as a no-show")])
def test_a_session_that_did_not_take_place_has_no_end(store: Store, status: str, words: str) -> None:
    world = over(store)
    world.sync(entry(AppointmentStatus(status)), options=APPROVED)
    with pytest.raises(InputError, match=f"A1 {words}"):
        end(world)


def test_a_session_that_nobody_or_two_schedules_know_is_refused(store: Store) -> None:
    world = over(store)
    with pytest.raises(NotFoundError, match="no appointment 'A9'"):
        end(world, name="A9")
    other = MemoryScheduleSource(ScheduleReading(((None, entry()),), ()), "other")
    sync_schedule(world.deps, other, SyncOptions())
    with pytest.raises(InputError, match="A1: found in 2 schedules"):
        end(world)


def test_a_clock_time_before_the_start_is_that_of_the_next_day(store: Store) -> None:
    start = local("2027-03-13 23:30")
    world = World(store, CLINIC, now=start)
    world.sync(entry(BOOKED, start))
    world.at(local("2027-03-14 09:00"))
    assert end(world, "1:15").ended_at == local("2027-03-14 01:15")
    assert end(world, "2:30").ended_at == local("2027-03-14 03:00")  # that night the clock goes from 2:00 to 3:00


def test_a_clock_time_that_happens_twice_is_the_first_that_is_not_before_the_start(store: Store) -> None:
    start = datetime.fromisoformat("2027-11-07T01:45:00-04:00")  # 15 minutes later it is 1:00 again
    world = World(store, CLINIC, now=start)
    world.sync(entry(BOOKED, start))
    world.later(3 * HOUR)
    assert end(world, "1:30").ended_at == datetime.fromisoformat("2027-11-07T01:30:00-05:00")
