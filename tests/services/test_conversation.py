"""Replies, section 5: what happens to whoever writes these words, from the text to the last row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.ports import InboundText
from reminders.services.receive_replies import receive_replies, store_text
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry
from tests.services.conversation_cases import (
    ALONE,
    START,
    a_world,
    asked_how_they_are,
    asked_whether_they_come,
    is_confirmed,
    is_opted_out,
    new_texts,
    visit,
)
from tests.world import CONFIRM_AT, PHONE, World


@pytest.fixture
def world(sqlite_store: Store) -> World:
    """Return a clinic whose patient has been asked whether they come."""
    return asked_whether_they_come(sqlite_store)


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
