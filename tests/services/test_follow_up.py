"""A check-in that nobody answers: one more question, through the usual gate, then a task; an answer ends both."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reminders.adapters.random_ids import RandomIdentity
from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import Absent
from reminders.core.patients import Channel
from reminders.core.pauses import PauseKind
from reminders.services.dispatch_due import dispatch_due
from reminders.services.follow_up import follow_up
from reminders.services.pause import Subject, pause
from reminders.services.sync_schedule import SyncOptions
from reminders.store import tasks
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.services.check_in_cases import (
    ASKED,
    BY_MAIL,
    BY_TEXT,
    EXPIRES,
    NUDGED,
    SESSION,
    a_world,
    answer,
    ask,
    fulfilled,
    questions,
    together,
)
from tests.world import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(sqlite_store: Store) -> World:
    world = a_world(sqlite_store)
    ask(world)
    assert len(world.bodies) == 1
    return world


def swept(world: World) -> int:
    """Let the sweep run and what it wrote leave; return how many messages reached the patient by now."""
    follow_up(world.deps)
    world.pump(Channel.SMS)
    world.pump(Channel.EMAIL)
    return len(world.bodies) + len(world.email.sent)


def kinds(world: World) -> list[tuple[str, str, str | None]]:
    return [(row.kind, row.state, row.reason) for row in world.messages()]


def test_after_six_hours_without_an_answer_we_ask_once_more_and_never_again(world: World) -> None:
    world.at(NUDGED - MINUTE)
    assert swept(world) == 1
    world.at(NUDGED)
    assert swept(world) == 2
    assert "we would still like to hear from you" in world.bodies[-1]
    assert "0 (none) to 10 (worst)" in world.bodies[-1]
    (question,) = questions(world)
    assert question.nudged_at == NUDGED
    for hours in range(1, 6):
        world.at(NUDGED + timedelta(hours=hours))
        assert swept(world) == 2
    assert world.tasks() == []
    world.check()


def test_the_nudge_speaks_the_patients_language(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    ask(world, a_record(email=None, language="es"))
    world.at(NUDGED)
    swept(world)
    assert "nos gustaria saber de usted" in world.bodies[-1]


def test_a_clinic_says_when_it_asks_again_or_that_it_never_does(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, check_in={"nudge_hours": 2})
    ask(world)
    world.at(ASKED + timedelta(hours=2))
    assert swept(world) == 2


def test_a_clinic_that_never_asks_again_still_hears_of_silence(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, check_in={"nudge_hours": "off"})
    ask(world)
    world.at(NUDGED)
    assert swept(world) == 1
    world.at(EXPIRES)
    swept(world)
    assert world.tasks() == ["check_in_unanswered"]


def test_without_an_answer_it_lapses_and_staff_see_it(world: World) -> None:
    world.at(NUDGED)
    swept(world)
    world.at(EXPIRES - MINUTE)
    swept(world)
    assert world.tasks() == []
    world.at(EXPIRES)
    assert follow_up(world.deps) == 1
    assert follow_up(world.deps) == 0
    (question,) = questions(world)
    assert (question.answered_at, question.lapsed_at) == (None, EXPIRES)
    assert world.tasks() == ["check_in_unanswered"]
    world.check()


def test_an_answer_before_the_nudge_leaves_nothing_to_ask(world: World) -> None:
    answer(world, 4)
    world.at(NUDGED)
    assert swept(world) == 1
    world.at(EXPIRES)
    assert swept(world) == 1
    assert world.tasks() == []


def test_an_answer_while_the_nudge_waits_ends_it(world: World) -> None:
    world.at(NUDGED)
    follow_up(world.deps)
    answer(world, 4)
    world.pump()
    assert kinds(world)[-1] == ("checkin_nudge", "cancelled", "answered")
    assert len(world.bodies) == 1
    world.check()


def test_an_answer_to_the_nudge_answers_the_question_and_a_second_number_counts_for_nothing(world: World) -> None:
    world.at(NUDGED)
    swept(world)
    assert answer(world, 4) is None
    assert answer(world, 9) is None
    assert [row.answered_at for row in questions(world)] == [NUDGED]
    assert world.count("check_in") == 1


def test_words_without_a_number_keep_the_question_open_and_are_not_nudged(world: World) -> None:
    answer(world, None, "much better thanks")
    world.at(NUDGED)
    assert swept(world) == 1
    world.at(EXPIRES)
    swept(world)
    assert world.tasks() == ["check_in_unanswered"]


def test_an_answer_after_all_resolves_the_task(world: World) -> None:
    world.at(EXPIRES)
    swept(world)
    answer(world, 5)
    with world.store.reading() as tx:
        assert tasks.waiting(tx) == []


@pytest.mark.parametrize(
    ("minutes_late", "messages"),
    [(0, 2), (4 * 60, 1)],
)
def test_in_quiet_hours_that_last_until_the_end_nobody_is_asked_again(
    sqlite_store: Store, minutes_late: int, messages: int
) -> None:
    # Asked at 14:40, six hours later it is night, and at nine in the morning the answer counts no more.
    world = a_world(sqlite_store)
    ask(world, start=SESSION + timedelta(minutes=minutes_late))
    world.at(NUDGED + timedelta(minutes=minutes_late))
    assert swept(world) == messages
    assert [row.nudged_at is None for row in questions(world)] == [messages == 1]
    world.check()


def test_a_nudge_at_night_waits_for_the_morning_where_the_answer_still_counts(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, "checkin_72h")
    world.sync(fulfilled("A1", BY_TEXT, start=local("2027-03-08 13:00")), options=SyncOptions(is_approved=True))
    world.at(local("2027-03-11 14:40"))
    world.pump()
    world.at(local("2027-03-11 20:40"))
    assert swept(world) == 1
    world.at(local("2027-03-12 09:00"))
    assert swept(world) == 2
    world.check()


def test_a_nudge_does_not_leave_once_the_next_session_began(world: World) -> None:
    world.at(NUDGED)
    follow_up(world.deps)
    world.sms.answer_next(Absent("busy", retry_after=timedelta(hours=1)))
    world.pump()
    soon = a_booking(NUDGED + timedelta(minutes=30), status=AppointmentStatus.BOOKED)
    world.sync(fulfilled("A1", BY_TEXT), an_entry("A2", patient=BY_TEXT, booking=soon, line=3))
    world.at(NUDGED + timedelta(hours=2))
    world.pump()
    assert kinds(world)[-1] == ("checkin_nudge", "suppressed", "overtaken")
    world.check()


def test_a_nudge_does_not_reach_who_opted_out_meanwhile(world: World) -> None:
    world.at(NUDGED)
    follow_up(world.deps)
    world.text("STOP")
    world.pump()
    assert kinds(world)[1] == ("checkin_nudge", "cancelled", "opted_out")
    world.check()


def test_a_nudge_does_not_reach_who_is_on_hold(world: World) -> None:
    pause(world.deps, Subject(PauseKind.PATIENT, "P1"), reason="in hospital", by="desk")
    world.at(NUDGED)
    assert swept(world) == 1
    assert kinds(world)[-1] == ("checkin_nudge", "suppressed", "on_hold")
    assert world.tasks() == []
    world.check()


def test_a_nudge_counts_for_the_caps_and_gives_way_to_them(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, caps={"per_day": 1})
    ask(world)
    world.at(NUDGED)
    assert swept(world) == 1
    assert kinds(world)[-1][1:] == ("suppressed", "cap")
    assert world.tasks() == []
    world.check()


def test_a_nudge_goes_to_the_same_mailbox_with_a_page_of_its_own(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    ask(world, BY_MAIL)
    world.at(NUDGED)
    assert swept(world) == 2
    first, second = (next(word for word in mail.text.split() if "/r/" in word) for mail in world.email.sent)
    assert first != second


def test_a_check_in_that_never_left_is_no_silence(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    world.change(sms=None)
    world.sync(fulfilled("A1", BY_TEXT), options=SyncOptions(is_approved=True))
    world.at(ASKED)
    dispatch_due(world.deps)
    world.at(EXPIRES)
    follow_up(world.deps)
    assert [row.lapsed_at for row in questions(world)] == [EXPIRES]
    assert "check_in_unanswered" not in world.tasks()


def test_marking_the_outcome_late_does_not_take_the_nudge_away(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, assume_fulfilled=True)
    world.sync(an_entry(patient=BY_TEXT, booking=a_booking(SESSION, series_id="S1", series_number=1)))
    world.at(ASKED)
    world.pump()
    assert len(world.bodies) == 1
    world.sync(fulfilled("A1", BY_TEXT), options=SyncOptions(is_approved=True))
    world.at(NUDGED)
    assert swept(world) == 2


def two_questions(store: Store) -> World:
    """Return a world in which one patient was asked about a series and a later session, and answered nothing."""
    world = a_world(store, "checkin_24h", "outcome_7d", check_in={"nudge_hours": "off"})
    evening = fulfilled("A2", BY_TEXT, start=local("2027-03-17 20:00"), series_id=None, line=3)
    world.sync(fulfilled("A1", BY_TEXT), evening, options=SyncOptions(is_approved=True))
    for at in (ASKED, local("2027-03-15 10:00"), local("2027-03-19 09:00")):
        world.at(at)
        swept(world)
    assert [row.kind for row in world.messages()] == ["checkin_24h", "outcome_7d", "checkin_24h"]
    return world


def test_what_nobody_answers_is_one_task_for_a_patient_and_day(sqlite_store: Store) -> None:
    world = two_questions(sqlite_store)
    assert world.tasks() == ["check_in_unanswered"]
    world.at(local("2027-03-19 10:00"))
    assert follow_up(world.deps) == 2
    assert world.tasks() == ["check_in_unanswered"] * 2


def test_one_number_answers_all_that_was_asked_by_now(sqlite_store: Store) -> None:
    world = two_questions(sqlite_store)
    answer(world, 3)
    assert [row.answered_at is not None for row in questions(world)] == [False, True, True]
    world.at(local("2027-03-19 10:00"))
    assert follow_up(world.deps) == 0
    assert world.count("check_in") == 1


@pytest.mark.both_databases
def test_two_sweeps_at_once_nudge_once_and_open_one_task(store: Store) -> None:
    world = a_world(store)
    world.change(identity=RandomIdentity())
    ask(world)
    for at in (NUDGED, EXPIRES):
        world.at(at)
        together(*[lambda: follow_up(world.deps)] * 2)
        assert [row.kind for row in world.messages()] == ["checkin_24h", "checkin_nudge"]
    assert world.tasks() == ["check_in_unanswered"]
    assert world.count("question") == 1
