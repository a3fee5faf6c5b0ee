"""The worklist's tasks that no message leads to: opened once when their time comes, resolved when their cause ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from reminders.core.appointments import AppointmentStatus, ScheduleEntry
from reminders.core.delivery import CRASH_PAUSE
from reminders.core.patients import Channel, PatientRecord
from reminders.core.tasks import TaskKind, Urgency
from reminders.core.transport import RideState
from reminders.ports import Job
from reminders.services.expire_overdue import expire_overdue
from reminders.services.respond_by_link import LinkAnswer, respond_by_link
from reminders.services.sync_schedule import SyncOptions
from reminders.services.watch_appointments import watch_appointments
from reminders.store import appointments, rows, tasks
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.servers.wiping import wipe
from tests.services.test_apart import spoil
from tests.services.test_statements import counting
from tests.world import CLINIC, CONFIRM_AT, World, only, some_entries
from workers.beat import BEAT

START = local("2027-03-16 12:00")  # a Tuesday
ASKED_AT = local("2027-03-15 14:00")
LAST_DAY = local("2027-03-15 12:00")
ENDED = local("2027-03-16 13:40")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
APPROVED = SyncOptions(is_approved=True)
NOBODY_ASKED = a_record(has_sms_consent=False, has_email_consent=False)


def entry(
    start: datetime = START,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    *,
    patient: PatientRecord | None = None,
    line: int = 2,
) -> ScheduleEntry:
    return an_entry(patient=patient, booking=a_booking(start, status=status), line=line)


def worklist(world: World, *, is_open: bool | None = None) -> list[tuple[str, str, str | None]]:
    """Return kind, urgency and resolver of tasks in the order of their keys' making."""
    found = world.all(select(rows.task).order_by(rows.task.c.id))
    return [
        (row.kind.value, row.urgency.value, row.resolved_by)
        for row in found
        if is_open is None or (row.resolved_at is None) == is_open
    ]


def waiting(world: World) -> list[str]:
    return [kind for kind, _, _ in worklist(world, is_open=True)]


def watch_at(world: World) -> datetime | None:
    found: datetime | None = world.all(select(rows.appointment.c.watch_at))[0][0]
    return found


def look(world: World, at: datetime) -> int:
    world.at(at)
    return watch_appointments(world.deps)


@pytest.fixture
def booked(store: Store) -> World:
    """One session in two weeks, with the question about the ride and nothing else."""
    world = World(store, only("ride_check"))
    world.sync(entry())
    return world


# ----- opening


@pytest.mark.both_databases
def test_a_missing_ride_and_outcome_are_opened_at_their_time_and_no_earlier(booked: World) -> None:
    assert watch_at(booked) == LAST_DAY + 2 * HOUR == ASKED_AT
    assert look(booked, ASKED_AT - MINUTE) == 0
    assert look(booked, ASKED_AT) == 1
    assert worklist(booked) == [("ride_wanted", "high", None)]
    assert watch_at(booked) == ENDED
    assert look(booked, ENDED) == 1
    assert worklist(booked) == [("ride_wanted", "high", "time"), ("mark_outcome", "normal", None)]
    assert watch_at(booked) is None


def test_a_ride_missing_over_a_weekend_becomes_urgent_a_day_before(store: Store) -> None:
    world = World(store, only("ride_check"))
    world.sync(entry(local("2027-03-22 10:00")))
    look(world, local("2027-03-19 14:00"))
    assert worklist(world) == [("ride_wanted", "normal", None)]
    look(world, local("2027-03-21 10:00"))
    assert worklist(world) == [("ride_wanted", "high", None)]


@pytest.mark.both_databases
def test_looking_twice_or_planning_again_changes_nothing(booked: World) -> None:
    look(booked, ASKED_AT)
    before = booked.all(select(rows.task)), booked.all(select(rows.appointment))
    assert watch_appointments(booked.deps) == 0
    with booked.store.transaction() as tx:
        key = booked.all(select(rows.appointment.c.id))[0][0]
        appointments.watch(tx, {key: ASKED_AT})
    assert watch_appointments(booked.deps) == 1
    booked.later(MINUTE)
    booked.sync(entry(line=9))
    assert (booked.all(select(rows.task)), booked.all(select(rows.appointment))) == before


def test_a_session_booked_too_late_for_the_moment_has_its_task_in_the_same_transaction(store: Store) -> None:
    world = World(store, only("ride_check"), now=local("2027-03-16 09:00"))
    world.sync(entry())
    assert worklist(world) == [("ride_wanted", "high", None)]
    assert watch_at(world) == ENDED


def test_after_thirty_hours_away_a_session_that_began_lacks_only_its_outcome(booked: World) -> None:
    assert look(booked, ASKED_AT - MINUTE) == 0
    assert look(booked, ASKED_AT + 30 * HOUR) == 1
    assert waiting(booked) == ["mark_outcome"]
    booked.check()


def test_after_an_outage_that_ends_before_the_start_the_ride_is_asked_for_at_once(booked: World) -> None:
    assert look(booked, START - MINUTE) == 1
    assert waiting(booked) == ["ride_wanted"]


def test_a_ride_is_asked_for_though_no_text_could_ask(store: Store) -> None:
    world = World(store, only("ride_check"))
    world.sync(entry(patient=NOBODY_ASKED))
    look(world, ASKED_AT)
    assert waiting(world) == ["no_consent", "ride_wanted"]


def test_no_ride_is_asked_for_where_the_clinic_does_not_ask(store: Store) -> None:
    world = World(store, only("remind_final"))
    world.sync(entry())
    assert watch_at(world) == ENDED
    look(world, START - MINUTE)
    assert waiting(world) == []


def test_an_outcome_is_asked_for_though_it_may_be_assumed(store: Store) -> None:
    world = World(store, only("checkin_24h", assume_fulfilled=True))
    world.sync(entry())
    look(world, ENDED)
    assert waiting(world) == ["mark_outcome"]
    assert world.reminders()["A1", 1, "checkin_24h"] == ("planned", None)


def test_an_arrival_is_a_version_of_its_own_and_asked_about_once(booked: World) -> None:
    booked.at(START)
    booked.sync(entry(status=AppointmentStatus.ARRIVED))
    look(booked, ENDED + HOUR)
    look(booked, ENDED + 2 * HOUR)
    assert [kind for kind in booked.tasks() if kind == "mark_outcome"] == ["mark_outcome"]


# ----- a long past


def test_an_import_of_a_long_past_asks_about_the_last_week_and_counts_the_rest(store: Store) -> None:
    world = World(store, CLINIC)
    now = world.clock.now()
    ages = [timedelta(days=days) for days in (1, 6, 8, 90, 400)]
    past = [an_entry(f"A{n}", patient=a_record(f"P{n}"), booking=a_booking(now - age)) for n, age in enumerate(ages)]
    report = world.sync(*past)
    watch_appointments(world.deps)
    assert worklist(world) == [("mark_outcome", "normal", None)] * 2
    assert [note for note in report.notes if "3 ended more than 7 days ago" in note] == list(report.notes)
    assert world.sync(*past).notes == (), "it is said once"
    look(world, now + timedelta(days=30))
    assert len(worklist(world)) == 2
    world.check()


def test_a_marked_past_is_not_mentioned(world: World) -> None:
    old = world.clock.now() - timedelta(days=90)
    report = world.sync(entry(old, AppointmentStatus.FULFILLED))
    assert (report.notes, worklist(world)) == ((), [])


# ----- resolving


@pytest.mark.parametrize("status", [AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW, AppointmentStatus.CANCELLED])
def test_an_outcome_that_is_marked_resolves_its_task(booked: World, status: AppointmentStatus) -> None:
    look(booked, ENDED)
    booked.sync(entry(status=status), options=APPROVED)
    assert worklist(booked)[-1] == ("mark_outcome", "normal", "schedule")
    assert waiting(booked) == []
    assert watch_at(booked) is None


def test_a_cancelled_session_needs_no_ride(booked: World) -> None:
    look(booked, ASKED_AT)
    booked.sync(entry(status=AppointmentStatus.CANCELLED), options=APPROVED)
    assert worklist(booked) == [("ride_wanted", "high", "schedule")]


def test_a_moved_session_gets_a_task_of_its_own_in_its_turn(booked: World) -> None:
    look(booked, ASKED_AT)
    booked.sync(entry(START + timedelta(days=7)))
    assert worklist(booked) == [("ride_wanted", "high", "schedule")]
    assert watch_at(booked) == ASKED_AT + timedelta(days=7)
    look(booked, ASKED_AT + timedelta(days=7))
    assert worklist(booked) == [("ride_wanted", "high", "schedule"), ("ride_wanted", "high", None)]


def test_a_session_moved_while_its_look_is_overdue_is_looked_at_as_it_is_now(booked: World) -> None:
    booked.at(ASKED_AT + MINUTE)
    booked.sync(entry(START + timedelta(days=7)))
    assert watch_appointments(booked.deps) == 1
    assert worklist(booked) == []
    assert watch_at(booked) == ASKED_AT + timedelta(days=7)


def test_a_ride_that_is_arranged_resolves_every_task_about_it(booked: World) -> None:
    look(booked, ASKED_AT)
    row = booked.all(select(rows.appointment))[0]
    with booked.store.transaction() as tx:
        appointments.record_ride(tx, row.id, row.version, RideState.ARRANGED)
    booked.later(MINUTE)
    booked.sync(entry(patient=a_record(name="Dana Brook")))
    assert worklist(booked) == [("ride_wanted", "high", "patient")]
    assert watch_at(booked) == ENDED


def page(world: World) -> str:
    """Let the question about the ride leave by mail; return the token of the page that the mail names."""
    world.sync(entry(patient=a_record(phone=None)))
    world.at(local("2027-03-14 12:00"))
    assert world.pump(Channel.EMAIL) == 1
    words = world.email.sent[0].text.split()
    return next(word for word in words if "/r/" in word).rsplit("/", 1)[1].rstrip(".")


def test_a_patient_who_says_on_their_page_that_they_have_a_ride_resolves_the_task(store: Store) -> None:
    world = World(store, only("ride_check"))
    token = page(world)
    look(world, ASKED_AT)
    assert respond_by_link(world.deps, token, LinkAnswer.RIDE)
    assert worklist(world) == [("ride_wanted", "high", "patient")]
    look(world, ENDED)
    assert waiting(world) == ["mark_outcome"]


def test_a_patient_who_asks_for_a_ride_on_their_page_takes_the_place_of_our_finding(store: Store) -> None:
    world = World(store, only("ride_check"))
    token = page(world)
    look(world, ASKED_AT)
    assert respond_by_link(world.deps, token, LinkAnswer.NEED_RIDE)
    assert waiting(world) == ["ride_wanted"]
    assert respond_by_link(world.deps, token, LinkAnswer.RIDE)
    assert waiting(world) == []


@pytest.mark.both_databases
def test_what_staff_resolved_is_not_opened_again(booked: World) -> None:
    look(booked, ASKED_AT - MINUTE)
    booked.at(ASKED_AT)
    watch_appointments(booked.deps)
    key = booked.all(select(rows.task.c.key))[0][0]
    with booked.store.transaction() as tx:
        tasks.resolve(tx, [key], by="mira", now=booked.clock.now())
        tx.connection.execute(update(rows.appointment).values(watch_at=ASKED_AT))
    assert watch_appointments(booked.deps) == 1
    assert worklist(booked) == [("ride_wanted", "high", "mira")]


def test_what_the_patient_asked_for_is_not_asked_a_second_time(booked: World) -> None:
    row = booked.all(select(rows.appointment))[0]
    asked = tasks.Task(
        kind=TaskKind.RIDE_WANTED,
        urgency=Urgency.HIGH,
        key=f"ride_wanted:{row.id}:1:link",
        clinic_id=row.clinic_id,
        appointment_id=row.id,
    )
    with booked.store.transaction() as tx:
        tasks.open_once(tx, booked.identity.new_id(), asked, now=booked.clock.now())
    look(booked, ASKED_AT)
    assert worklist(booked) == [("ride_wanted", "high", None)]


# ----- who cannot be written to


def test_no_consent_is_told_once_a_version_and_not_once_a_step(world: World) -> None:
    world.sync(entry(patient=NOBODY_ASKED))
    assert worklist(world) == [("no_consent", "low", None)]
    world.sync(entry(START + timedelta(days=7), patient=NOBODY_ASKED))
    assert worklist(world) == [("no_consent", "low", "schedule"), ("no_consent", "low", None)]


def test_consent_resolves_the_task_and_its_end_opens_it_again(world: World) -> None:
    world.sync(entry(patient=NOBODY_ASKED))
    world.sync(entry())
    assert worklist(world) == [("no_consent", "low", "schedule")]
    world.sync(entry(patient=NOBODY_ASKED))
    assert worklist(world) == [("no_consent", "low", None)]


def test_consent_taken_back_before_anything_left_is_told(booked: World) -> None:
    assert worklist(booked) == []
    booked.sync(entry(patient=NOBODY_ASKED))
    assert worklist(booked) == [("no_consent", "low", None)]


def test_a_stop_tells_staff_of_each_session_that_is_to_come_and_start_ends_it(booked: World) -> None:
    booked.at(CONFIRM_AT)
    booked.text("STOP")
    assert worklist(booked) == [("no_consent", "low", None)]
    booked.text("START")
    assert waiting(booked) == []


def test_an_address_that_is_found_resolves_the_task_about_it(world: World) -> None:
    world.sync(entry(patient=a_record(phone=None, email=None)))
    assert waiting(world) == ["address_fault"]
    world.sync(entry())
    assert waiting(world) == []


def test_what_was_too_late_when_planned_is_nobodys_task(store: Store) -> None:
    world = World(store, only("remind_confirm", "prep_first"), now=START - HOUR)
    world.sync(entry())
    assert {reason for _, reason in world.reminders().values()} == {"too_late_when_planned"}
    assert worklist(world) == []


def test_a_reminder_that_nobody_sent_in_time_is_told(booked: World) -> None:
    booked.at(START)
    expire_overdue(booked.deps)
    assert waiting(booked) == ["not_sent_in_time"]


# ----- many, at once, and with trouble


def test_looking_at_many_costs_no_more_statements_than_at_few(store: Store) -> None:
    costs = []
    for many in (4, 64):
        wipe(store)
        world = World(store, only("ride_check"))
        world.sync(*some_entries(many))
        world.at(ASKED_AT)
        with counting(store) as seen:
            assert watch_appointments(world.deps) == many
        costs.append(len(seen))
        assert waiting(world) == ["ride_wanted"] * many
    assert costs[0] == costs[1]


def test_more_than_one_batch_is_worked_off_in_one_go(store: Store) -> None:
    world = World(store, only("ride_check"))
    world.sync(*some_entries(450))
    assert look(world, ENDED + HOUR) == 450
    assert len(worklist(world)) == 450


@pytest.mark.both_databases
def test_a_spoiled_row_keeps_nobody_elses_task_waiting(store: Store) -> None:
    world = World(store, only("ride_check"))
    world.sync(*some_entries(3))
    bad = world.all(rows.appointment.select())[0].id
    spoil(world, rows.appointment, "escort_name", bad)
    assert look(world, ASKED_AT) == 2
    assert waiting(world) == ["ride_wanted"] * 2
    assert watch_appointments(world.deps) == 0, "what was put off is not tried in a circle"
    with world.store.transaction() as tx:
        tx.connection.execute(update(rows.appointment).values(escort_name=None))
    assert look(world, ASKED_AT + CRASH_PAUSE) == 1
    assert waiting(world) == ["ride_wanted"] * 3


def test_what_another_worker_looks_at_is_left_to_it(postgres_store: Store) -> None:
    world = World(postgres_store, only("ride_check"))
    world.sync(*some_entries(3))
    world.at(ASKED_AT)
    ids = [row.id for row in world.all(rows.appointment.select())]
    with world.store.transaction() as tx:
        assert len(appointments.lock_watched(tx, ids[:2], now=ASKED_AT)) == 1
        assert watch_appointments(world.deps) == 1
    assert watch_appointments(world.deps) == 2
    assert waiting(world) == ["ride_wanted"] * 3


def test_the_beat_asks_for_it_twice_a_minute() -> None:
    entries = [item for item in BEAT.values() if item["task"] == Job.WATCH_APPOINTMENTS.value]
    assert [item["schedule"] for item in entries] == [30]
