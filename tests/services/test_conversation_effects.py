"""Replies, section 5: what happens to whoever writes these words, from the text to the last row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.patients import Channel
from reminders.core.transport import RidePolicy
from reminders.ports import InboundText
from reminders.services.receive_replies import receive_replies, store_text
from reminders.store import rows
from reminders.store.conversation_rows import escalation, question
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry, local
from tests.services.conversation_cases import (
    ALONE,
    ON_CALL,
    START,
    a_world,
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
from tests.services.deaths import DyingStore, Killed, When
from tests.world import CONFIRM_AT, MINUTE, PHONE, World


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """Return a clinic whose patient has been asked whether they come."""
    return asked_whether_they_come(sqlite_store)


# ----- 10, 14, 15: how somebody is


def test_line_10_seven_of_ten_is_a_score_where_one_was_asked_for(sqlite_store: Store) -> None:
    world = asked_how_they_are(sqlite_store)
    world.text("7/10")
    assert scores(world) == [7]
    assert [row.answered_at is None for row in world.all(select(question))] == [False]
    assert len(new_texts(world)) == 1


def test_line_10_a_range_is_kept_read_and_asked_about_once(sqlite_store: Store) -> None:
    world = asked_how_they_are(sqlite_store)
    world.text("6-7")
    assert scores(world) == [None]
    assert "one number" in new_texts(world)[0]
    world.text("6 to 7")
    assert new_texts(world) == []
    assert set(world.tasks()) == {"reply_unclear"}
    world.text("6")
    assert scores(world) == [None, None, 6]


def test_line_10_a_number_that_nobody_asked_for_goes_to_staff(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, "remind_confirm")
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.text("7")
    assert scores(world) == []
    assert world.tasks() == ["reply_unclear"]


RED_FLAGS = ["chest feels tight", "cant breathe", "want to die", "no quiero vivir", "took 20 pills 💊"]
AT_NIGHT = local("2027-03-14 03:30")


@pytest.mark.parametrize("body", RED_FLAGS)
def test_line_14_a_red_flag_at_three_in_the_morning_reaches_staff_and_the_patient_hears_whom_to_call(
    world: World, body: str
) -> None:
    world.at(AT_NIGHT)
    world.text(body)
    before = len(world.sms.sent)
    world.pump()
    arrived = {sent.text.to: sent.text.body for sent in world.sms.sent[before:]}
    assert set(arrived) == {PHONE, ON_CALL}
    assert "911" in arrived[PHONE]
    assert "988" in arrived[PHONE]
    assert world.all(select(escalation))[0].is_patient_told
    assert "escalation" in world.tasks()
    world.check()


def test_line_14_a_red_flag_of_somebody_who_opted_out_tells_staff_that_no_text_can_go(world: World) -> None:
    world.text("STOP")
    new_texts(world)
    world.text("chest feels tight")
    assert new_texts(world) == []
    (row,) = world.all(select(escalation))
    assert not row.is_patient_told
    assert [sent.text.to for sent in world.sms.sent][-1] == ON_CALL


def test_line_14_a_red_flag_inside_a_confirmation_leaves_both_standing(world: World) -> None:
    world.text("C. pain is 8 today and chest feels tight")
    assert is_confirmed(world)
    assert world.count("escalation") == 1
    (text,) = new_texts(world)
    assert "911" in text


def test_line_14_a_red_flag_from_an_unknown_number_alarms_without_a_patient(world: World) -> None:
    world.text("he passed out and wont wake up", sender="+12025557777")
    (row,) = world.all(select(escalation))
    assert row.patient_id is None
    assert "911" in new_texts(world, "+12025557777")[0]


def test_the_numbers_to_call_are_not_repeated_while_staff_have_not_taken_over(world: World) -> None:
    world.text("cant breathe")
    assert len(new_texts(world)) == 1
    world.text("chest hurts")
    assert new_texts(world) == []
    assert world.tasks().count("escalation") == 2
    assert world.count("escalation") == 1


def test_line_15_this_pain_is_killing_me_is_read_by_staff_and_alarms_only_where_the_clinic_wants_it(
    sqlite_store: Store,
) -> None:
    world = asked_how_they_are(sqlite_store)
    world.text("this pain is killing me")
    assert world.count("escalation") == 0
    assert "911" not in (world.bodies[-1] if len(world.sms.sent) > 1 else "")
    assert [row.urgency for row in world.all(select(rows.task))] == ["low"]


def test_line_15_a_clinic_may_take_idioms_at_their_word(sqlite_store: Store) -> None:
    world = asked_how_they_are(sqlite_store, idioms="high")
    world.text("this pain is killing me")
    assert [row.concern for row in world.all(select(escalation))] == ["idiom"]


def test_a_high_score_alarms_staff_and_tells_the_patient_whom_to_call(sqlite_store: Store) -> None:
    world = asked_how_they_are(sqlite_store)
    world.text("9")
    assert [row.concern for row in world.all(select(escalation))] == ["high_score"]
    (text,) = new_texts(world)
    assert "911" in text


# ----- 11 to 13: the ride


def test_line_11_yes_but_no_ride_is_two_facts_and_nowhere_all_set(world: World) -> None:
    world.text("Yes but I don't have a ride")
    assert is_confirmed(world)
    assert visit(world).ride_state == "needed"
    assert world.tasks() == ["ride_wanted"]
    (text,) = new_texts(world)
    assert "need a ride" in text
    assert "all set" not in text


@pytest.mark.parametrize(
    ("policy", "state", "tasks"),
    [(RidePolicy.ADULT_PRESENT, "hired", ["ride_wanted"]), (RidePolicy.HIRE_OK, "arranged", [])],
)
def test_line_12_a_hired_car_is_judged_by_the_clinics_policy(
    sqlite_store: Store, policy: RidePolicy, state: str, tasks: Sequence[str]
) -> None:
    world = asked_about_ride(sqlite_store, ride_policy=policy.value)
    world.text("uber")
    assert visit(world).ride_state == state
    assert world.tasks() == tasks


def test_line_13_driving_oneself_is_a_matter_of_safety(sqlite_store: Store) -> None:
    world = asked_about_ride(sqlite_store)
    world.text("I'll drive myself")
    assert visit(world).ride_state == "self"
    assert world.tasks() == ["self_drive"]
    assert "must not drive" in new_texts(world)[0]


# ----- 16, 22: who and what


def test_line_16_a_wrong_number_is_suspended_and_told_nothing(world: World) -> None:
    world.text("wrong number")
    assert "wrong_number" in world.tasks()
    assert new_texts(world) == []
    assert [row.fault for row in world.all(select(rows.contact).where(rows.contact.c.channel == Channel.SMS))] == [
        "wrong_number"
    ]
    world.at(START)
    assert world.pump() == 0
    world.check()


def test_line_16_who_is_this_is_told_the_clinics_name_and_phone(world: World) -> None:
    world.text("who is this")
    (text,) = new_texts(world)
    assert "Riverside Clinic" in text
    assert "+12025550100" in text
    assert not is_opted_out(world)


def test_line_22_a_question_about_medicines_goes_to_staff_and_gets_no_advice(world: World) -> None:
    world.text("can i take my meds")
    assert world.tasks() == ["question"]
    (text,) = new_texts(world)
    assert text == "Riverside Clinic: Our team will read your message. For a quick answer call +12025550100."


def test_a_death_puts_the_patient_on_hold_at_once(world: World) -> None:
    world.text("he passed away last week")
    assert "deceased" in world.tasks()
    assert new_texts(world) == []
    assert [row.kind for row in world.all(select(rows.pause))] == ["patient"]
    world.at(START)
    assert world.pump() == 0
    world.check()


# ----- 21: one effect, whatever happens between


def test_line_21_the_same_text_twice_has_one_effect(world: World) -> None:
    assert world.text("Yes but I don't have a ride", provider_id="SMtwice")
    assert not world.text("Yes but I don't have a ride", provider_id="SMtwice")
    assert world.tasks() == ["ride_wanted"]
    assert len(new_texts(world)) == 1


def test_everything_that_a_text_says_is_kept_with_its_words_and_shown(world: World) -> None:
    text = "No I can't make it, can we do Thursday after 2? also stop texting this number use my cell"
    world.text(text)
    row = last(world)
    assert set(row.intents.split(",")) >= {"opt_out", "decline", "reschedule"}
    opened = json.loads(opened_understood(world, row))
    assert all(
        text[item["start"] : item["end"]].strip() and item["rule"]
        for finding in opened["findings"]
        for item in finding["evidence"]
    )
    assert {"declined", "reschedule"} <= set(world.tasks())
    notes = notes_of(world)
    assert "Thursday after 2" in notes["reschedule"]


def opened_understood(world: World, row: Any) -> str:  # noqa: ANN401 - a row
    with world.store.reading() as tx:
        return tx.vault.open("inbound.understood", row.id, row.understood)


def notes_of(world: World) -> dict[str, str]:
    with world.store.reading() as tx:
        found = tx.connection.execute(select(rows.task).where(rows.task.c.note.is_not(None))).all()
        return {row.kind.value: tx.vault.open("task.note", row.id, row.note) for row in found}


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("at", [1, 2])
def test_line_21_a_worker_may_die_anywhere_in_it_and_the_effect_is_one(world: World, at: int, when: When) -> None:
    store_text(world.deps, InboundText("SMonce", PHONE, "+12025550100", "Yes but no ride. chest feels tight", 0))
    world.change(store=DyingStore(world.store, at=at, when=when))
    with suppress(Killed):
        receive_replies(world.deps)
    world.change(store=world.store)
    for _ in range(2):
        receive_replies(world.deps)
    assert is_confirmed(world)
    assert sorted(world.tasks()) == ["escalation", "ride_wanted"]
    assert world.count("escalation") == 1
    assert len(new_texts(world)) == 1
    world.check()


# ----- late, on the day


@pytest.mark.parametrize(
    ("at", "tasks"), [(START - timedelta(minutes=20), ["running_late"]), (CONFIRM_AT + MINUTE, ["reply_unclear"])]
)
def test_being_late_is_told_to_staff_on_the_day_itself(world: World, at: datetime, tasks: list[str]) -> None:
    world.at(at)
    world.text("running 15 late")
    assert [task for task in world.tasks() if task in {"running_late", "reply_unclear"}] == tasks


def test_an_answer_is_written_in_the_patients_language(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, "remind_confirm")
    world.sync(an_entry(patient=a_record(email=None, language="es"), booking=a_booking(START)))
    world.at(CONFIRM_AT)
    world.pump()
    world.text("C")
    assert new_texts(world)[0].startswith("Riverside Clinic: Gracias")


def test_a_clinic_may_write_its_own_answers(sqlite_store: Store) -> None:
    world = a_world(
        sqlite_store, "remind_confirm", templates={"en": {"answer_confirmed": "See you {{when}}, {{sender}}"}}
    )
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CONFIRM_AT)
    world.pump()
    world.text("C")
    assert new_texts(world)[0].endswith(", Riverside Clinic")
