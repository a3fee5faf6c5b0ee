"""Requirement 45: an alarm is over when somebody took it over: by reply, in the worklist, and only once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.check_ins import Concern
from reminders.core.delivery import MessageState
from reminders.core.reminders import Reason
from reminders.core.timeline.events import EventKind
from reminders.services.escalate import Alarm, climb, has_open, raise_alarm
from reminders.services.explain import Query, explain
from reminders.store import clinics, conversation_rows, rows
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.services.alarm_cases import (
    CALLED,
    FIRST,
    MINUTE,
    NIGHT,
    RED_FLAG,
    SECOND,
    alarmed,
    at_once,
    begun,
    called,
    climb_of,
    code,
    hears,
    later,
    patient,
    send,
    taken,
)
from tests.world import PHONE, World, only

pytestmark = pytest.mark.both_databases


@pytest.fixture
def world(sqlite_store: Store) -> World:
    return begun(sqlite_store, CALLED)


def test_the_code_from_any_phone_of_the_chain_stops_the_climb(world: World) -> None:
    alarmed(world)
    send(world)
    assert hears(world, f"{code(world)} on my way", SECOND) == f"staff took over {code(world)}"
    assert (climb_of(world).acknowledged_by, climb_of(world).acknowledged_at) == ("Second nurse", NIGHT)
    send(world)
    later(world, timedelta(hours=3))
    assert called(world) == [FIRST]
    assert world.bodies[-1] == f"Riverside Clinic: {code(world)} is taken over. Nothing more is sent about it."


@pytest.mark.parametrize("word", ["ok", "OK!", "Got it.", "on it", "Yes", "I'm on it", "voy", "sí"])
def test_a_word_is_enough_from_who_was_called_about_one_alarm(world: World, word: str) -> None:
    alarmed(world)
    send(world)
    assert hears(world, word) == f"staff took over {code(world)}"
    assert climb_of(world).acknowledged_by == "Nurse on call"


def test_a_word_takes_nothing_over_from_somebody_who_was_not_called(world: World) -> None:
    alarmed(world)
    send(world)
    assert "takes nothing over" in str(hears(world, "ok", SECOND))
    assert climb_of(world).acknowledged_at is None


def test_with_two_alarms_open_a_word_takes_neither_and_the_codes_are_named_once_an_hour(world: World) -> None:
    world.sync(an_entry(), an_entry("A2", patient=a_record("P2", phone="+12025550102", email=None)))
    alarmed(world)
    with world.store.transaction() as tx:
        clinic_id = next(iter(clinics.every(tx)))
        alarm = Alarm(clinic_id, Concern.HIGH_SCORE, patient_id=patient(world, "P2"))
        raise_alarm(tx, world.deps, alarm, is_patient_told=True, now=NIGHT)
    send(world)
    codes = [row.code for row in world.all(select(conversation_rows.escalation))]
    assert len(set(codes)) == 2
    hears(world, "ok")
    hears(world, "hello?")
    send(world)
    open_now = f"Open now: {codes[0]}, {codes[1]}. Reply one of them to take it over."
    assert world.bodies[2:] == [f"Riverside Clinic: nobody reads texts to this number. {open_now}"]
    assert hears(world, f"{codes[0]} and {codes[1]}") == f"staff took over {codes[0]}, {codes[1]}"


def test_what_staff_write_with_nothing_open_is_nobodys_task(world: World) -> None:
    assert hears(world, "who is this") is not None
    world.pump()
    assert "nothing is open for you" in world.bodies[0]
    assert world.tasks() == []


@pytest.mark.parametrize(
    ("body", "sender"), [("STOP", FIRST), ("please stop texting me", FIRST), ("ok", "+12025550199")]
)
def test_an_opt_out_and_a_strange_number_are_not_for_us(world: World, body: str, sender: str) -> None:
    alarmed(world)
    send(world)
    assert hears(world, body, sender) is None


def test_a_patient_who_is_on_the_chain_takes_over_by_code_only(sqlite_store: Store) -> None:
    world = begun(sqlite_store, only("remind_confirm", escalation=[{"name": "Owner", "phone": PHONE}]))
    alarmed(world)
    world.pump()
    assert hears(world, "yes", PHONE) is None
    assert hears(world, code(world), PHONE) == f"staff took over {code(world)}"


def test_acknowledging_the_task_stops_the_climb_and_ends_what_waits(world: World) -> None:
    key = alarmed(world)
    assert taken(world, key)
    assert world.states() == [(MessageState.CANCELLED, Reason.ACKNOWLEDGED)]
    assert not taken(world, key, by="Noor")
    found = world.all(select(rows.task))[0]
    assert (found.acknowledged_by, found.acknowledged_at) == ("Mara", NIGHT)
    later(world, timedelta(hours=1))
    assert called(world) == []
    world.check()


def test_a_task_of_another_kind_stops_no_climb(world: World) -> None:
    alarmed(world)
    assert not taken(world, "reply_unclear:none")
    assert climb_of(world).acknowledged_at is None


def test_the_patients_story_says_that_staff_were_called_and_who_took_over(world: World) -> None:
    key = alarmed(world, is_patient_told=False)
    send(world)
    later(world, 5 * MINUTE)
    taken(world, key)
    told = [item for item in explain(world.deps, Query("P1")).events if item.kind is EventKind.ALARM]
    assert [(item.what, item.why, item.state) for item in told] == [
        ("Staff called: words that may mean danger", "No text could go out. Called: 2 times.", "taken over"),
        ("Taken over by Mara", "Nobody else is called.", ""),
    ]


def test_a_reply_from_the_one_who_was_called_ends_it_and_is_no_patients_task(world: World) -> None:
    world.text(RED_FLAG)
    world.pump()
    world.text("on it", sender=FIRST)
    assert climb_of(world).acknowledged_by == "Nurse on call"
    assert world.tasks() == ["escalation"]
    later(world, timedelta(hours=2))
    assert called(world) == [FIRST]
    with world.store.reading() as tx:
        assert not has_open(tx, patient(world))


def test_who_is_on_call_may_opt_out_like_everybody(world: World) -> None:
    world.text("STOP", sender=FIRST)
    world.text(RED_FLAG)
    send(world)
    later(world, timedelta(seconds=1))
    assert called(world) == [SECOND]
    assert climb_of(world).acknowledged_at is None


def test_two_climbers_at_once_tell_the_next_once(store: Store) -> None:
    world = begun(store, CALLED)
    alarmed(world)
    world.later(5 * MINUTE)
    assert sum(at_once([lambda: climb(world.deps)] * 2)) == 1
    assert len(world.messages()) == 2


def test_two_who_take_over_at_once_are_one_who_did(store: Store) -> None:
    world = begun(store, CALLED)
    key = alarmed(world)
    send(world)
    assert sorted(at_once([lambda: taken(world, key, "Mara"), lambda: taken(world, key, "Noor")])) == [False, True]
    assert len(world.messages()) == 2


def test_a_climb_that_meets_who_takes_over_leaves_nothing_to_be_sent(store: Store) -> None:
    world = begun(store, CALLED)
    key = alarmed(world)
    world.later(5 * MINUTE)
    at_once([lambda: taken(world, key), lambda: climb(world.deps)])
    send(world)
    assert climb_of(world).acknowledged_by == "Mara"
    assert climb(world.deps) == 0
    assert not [state for state, _ in world.states() if state in {"due", "held", "claimed"}]
