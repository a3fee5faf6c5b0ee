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
from reminders.store.conversation_rows import check_in, escalation, inbound, question
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.services.deaths import DyingStore, Killed, When
from tests.world import CONFIRM_AT, MINUTE, PHONE, World, only

START = NOON + timedelta(days=14)
ALONE = a_record(email=None)
ON_CALL = "+12025550199"
CHAIN = [{"name": "Nurse on call", "phone": ON_CALL}]
RIDE_AT = local("2027-03-14 13:00")
CHECK_AT = START + timedelta(hours=27)


def a_world(store: Store, *steps: str, **parts: Any) -> World:  # noqa: ANN401 - any part of a clinic's document
    return World(store, only(*steps, escalation=CHAIN, **parts))


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """Return a clinic whose patient has been asked whether they come."""
    world = a_world(sqlite_store, "remind_confirm")
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 1
    return world


def asked_about_ride(store: Store, **parts: Any) -> World:  # noqa: ANN401 - any part of a clinic's document
    world = a_world(store, "ride_check", **parts)
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(RIDE_AT)
    assert world.pump() == 1
    return world


def asked_how_they_are(store: Store, **parts: Any) -> World:  # noqa: ANN401 - any part of a clinic's document
    world = a_world(store, "checkin_24h", assume_fulfilled=True, **parts)
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CHECK_AT)
    assert world.pump() == 1
    return world


def visit(world: World, name: str = "A1") -> Any:  # noqa: ANN401 - a row
    (row,) = world.all(select(rows.appointment).where(rows.appointment.c.external_id == name))
    return row


def is_confirmed(world: World, name: str = "A1") -> bool:
    row = visit(world, name)
    return bool(row.confirmed_version == row.version)


def is_opted_out(world: World) -> bool:
    return any(row.opted_out_at is not None for row in world.all(select(rows.contact)))


def last(world: World) -> Any:  # noqa: ANN401 - a row
    return world.all(select(inbound).order_by(inbound.c.received_at, inbound.c.id))[-1]


def new_texts(world: World, to: str = PHONE) -> list[str]:
    """Send what waits, and return what arrived at a phone by it."""
    before = len(world.sms.sent)
    world.pump()
    return [sent.text.body for sent in world.sms.sent[before:] if sent.text.to == to]


def scores(world: World) -> list[int | None]:
    return [row.score for row in world.all(select(check_in).order_by(check_in.c.answered_at))]


# ----- 1 to 3, 23: opting out


@pytest.mark.parametrize(
    "body",
    [
        "STOP",
        "stop.",
        " Stop ",
        "STOP PLEASE",
        "Stop 🛑",
        "opt out",
        "please opt me out",
        "No Mas",
        "quítenme de la lista",
    ],
)
def test_line_1_an_opt_out_in_any_wording_ends_everything_and_is_confirmed_once(world: World, body: str) -> None:
    world.text(body)
    assert is_opted_out(world)
    (confirmation,) = new_texts(world)
    assert "START" in confirmation
    world.text(body)
    assert new_texts(world) == []
    world.check()


@pytest.mark.parametrize("body", ["the pain won't stop", "can I stop by at 3?", "should I stop my meds?"])
def test_line_2_stop_about_something_else_is_no_opt_out_and_goes_to_staff(world: World, body: str) -> None:
    world.text(body)
    assert not is_opted_out(world)
    assert world.tasks()


def test_line_3_cancel_opts_out_and_has_the_patient_phoned_while_the_session_stands(world: World) -> None:
    world.text("cancel")
    assert is_opted_out(world)
    assert "phone_patient" in world.tasks()
    assert visit(world).status == "booked"


def test_line_3_please_cancel_my_appt_is_about_the_visit(world: World) -> None:
    world.text("please cancel my appt")
    assert not is_opted_out(world)
    assert world.tasks() == ["declined"]
    assert visit(world).status == "booked"


def test_line_23_stopping_a_part_stops_everything_and_a_person_asks(sqlite_store: Store) -> None:
    world = asked_how_they_are(sqlite_store)
    world.text("stop the check ins but keep reminders")
    assert is_opted_out(world)
    assert "call_wanted" in world.tasks()


# ----- 4 to 6, 17 to 19, 24: whether they come


@pytest.mark.parametrize("body", ["NO WORRIES MATE", "no problem see you then"])
def test_line_4_a_no_that_means_yes_is_never_a_decline(world: World, body: str) -> None:
    world.text(body)
    assert "declined" not in world.tasks()
    assert is_confirmed(world) or world.tasks() == ["reply_unclear"]


def test_line_5_no_sorry_is_a_decline_for_staff(world: World) -> None:
    world.text("No sorry")
    assert world.tasks() == ["declined"]
    assert not is_confirmed(world)


def test_line_6_yes_confirms_and_changes_no_consent(world: World) -> None:
    world.text("YES")
    assert is_confirmed(world)
    assert world.count("permission_event") == 0


def test_line_6_yes_of_somebody_who_opted_out_by_keyword_subscribes_again_and_confirms_nothing(
    sqlite_store: Store,
) -> None:
    world = a_world(sqlite_store, "remind_confirm")
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.text("STOP")
    world.text("YES")
    assert not is_opted_out(world)
    assert not is_confirmed(world)
    assert "opted_in" in world.tasks()


def test_line_17_a_reply_after_a_move_confirms_nothing_and_the_new_time_is_asked(world: World) -> None:
    moved = START + timedelta(days=2)
    world.sync(an_entry(patient=ALONE, booking=a_booking(moved)))
    world.text("C")
    assert not is_confirmed(world)
    (text,) = new_texts(world)
    assert "Thu Mar 18" in text
    assert "Reply C" in text
    world.text("C")
    assert is_confirmed(world)
    assert visit(world).confirmed_version == 2
    world.check()


def test_line_18_of_two_sessions_the_one_is_confirmed_that_the_last_message_named(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, "remind_confirm")
    world.sync(
        an_entry("A1", patient=ALONE, booking=a_booking(START)),
        an_entry("A2", patient=ALONE, booking=a_booking(START + timedelta(days=5))),
    )
    world.at(CONFIRM_AT)
    world.pump()
    world.text("C")
    assert (is_confirmed(world, "A1"), is_confirmed(world, "A2")) == (True, False)
    (text,) = new_texts(world)
    assert "Tue Mar 16, 1:00 PM" in text or "Tue Mar 16, noon" in text


def test_line_19_on_a_phone_of_two_patients_nobody_is_guessed(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, "remind_confirm")
    first = an_entry("A1", patient=a_record("P1", email=None), booking=a_booking(START))
    second = an_entry("A2", patient=a_record("P2", name="Lee Rivers", email=None), booking=a_booking(START))
    world.sync(first, second)
    world.at(CONFIRM_AT)
    world.pump()
    world.text("C")
    assert not is_confirmed(world, "A1")
    assert not is_confirmed(world, "A2")
    assert world.tasks() == ["reply_unclear"]
    assert new_texts(world) == []


@pytest.mark.parametrize("body", ["Ok gracias", "sí", "confirmo"])
def test_line_24_a_yes_in_spanish_confirms(world: World, body: str) -> None:
    world.text(body)
    assert is_confirmed(world)


def test_line_24_thanks_alone_keep_the_question_open(world: World) -> None:
    world.text("gracias")
    assert not is_confirmed(world)
    assert world.tasks() == []
    world.text("C")
    assert is_confirmed(world)


# ----- 7 to 9, 20, 25: what is no answer


def test_line_7_a_reaction_to_our_own_words_is_nothing(world: World) -> None:
    world.text(
        "Liked “Riverside Clinic: your session is Tue. Reply C to confirm or R to change. Text STOP to opt out.”"
    )
    assert not is_confirmed(world)
    assert not is_opted_out(world)
    assert world.tasks() == []
    assert new_texts(world) == []


def test_line_8_words_that_only_look_like_a_reaction_go_to_staff(world: World) -> None:
    world.text("Loved “Dune” and see you Tuesday")
    assert world.tasks() == ["reply_unclear"]


def test_line_9_a_driving_auto_reply_is_never_answered(world: World) -> None:
    for _ in range(2):
        world.text("I'm driving with Do Not Disturb While Driving turned on. I'll see your message when I get there.")
    assert new_texts(world) == []
    assert world.tasks() == []


def test_a_driving_auto_reply_on_the_evening_of_a_session_is_seen_by_staff(sqlite_store: Store) -> None:
    world = a_world(sqlite_store, "remind_confirm")
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(START + timedelta(hours=5))
    world.text("I'm driving with Do Not Disturb While Driving turned on. I'll see your message when I get there.")
    (task,) = world.all(select(rows.task))
    assert (task.kind, task.urgency) == ("reply_unclear", "low")


def test_line_20_an_empty_text_with_a_photo_goes_to_staff_unanswered(world: World) -> None:
    store_text(world.deps, InboundText("SMphoto", PHONE, "+12025550100", "", 1))
    receive_replies(world.deps)
    assert world.tasks() == ["reply_unclear"]
    assert new_texts(world) == []


def test_line_25_of_fifteen_replies_in_a_minute_all_are_kept_and_few_answered(world: World) -> None:
    for _ in range(15):
        world.text("what time again?")
        world.later(timedelta(seconds=4))
    assert len(new_texts(world)) == 3
    assert world.count("inbound") == 15
    assert len(world.tasks()) == 15
    world.check()


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
