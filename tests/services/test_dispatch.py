"""Which reminders leave together, what they ask, and who gets them (requirements 11, 30, 52)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from reminders.core.appointments import ScheduleEntry
from reminders.core.patients import Channel
from reminders.core.pauses import PauseKind
from reminders.services.dispatch_due import dispatch_due
from reminders.services.next_due import next_due
from reminders.services.pause import Subject, pause
from reminders.services.respond_by_link import LinkAnswer, read_page, respond_by_link
from reminders.services.sync_schedule import SyncOptions
from reminders.store import rows
from reminders.store.conversation_rows import inbound, question
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.world import MINUTE, World, only

ALONE = a_record(email=None)
BY_MAIL = a_record(phone=None)
FIRST = local("2027-03-15 09:00")
"""A Monday: its confirmation is asked on the Friday before, after the time that `builders.NOON` names."""
ASK_CONFIRM, ASK_RIDE = local("2027-03-12 10:00"), local("2027-03-13 10:00")
DAY = timedelta(days=1)


def a_run(*days: int, patient: object = None) -> list[ScheduleEntry]:
    """Return a patient's sessions so many days after the first, at the same hour of the wall clock."""
    record = patient if isinstance(patient, type(ALONE)) else ALONE
    return [
        an_entry(f"A{day + 1}", patient=record, booking=a_booking(local(f"2027-03-{15 + day} 09:00"))) for day in days
    ]


@pytest.fixture
def world(store: Store) -> World:
    return World(store, only("remind_confirm", "ride_check", "remind_final"))


def confirmed(world: World) -> list[str]:
    found = world.all(select(rows.appointment).order_by(rows.appointment.c.external_id))
    return [row.external_id for row in found if row.confirmed_version == row.version]


def rides(world: World) -> list[str]:
    found = world.all(select(rows.appointment).order_by(rows.appointment.c.external_id))
    return [row.external_id for row in found if row.ride_version == row.version]


def asked(world: World) -> list[tuple[str, str]]:
    """Return what was asked about which sessions, in order."""
    joined = question.join(rows.appointment, rows.appointment.c.id == question.c.appointment_id)
    columns = (question.c.kind, rows.appointment.c.external_id)
    order = (question.c.asked_at, rows.appointment.c.external_id)
    return [(row.kind, row.external_id) for row in world.all(select(*columns).select_from(joined).order_by(*order))]


def go_until(world: World, until: datetime) -> None:
    """Let the service run while time passes, from one thing that falls due to the next."""
    while world.clock.now() < until:
        for channel in Channel:
            world.pump(channel)
        soon = next_due(world.deps) or until
        world.at(min(until, max(soon, world.clock.now() + MINUTE)))


# ----- runs of daily sessions


def test_a_run_is_asked_once_whether_the_patient_comes_and_once_for_the_ride(world: World) -> None:
    world.sync(*a_run(0, 1, 2, 3, 4))
    go_until(world, FIRST + 5 * DAY)
    kinds = [(row.kind, row.asks) for row in world.messages()]
    assert [kind for kind, asks in kinds if asks is not None] == ["remind_confirm", "ride_check"]
    assert [kind for kind, _ in kinds].count("remind_final") == 5
    assert asked(world) == [(kind, f"A{n}") for kind in ("confirm", "ride") for n in range(1, 6)]
    assert "Mon Mar 15 to Fri Mar 19, 9:00 AM each day" in world.bodies[0]
    world.check()


@pytest.mark.both_databases
def test_the_rest_of_a_run_is_merged_into_the_first_ones_message(world: World) -> None:
    world.sync(*a_run(0, 1, 2))
    world.at(ASK_CONFIRM)
    assert world.pump() == 1
    found = world.all(select(rows.reminder).where(rows.reminder.c.step == "remind_confirm"))
    (leader,) = [row for row in found if row.state == "dispatched"]
    merged = [row for row in found if row.state == "merged"]
    assert len(merged) == 2
    assert {row.merged_into_id for row in merged} == {leader.id}
    assert {row.message_id for row in found} == {leader.message_id}
    assert {row.state for row in world.all(select(rows.reminder)) if row.step != "remind_confirm"} == {"planned"}


def test_sessions_with_a_day_between_are_no_run(world: World) -> None:
    world.sync(*a_run(0, 2))
    world.at(ASK_CONFIRM)
    world.pump()
    assert asked(world) == [("confirm", "A1")]


def test_a_long_run_is_asked_as_far_as_it_reaches(world: World) -> None:
    world.sync(*a_run(*range(12)))
    world.at(ASK_CONFIRM)
    world.pump()
    assert len(asked(world)) == 12


@pytest.mark.both_databases
def test_c_confirms_every_day_that_was_asked_about(world: World) -> None:
    world.sync(*a_run(0, 1, 2))
    world.at(ASK_CONFIRM)
    world.pump()
    world.text("C")
    assert confirmed(world) == ["A1", "A2", "A3"]
    assert [row.decision for row in world.all(select(inbound))] == ["appointment confirmed (3); answered: confirmed"]
    assert world.tasks() == []
    world.check()


def test_a_day_that_moved_since_is_not_confirmed_and_the_others_are(world: World) -> None:
    world.sync(*a_run(0, 1, 2))
    world.at(ASK_CONFIRM)
    world.pump()
    moved = an_entry("A2", patient=ALONE, booking=a_booking(FIRST + DAY + timedelta(hours=3)))
    world.sync(a_run(0)[0], moved, a_run(2)[0])
    world.text("C")
    assert confirmed(world) == ["A1", "A3"]
    world.check()


def test_where_every_day_moved_since_the_new_times_are_asked(world: World) -> None:
    world.sync(*a_run(0, 1))
    world.at(ASK_CONFIRM)
    world.pump()
    later = [an_entry(f"A{n + 1}", patient=ALONE, booking=a_booking(FIRST + (n + 9) * DAY)) for n in range(2)]
    world.sync(*later, options=SyncOptions(is_approved=True))
    world.text("C")
    assert confirmed(world) == []
    world.pump()
    assert "Your session is now" in world.bodies[-1]
    world.text("C")
    assert confirmed(world) == ["A1", "A2"]


def test_several_sessions_named_in_one_text_are_all_asked_about_and_confirmed(world: World) -> None:
    two = [an_entry(f"A{n}", patient=ALONE, booking=a_booking(FIRST + n * timedelta(hours=3))) for n in (1, 2)]
    world.sync(*two)
    world.at(ASK_CONFIRM)
    assert world.pump() == 1
    world.text("C")
    assert confirmed(world) == ["A1", "A2"]


# ----- the patient's own page


def token(world: World, place: int = -1) -> str:
    word = next(word for word in world.email.sent[place].text.split() if "/r/" in word)
    return word.rpartition("/")[2].rstrip(".")


def mailed(world: World, when: datetime) -> str:
    world.at(when)
    assert world.pump(Channel.EMAIL) == 1
    return token(world)


def test_a_page_names_every_day_of_the_run_and_its_answer_holds_for_all(world: World) -> None:
    world.sync(*a_run(0, 1, 2, patient=BY_MAIL))
    link = mailed(world, ASK_CONFIRM)
    page = read_page(world.deps, link)
    assert page is not None
    assert page.when == "Mon Mar 15, 9:00 AM; Tue Mar 16, 9:00 AM; Wed Mar 17, 9:00 AM"
    assert not page.is_confirmed
    assert respond_by_link(world.deps, link, LinkAnswer.CONFIRM)
    assert confirmed(world) == ["A1", "A2", "A3"]
    page = read_page(world.deps, link)
    assert page is not None
    assert (page.is_confirmed, page.has_ride) == (True, False)


def test_a_ride_for_a_run_is_a_ride_for_each_of_its_days(world: World) -> None:
    world.sync(*a_run(0, 1, 2, patient=BY_MAIL))
    mailed(world, ASK_CONFIRM)
    link = mailed(world, ASK_RIDE)
    assert respond_by_link(world.deps, link, LinkAnswer.RIDE)
    assert rides(world) == ["A1", "A2", "A3"]
    go_until(world, FIRST + 3 * DAY)
    assert [row.kind for row in world.messages()].count("ride_check") == 1


def test_a_page_drops_the_day_that_moved_and_keeps_the_others(world: World) -> None:
    world.sync(*a_run(0, 1, 2, patient=BY_MAIL))
    link = mailed(world, ASK_CONFIRM)
    moved = an_entry("A1", patient=BY_MAIL, booking=a_booking(FIRST + timedelta(hours=3)))
    world.sync(moved, *a_run(1, 2, patient=BY_MAIL))
    page = read_page(world.deps, link)
    assert page is not None
    assert page.is_current
    assert page.when == "Tue Mar 16, 9:00 AM; Wed Mar 17, 9:00 AM"
    assert respond_by_link(world.deps, link, LinkAnswer.CONFIRM)
    assert confirmed(world) == ["A2", "A3"]


def test_a_page_of_one_session_answers_for_no_other(world: World) -> None:
    world.sync(*a_run(0, 2, patient=BY_MAIL))
    link = mailed(world, ASK_CONFIRM)
    respond_by_link(world.deps, link, LinkAnswer.CONFIRM)
    assert confirmed(world) == ["A1"]


# ----- one question, and the other one next


def test_of_two_questions_on_one_day_the_second_is_asked_with_the_next_message(world: World) -> None:
    world.at(ASK_RIDE + timedelta(hours=4))
    world.sync(*a_run(0))
    assert world.pump() == 1
    assert asked(world) == [("confirm", "A1")]
    go_until(world, FIRST)
    assert asked(world) == [("confirm", "A1"), ("ride", "A1")]
    assert [(row.kind, row.asks) for row in world.messages()] == [("ride_check", "confirm"), ("remind_final", "ride")]
    world.check()


def test_a_question_that_was_answered_meanwhile_is_not_asked(world: World) -> None:
    world.at(ASK_RIDE + timedelta(hours=4))
    world.sync(*a_run(0))
    world.pump()
    with world.store.transaction() as tx:
        tx.connection.execute(rows.appointment.update().values(ride_version=1))
    go_until(world, FIRST)
    assert [row.asks for row in world.messages()] == ["confirm", None]


@pytest.mark.both_databases
def test_a_question_about_a_time_that_is_no_more_is_not_owed(world: World) -> None:
    world.at(ASK_RIDE + timedelta(hours=4))
    world.sync(*a_run(0, 3))
    world.pump()
    assert asked(world) == [("confirm", "A1")]
    moved = an_entry("A1", patient=ALONE, booking=a_booking(FIRST + 14 * DAY))
    world.sync(moved, *a_run(3))
    go_until(world, FIRST + 3 * DAY)
    about = world.all(select(question.c.version, question.c.kind).where(question.c.kind == "ride"))
    assert [row.version for row in about] == [1]
    assert asked(world)[1:] == [("confirm", "A4"), ("ride", "A4")]


@pytest.mark.both_databases
def test_a_question_that_the_text_had_no_room_for_stays_owed(store: Store) -> None:
    sender = "Riverside Clinic of the Northern River"
    short = {"caps": {"per_day": 3, "per_week": 9, "characters": 100}, "sender": sender}
    world = World(store, only("remind_confirm", **short))
    world.sync(*a_run(0))
    world.at(ASK_CONFIRM)
    assert world.pump() == 1
    assert [row.asks for row in world.messages()] == [None]
    assert world.count("question") == world.count("link") == 0
    world.text("C")
    assert confirmed(world) == ["A1"], "there is only one visit that a plain C can mean"


@pytest.mark.both_databases
def test_a_question_of_a_message_that_never_left_is_asked_again(world: World) -> None:
    world.sync(*a_run(0))
    world.at(ASK_CONFIRM)
    assert dispatch_due(world.deps) == 1
    with world.store.transaction() as tx:
        tx.connection.execute(rows.message.update().values(state="suppressed", reason="cap"))
    world.at(ASK_RIDE)
    assert world.pump() == 1
    assert asked(world) == [("confirm", "A1"), ("confirm", "A1")]
    world.text("C")
    assert confirmed(world) == ["A1"]


def test_the_question_of_a_series_that_was_stopped_is_not_asked_with_another_message(world: World) -> None:
    world.at(ASK_RIDE + timedelta(hours=4))
    stopped = an_entry("A1", patient=ALONE, booking=a_booking(FIRST, series_id="S1", series_number=1))
    world.sync(stopped, *a_run(3))
    world.pump()
    assert asked(world) == [("confirm", "A1")]
    subject = Subject(PauseKind.SERIES, "S1", None)
    pause(world.deps, subject, reason="the physician stopped it", by="nurse")
    go_until(world, FIRST + 3 * DAY)
    assert asked(world)[1:] == [("confirm", "A4"), ("ride", "A4")]


# ----- what is late beside what is on time


def test_news_that_is_late_takes_its_turn_though_something_else_leaves_to_the_same_patient(store: Store) -> None:
    world = World(store, only("booked", "moved", "remind_confirm", catch_up_per_minute=1))
    people = [a_record(f"P{n}", phone=f"+1202555010{n}", email=None) for n in range(1, 3)]
    soon = [an_entry(f"A{n}", patient=record, booking=a_booking(FIRST)) for n, record in enumerate(people)]
    far = [an_entry(f"B{n}", patient=record, booking=a_booking(FIRST + 9 * DAY)) for n, record in enumerate(people)]
    world.sync(*soon, *far, options=SyncOptions(is_announced=True))
    world.pump()
    world.at(ASK_CONFIRM - 30 * MINUTE)
    moved = [replace(entry, booking=replace(entry.booking, starts_at=FIRST + 10 * DAY)) for entry in far]
    world.sync(*soon, *moved)
    world.at(ASK_CONFIRM)
    sent = len(world.messages())
    world.pump()
    assert sorted(row.kind for row in world.messages()[sent:]) == ["moved", "remind_confirm", "remind_confirm"]
    world.later(MINUTE)
    world.pump()
    assert [row.kind for row in world.messages()].count("moved") == 2
    world.check()
