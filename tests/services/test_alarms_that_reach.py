"""Requirement 45: what could keep an alarm from a person, tried: other words, other clinics, other alarms, faults."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from reminders.core.delivery import MessageState, ReceiptStatus
from reminders.core.escalations import notice_key
from reminders.ports import InboundText
from reminders.services.escalate import climb
from reminders.services.receive_replies import receive_replies, store_text
from reminders.store import rows
from reminders.store.conversation_rows import escalation
from reminders.store.unit_of_work import Store
from tests.services.alarm_cases import (
    CALLED,
    FIRST,
    MINUTE,
    RED_FLAG,
    SECOND,
    alarmed,
    begun,
    called,
    climb_of,
    code,
    hears,
    later,
    send,
)
from tests.services.conversation_cases import asked_whether_they_come, is_opted_out, last, new_texts
from tests.world import PHONE, World, only

STRANGER = "+12025559999"
TWO = [{"name": "First", "phone": FIRST}, {"name": "Second", "phone": SECOND}]


@pytest.fixture
def world(store: Store) -> World:
    return begun(store, CALLED)


@pytest.mark.both_databases
def test_an_ok_to_the_news_that_one_alarm_is_taken_over_takes_no_other_over(store: Store) -> None:
    world = begun(store, only("remind_confirm", escalation=TWO))
    alarmed(world)
    send(world)
    first = code(world)
    later(world, 5 * MINUTE)
    world.text("i want to kill myself", sender=STRANGER)
    send(world)
    later(world, 5 * MINUTE)
    hears(world, first, FIRST)
    send(world)
    assert hears(world, "ok", SECOND) == "from staff, and takes nothing over; answered with the open codes"
    (still,) = (row for row in world.all(select(escalation)) if row.code != first)
    assert still.acknowledged_at is None
    later(world, 10 * MINUTE)
    assert hears(world, "ok", FIRST) == f"staff took over {still.code}", "the last that they heard of is this one"


def test_a_code_beside_an_opt_out_takes_over_and_the_opt_out_holds(world: World) -> None:
    alarmed(world)
    send(world)
    world.text(f"STOP {code(world)}", sender=FIRST)
    assert climb_of(world).acknowledged_at is not None
    assert "opted out" in last(world).decision
    assert is_opted_out(world)


def test_what_the_provider_took_for_a_stop_is_one_from_staff_too(world: World) -> None:
    store_text(world.deps, InboundText("SMstaff", FIRST, "+12025550100", "no idea", 0, opt_out_type="STOP"))
    receive_replies(world.deps)
    assert is_opted_out(world)
    assert new_texts(world, FIRST) == []


def test_a_red_flag_from_a_phone_on_the_chain_is_an_alarm_where_none_is_open(world: World) -> None:
    world.text(RED_FLAG, sender=FIRST)
    assert climb_of(world).patient_id is None
    assert world.tasks() == ["escalation"]


def test_staff_who_speak_of_an_open_alarm_raise_no_second_one(world: World) -> None:
    alarmed(world)
    send(world)
    world.text("she says her chest feels tight and she cant breathe", sender=FIRST)
    assert world.count("escalation") == 1
    assert climb_of(world).acknowledged_at is None


@pytest.mark.parametrize("slugs", [("alpha", "beta"), ("beta", "alpha")])
def test_an_unknown_number_alarms_the_clinic_that_has_somebody_to_call(store: Store, slugs: tuple[str, str]) -> None:
    bare, calling = slugs
    world = World(
        store,
        only("remind_confirm") | {"slug": bare},
        only("remind_confirm", escalation=TWO) | {"slug": calling},
    )
    world.text(RED_FLAG, sender=STRANGER)
    send(world)
    assert called(world) == [FIRST]


def test_numbers_for_an_emergency_that_never_left_are_sent_again(store: Store) -> None:
    world = asked_whether_they_come(store)
    world.text(RED_FLAG)
    world.text("STOP")
    assert ("cancelled", "opted_out") in world.states()
    world.text("START")
    world.text(RED_FLAG)
    assert any("911" in body for body in new_texts(world, PHONE))
    world.text(RED_FLAG)
    assert new_texts(world, PHONE) == [], "once is enough"


@pytest.mark.both_databases
def test_a_stop_right_after_a_red_flag_lets_staff_know_that_no_text_can_go(store: Store) -> None:
    world = begun(store, CALLED)
    world.text(RED_FLAG)
    world.text("STOP")
    send(world)
    later(world, timedelta(seconds=5))
    assert called(world) == [FIRST, FIRST]
    first, second = (body for body in world.bodies if "needs you now" in body)
    assert "no text can go to them" not in first
    assert f"no text can go to them. Open the worklist and phone. Reply {code(world)} " in second
    later(world, timedelta(seconds=5))
    assert called(world) == [FIRST, FIRST], "it is said once"
    later(world, 5 * MINUTE)
    assert called(world) == [FIRST, FIRST, SECOND]
    assert "no text can go to them" in world.bodies[-1], "and by each notice from then on"
    assert hears(world, code(world)) is not None
    world.check()


def test_numbers_that_left_before_a_stop_need_no_word_to_staff(world: World) -> None:
    world.text(RED_FLAG)
    send(world)
    world.text("STOP")
    later(world, timedelta(seconds=5))
    assert called(world) == [FIRST]
    assert climb_of(world).is_patient_told


def test_numbers_that_did_not_arrive_are_told_to_staff_like_those_that_could_not_leave(world: World) -> None:
    world.text(RED_FLAG)
    send(world)
    (sent,) = (sent for sent in world.sms.sent if sent.text.to == PHONE)
    world.receipt(sent.text.tag, ReceiptStatus.UNDELIVERED)
    later(world, timedelta(seconds=5))
    assert called(world) == [FIRST, FIRST]
    assert not climb_of(world).is_patient_told


def test_what_is_wrong_with_one_climb_keeps_no_other_from_going_on(world: World) -> None:
    alarmed(world)
    world.text(RED_FLAG, sender=STRANGER)
    send(world)
    assert called(world) == [FIRST, FIRST]
    first, second = world.all(select(escalation).order_by(escalation.c.next_at, escalation.c.id))
    taken = select(rows.message.c.id).where(rows.message.c.state == MessageState.ACCEPTED).limit(1)
    with world.store.transaction() as tx:  # a row that makes the first climb's next notice impossible
        key = notice_key(first.id, 1, 0)
        tx.connection.execute(update(rows.message).where(rows.message.c.id.in_(taken)).values(request_key=key))
    world.later(timedelta(minutes=6))
    assert climb(world.deps) == 1
    rungs = {row.id: row.rung for row in world.all(select(escalation))}
    assert (rungs[first.id], rungs[second.id]) == (1, 2)


def test_a_stop_of_who_is_on_call_sends_the_climb_on_at_once(world: World) -> None:
    alarmed(world)
    world.text("STOP", sender=FIRST)
    send(world)
    assert called(world) == []
    later(world, timedelta(seconds=5))
    assert called(world) == [SECOND]
