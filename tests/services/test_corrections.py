from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.corrections import Reading
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import InboundId
from reminders.core.replies import Intent
from reminders.core.staff import Actor, Right, Role, actor
from reminders.core.tasks import TaskKind
from reminders.core.timeline.events import EventKind
from reminders.core.transport import RideState
from reminders.services.apply_clinics import known_clinics
from reminders.services.correct_reading import Corrected, correct_reading
from reminders.services.explain import Query, explain
from reminders.services.read_worklist import read_worklist
from reminders.store import rows
from reminders.store.console_rows import correction
from reminders.store.staff_rows import audit_event
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, an_entry
from tests.services.conversation_cases import (
    ALONE,
    ON_CALL,
    START,
    a_world,
    answers,
    asked_about_ride,
    asked_how_they_are,
    asked_whether_they_come,
    is_confirmed,
    is_opted_out,
    last,
    new_texts,
    scores,
    visit,
)
from tests.world import CONFIRM_AT, PHONE, World

RIDDLE = "blorf the gromp"
"""What no rule reads."""


def at_the_desk(world: World, *, role: Role = Role.FRONT_DESK, name: str = "Alex") -> Actor:
    every = [clinic.id for clinic in known_clinics(world.deps)]
    return actor(None, name, dict.fromkeys(every, role), every_clinic=every)


def correct(world: World, *intents: Intent, score: int | None = None, text: Any = None) -> Corrected:  # noqa: ANN401
    key = InboundId((text or last(world)).id)
    return correct_reading(world.deps, at_the_desk(world), key, Reading(frozenset(intents), score))


def open_tasks(world: World) -> list[str]:
    found = world.all(select(rows.task.c.kind).where(rows.task.c.resolved_at.is_(None)).order_by(rows.task.c.kind))
    return [row.kind for row in found]


def test_an_unclear_reply_is_corrected_to_a_yes_and_the_session_stands_confirmed(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    assert open_tasks(world) == ["reply_unclear"]
    assert not is_confirmed(world)
    done = correct(world, Intent.CONFIRM)
    assert done.is_new
    assert "corrected by Alex: appointment confirmed" in done.done
    assert is_confirmed(world)
    assert open_tasks(world) == []
    assert last(world).intents == "confirm"
    assert len(new_texts(world)) == 1
    world.check()


def test_the_same_correction_twice_is_once(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    first, second = correct(world, Intent.CONFIRM), correct(world, Intent.CONFIRM)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.done == second.done
    assert world.count("correction") == 1
    assert len(new_texts(world)) == 1


def test_of_two_who_correct_at_once_one_does_and_the_other_finds_it_done(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda _: correct(world, Intent.CONFIRM), range(2)))
    assert sorted(item.is_new for item in found) == [False, True]
    assert world.count("correction") == 1


@pytest.mark.both_databases
def test_who_corrected_what_is_kept_and_logged(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    correct(world, Intent.CONFIRM)
    (kept,) = world.all(select(correction))
    assert (kept.intents_before, kept.intents, kept.made_by) == ("unclear", "confirm", "Alex")
    (deed,) = world.all(select(audit_event).where(audit_event.c.deed == "reading_corrected"))
    assert deed.by == "Alex"
    assert deed.about == f"inbound:{last(world).id}"


def test_a_yes_that_was_none_is_taken_back_and_somebody_asks(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text("C")
    assert is_confirmed(world)
    world.later(timedelta(minutes=5))
    done = correct(world, Intent.QUESTION)
    assert not is_confirmed(world)
    assert "earlier confirmation taken back" in done.done
    assert "unconfirmed" in open_tasks(world)


@pytest.mark.both_databases
def test_a_yes_of_another_text_is_not_taken_back(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    riddle = last(world)
    correct(world, Intent.CONFIRM)
    world.later(timedelta(minutes=5))
    world.text("thanks")
    correct(world, Intent.UNCLEAR)
    assert is_confirmed(world)
    correct(world, Intent.QUESTION, text=riddle)
    assert not is_confirmed(world)


def test_a_no_that_was_read_as_a_yes_takes_the_yes_back_and_has_the_patient_phoned(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text("C")
    world.later(timedelta(minutes=5))
    correct(world, Intent.DECLINE)
    assert not is_confirmed(world)
    assert "declined" in open_tasks(world)


def test_a_ride_is_noted_and_a_missing_one_gets_its_task(store: Store) -> None:
    world = asked_about_ride(store)
    world.text(RIDDLE)
    correct(world, Intent.HAS_RIDE)
    assert visit(world).ride_state is RideState.ARRANGED
    world.later(timedelta(minutes=5))
    correct(world, Intent.NEEDS_RIDE)
    assert visit(world).ride_version is None
    assert "ride_wanted" in open_tasks(world)


def test_a_missed_red_flag_raises_the_alarm_once(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    correct(world, Intent.RED_FLAG)
    correct(world, Intent.RED_FLAG)
    assert open_tasks(world) == ["escalation"]
    assert world.count("escalation") == 1
    assert world.count("message") >= 2


@pytest.mark.both_databases
def test_a_missed_opt_out_closes_the_address_and_nothing_more_leaves(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    world.later(timedelta(hours=2))
    correct(world, Intent.OPT_OUT)
    assert is_opted_out(world)
    assert new_texts(world) == []


def test_what_the_first_reading_did_is_told_and_left(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text("STOP")
    done = correct(world, Intent.QUESTION)
    assert is_opted_out(world)
    assert any("The opt-out stays" in line for line in done.left)


def test_a_score_that_was_not_read_is_kept_once_and_a_worse_one_alarms(store: Store) -> None:
    world = asked_how_they_are(store)
    world.text(RIDDLE)
    assert scores(world) == [None]
    correct(world, Intent.SCORE, score=10)
    assert scores(world) == [10]
    assert "escalation" in open_tasks(world)
    correct(world, Intent.SCORE, score=10)
    assert scores(world) == [10]


@pytest.mark.both_databases
def test_a_corrected_score_holds_in_the_place_of_the_wrong_one_which_only_the_story_tells(store: Store) -> None:
    world = asked_how_they_are(store)
    world.text("1")
    assert scores(world) == [1]
    world.later(timedelta(minutes=5))
    correct(world, Intent.SCORE, score=10)
    assert scores(world) == [10]
    assert "escalation" in open_tasks(world)
    [item] = answers(world)
    assert item.corrected is not None
    assert (item.corrected.score, item.answered_at < item.corrected.at) == (1, True)
    [line] = [event for event in explain(world.deps, Query("P1")).events if event.kind is EventKind.CHECK_IN]
    assert line.what == "Check-in answered: 10 of 10, as Alex corrected it; read first as 1 of 10"
    assert world.count("check_in") == 1


def test_the_newest_correction_of_a_score_holds_and_one_that_is_no_score_takes_it_away(store: Store) -> None:
    world = asked_how_they_are(store)
    world.text("9")
    for score, standing in ((4, [4]), (5, [5]), (None, [None])):
        world.later(timedelta(minutes=5))
        correct(world, Intent.SYMPTOM if score is None else Intent.SCORE, score=score)
        assert scores(world) == standing


def test_an_alarm_by_a_wrong_score_says_that_it_was_corrected_and_stays_to_be_closed(store: Store) -> None:
    world = asked_how_they_are(store)
    world.text("9")
    assert "escalation" in open_tasks(world)
    world.later(timedelta(minutes=5))
    correct(world, Intent.SCORE, score=0)
    assert "escalation" in open_tasks(world)
    [line] = [line for line in read_worklist(world.deps).lines if line.task.kind is TaskKind.ESCALATION]
    assert line.corrected is not None
    assert (line.corrected.made_by, line.corrected.score) == ("Alex", 0)


def moved_after_a_riddle(store: Store) -> World:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    world.later(timedelta(minutes=30))
    world.sync(an_entry(patient=ALONE, booking=a_booking(START + timedelta(days=1))))
    return world


def test_an_older_text_does_not_confirm_what_moved_after_it_but_asks_about_the_new_time(store: Store) -> None:
    world = moved_after_a_riddle(store)
    done = correct(world, Intent.CONFIRM)
    assert not is_confirmed(world)
    assert "asked about an earlier time" in done.done


def test_an_older_text_does_not_answer_a_later_question_about_a_later_time(store: Store) -> None:
    world = moved_after_a_riddle(store)
    world.at(CONFIRM_AT + timedelta(days=1, hours=2))
    world.pump()
    done = correct(world, Intent.CONFIRM)
    assert not is_confirmed(world)
    assert "the session changed after this was written" in done.done
    assert "reply_unclear" in open_tasks(world)


def test_the_patient_s_last_word_counts_more_than_an_older_text(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    riddle = last(world)
    world.later(timedelta(minutes=5))
    world.text("I can't come")
    done = correct(world, Intent.CONFIRM, text=riddle)
    assert not is_confirmed(world)
    assert "a later text speaks of whether they come" in done.done


def test_an_old_text_is_answered_by_no_machine(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    world.later(timedelta(hours=20))
    correct(world, Intent.CONFIRM)
    assert is_confirmed(world)
    assert new_texts(world) == []


@pytest.mark.both_databases
def test_a_text_of_another_clinic_does_not_exist(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RIDDLE)
    stranger = actor(None, "Sam", {}, every_clinic=[clinic.id for clinic in known_clinics(world.deps)])
    auditor = at_the_desk(world, role=Role.AUDITOR)
    assert Right.WORK not in auditor.rights()
    for who in (stranger, auditor):
        with pytest.raises(NotFoundError):
            correct_reading(world.deps, who, InboundId(last(world).id), Reading(frozenset({Intent.CONFIRM})))
    assert world.count("correction") == 0


def test_what_is_read_like_that_already_is_no_correction(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text("C")
    with pytest.raises(InputError, match="read like that already"):
        correct(world, Intent.CONFIRM)


def test_a_stranger_s_opt_out_is_obeyed_too(store: Store) -> None:
    world = a_world(store, "remind_confirm")
    world.text(RIDDLE, sender="+12025550177")
    correct(world, Intent.OPT_OUT)
    assert is_opted_out(world)


@pytest.mark.both_databases
def test_nobody_corrects_what_staff_wrote(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text("I want to kill myself", sender=PHONE)
    world.pump()
    world.text("what is this", sender=ON_CALL)
    assert last(world).intent == "staff"
    with pytest.raises(InputError, match="no patient wrote this"):
        correct(world, Intent.CONFIRM)
