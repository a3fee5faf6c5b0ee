"""What patients write on their page is a reply: kept once, read, answered there, corrected, and obeyed as a text is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from reminders.core.corrections import Reading
from reminders.core.ids import InboundId
from reminders.core.patients import Channel
from reminders.core.replies import Intent
from reminders.core.staff import Role, actor
from reminders.core.timeline.events import EventKind
from reminders.services.apply_clinics import known_clinics
from reminders.services.correct_reading import correct_reading
from reminders.services.explain import Query, explain
from reminders.services.read_inbox import Show, find_thread, read_inbox, read_thread
from reminders.services.receive_replies import receive_replies
from reminders.services.respond_by_link import LinkAnswer, Wish, read_page, respond_by_link
from reminders.store import rows
from reminders.store.conversation_rows import escalation, inbound, permission_event
from reminders.store.unit_of_work import Store
from tests.builders import a_booking, a_record, an_entry
from tests.services.conversation_cases import CHAIN, ON_CALL, START, new_texts
from tests.services.test_unread_texts import FaultyStore
from tests.world import CONFIRM_AT, PHONE, World, only

BOTH = a_record(has_sms_consent=False)
"""A patient with a phone, who is written to by mail."""
FORM = "f" * 32
DANGER = "any day, I want to die"


def asked_by_mail(store: Store) -> World:
    """Return a clinic whose patient has been asked by mail whether they come."""
    world = World(store, only("remind_confirm", "remind_final", escalation=CHAIN))
    world.sync(an_entry(patient=BOTH, booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump(Channel.EMAIL) == 1
    return world


@pytest.fixture
def world(store: Store) -> World:
    """Return that clinic, over each database."""
    return asked_by_mail(store)


def token(world: World) -> str:
    words = next(mail.text for mail in world.email.sent if "/r/" in mail.text)
    return next(word for word in words.split() if "/r/" in word).rpartition("/")[2].rstrip(".")


def writes(world: World, words: str, *, form: str = FORM) -> bool:
    return respond_by_link(world.deps, token(world), LinkAnswer.RESCHEDULE, wish=Wish(words, words, form))


def answer(world: World) -> str:
    page = read_page(world.deps, token(world))
    assert page is not None
    return page.answer


def written(world: World) -> list[Any]:
    return world.all(select(inbound).order_by(inbound.c.received_at, inbound.c.id))


def at_the_desk(world: World) -> Any:  # noqa: ANN401 - an actor
    every = [clinic.id for clinic in known_clinics(world.deps)]
    return actor(None, "Alex", dict.fromkeys(every, Role.FRONT_DESK), every_clinic=every)


def test_words_on_a_page_are_one_reply_of_its_patient_about_its_session(world: World) -> None:
    assert writes(world, "Thursday after two please")
    assert writes(world, "Thursday after two please"), "the same form a second time"
    (row,) = written(world)
    (visit,) = world.all(select(rows.appointment))
    assert (row.channel, row.patient_id, row.appointment_id) == ("page", visit.patient_id, visit.id)
    assert (row.intents, row.handled_at is not None) == ("reschedule", True)
    (task,) = world.all(select(rows.task))
    assert (task.kind, task.inbound_id) == ("reschedule", row.id)
    assert answer(world) == "", "that they are called is said by the page itself"
    told = explain(world.deps, Query("P1")).events
    assert [event.what for event in told if event.kind is EventKind.REPLY] == ["Patient wrote on their page"]


def test_the_button_says_what_they_want_of_the_session_whatever_their_words(world: World) -> None:
    writes(world, "yes I can come on Friday, my sister drives me")
    (row,) = written(world)
    assert "confirm" not in row.intents.split(",")
    assert {"reschedule", "has_ride"} <= set(row.intents.split(","))
    (visit,) = world.all(select(rows.appointment))
    assert (visit.confirmed_version, visit.ride_version) == (None, visit.version)


@pytest.mark.both_databases
def test_danger_calls_staff_once_and_the_page_names_the_numbers_and_no_message_leaves(world: World) -> None:
    sent = (len(world.email.sent), len(new_texts(world, PHONE)))
    writes(world, DANGER)
    writes(world, DANGER)
    assert sorted(world.tasks()) == ["escalation", "reschedule"]
    (climb,) = world.all(select(escalation))
    assert climb.is_patient_told
    assert "911" in answer(world)
    assert len(new_texts(world, ON_CALL)) == 1
    assert (len(world.email.sent), len(new_texts(world, PHONE))) == sent
    writes(world, DANGER, form="g" * 32)
    assert len(written(world)) == 2, "another form is another word"
    assert world.count("escalation") == 1, "and joins the climb"
    world.later(timedelta(hours=1, seconds=1))
    assert answer(world) == "", "who opens the page later reads nothing of it"
    world.check()


@pytest.mark.both_databases
def test_an_opt_out_on_a_page_closes_every_address_of_its_patient(world: World) -> None:
    writes(world, "please stop texting and mailing me")
    addresses = world.all(select(rows.contact))
    assert {row.channel for row in addresses} == {Channel.SMS, Channel.EMAIL}
    assert all(row.opted_out_at is not None and row.opted_out_by == "link" for row in addresses)
    (row,) = written(world)
    kept = world.all(select(permission_event))
    assert {(one.source, one.inbound_id, one.is_granted) for one in kept} == {("link", row.id, False)}
    assert "no more messages" in answer(world)
    world.at(START - timedelta(hours=20))
    assert world.pump() == world.pump(Channel.EMAIL) == 0
    world.check()


def test_no_word_on_a_page_ends_an_opt_out(world: World) -> None:
    writes(world, "stop writing to me")
    writes(world, "START", form="g" * 32)
    assert all(row.opted_out_at is not None for row in world.all(select(rows.contact)))
    assert written(world)[-1].intents == "opt_in,reschedule" or written(world)[-1].intents == "reschedule,opt_in"
    assert [row.inbound_id for row in world.all(select(rows.task)) if row.kind == "reschedule"] == [
        written(world)[-1].id
    ]


@pytest.mark.both_databases
def test_staff_find_it_in_the_conversation_with_what_the_page_answered_and_correct_it(world: World) -> None:
    who = at_the_desk(world)
    writes(world, "will the nurse from last time be there?")
    (row,) = written(world)
    text_id = InboundId(row.id)
    (line,) = read_inbox(world.deps, who, Show.PERSON).threads
    assert line.id is not None
    thread = read_thread(world.deps, who, find_thread(world.deps, who, text_id))
    (said,) = [text for text in thread.texts if text.id == row.id]
    assert said.is_page  # type: ignore[union-attr]  # what a patient wrote
    assert said.answer == answer(world) != ""  # type: ignore[union-attr]  # what a patient wrote
    done = correct_reading(world.deps, who, text_id, Reading(frozenset({Intent.RED_FLAG, Intent.OPT_OUT}), None))
    assert done.is_new
    assert "escalation" in world.tasks()
    assert [one.opted_out_by for one in world.all(select(rows.contact))].count("link") == len(Channel)
    assert "911" in answer(world)
    (climb,) = world.all(select(escalation))
    assert not climb.is_patient_told, "nobody knows whether they look at the page again"
    world.check()


def test_a_correction_to_a_yes_confirms_the_session_of_the_page(world: World) -> None:
    writes(world, "blorf the gromp")
    (row,) = written(world)
    correct_reading(world.deps, at_the_desk(world), InboundId(row.id), Reading(frozenset({Intent.CONFIRM}), None))
    (visit,) = world.all(select(rows.appointment))
    assert visit.confirmed_version == visit.version


@pytest.mark.both_databases
def test_words_that_cannot_be_read_at_once_wait_for_the_next_reader_and_danger_in_them_calls(world: World) -> None:
    assert writes(world, "a")
    with world.store.transaction() as tx:  # as if nobody had been there to read it
        tx.connection.execute(update(inbound).values(handled_at=None, body=_sealed(world, DANGER)))
    world.change(store=FaultyStore(world.store, faults=1))
    receive_replies(world.deps)
    assert "escalation" in world.tasks()
    assert [row.handled_at for row in written(world)] == [None]
    receive_replies(world.deps)
    assert [row.handled_at is not None for row in written(world)] == [True]
    assert world.count("escalation") == 1


def _sealed(world: World, words: str) -> bytes:
    (row,) = written(world)
    return world.store.vault.seal("inbound.body", row.id, words)


def test_a_page_of_a_session_that_moved_takes_no_words(world: World) -> None:
    world.sync(an_entry(patient=BOTH, booking=a_booking(START + timedelta(hours=2))))
    assert not writes(world, DANGER)
    assert not written(world)


def test_pressed_by_many_at_once_it_is_one_reply_one_task_and_one_alarm(postgres_store: Store) -> None:
    world = asked_by_mail(postgres_store)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: writes(world, DANGER), range(8)))
    assert (world.count("inbound"), world.count("escalation")) == (1, 1)
    assert sorted(world.tasks()) == ["escalation", "reschedule"]
    assert "911" in answer(world)
