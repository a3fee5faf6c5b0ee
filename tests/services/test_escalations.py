"""Requirement 45: a red flag reaches a person, day or night, and climbs until somebody takes it over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.allow_list import AllowList
from reminders.core.check_ins import Concern
from reminders.core.consent import Source
from reminders.core.delivery import MessageState, ReceiptStatus, Refusal, Rejected
from reminders.core.reminders import Reason
from reminders.ports import Job
from reminders.services.apply_clinics import apply_clinics
from reminders.services.escalate import Alarm, climb, has_open, raise_alarm
from reminders.services.opt_out import Said, opt_out_address
from reminders.store import clinics, rows
from reminders.store.unit_of_work import Store
from tests.services.alarm_cases import (
    CALLED,
    CHAIN,
    FIRST,
    MAIL,
    MINUTE,
    NIGHT,
    RED_FLAG,
    SECOND,
    alarmed,
    begun,
    called,
    climb_of,
    code,
    later,
    patient,
    send,
    taken,
)
from tests.world import PHONE, World, only


@pytest.fixture
def world(sqlite_store: Store) -> World:
    return begun(sqlite_store, CALLED)


@pytest.mark.parametrize("concern", Concern)
def test_at_three_in_the_night_the_first_of_the_chain_is_texted_at_once(world: World, concern: Concern) -> None:
    alarmed(world, concern)
    world.pump()
    assert called(world) == [FIRST]
    assert world.bodies == [
        f"Riverside Clinic: a patient needs you now. Open the worklist. Reply {code(world)} to take it over."
    ]
    assert world.tasks() == ["escalation"]
    world.check()


def test_a_notice_names_no_patient_in_its_words_and_in_no_column(world: World) -> None:
    alarmed(world)
    notice = world.messages()[0]
    assert (notice.patient_id, notice.appointment_id, notice.recipient, notice.origin) == (None, None, "staff", "alert")
    world.pump()
    assert not any(word in world.bodies[0] for word in ("Dana", "pain", "chest", PHONE))


def test_staff_are_told_where_no_text_can_go_to_the_patient(world: World) -> None:
    alarmed(world, is_patient_told=False)
    world.pump()
    assert "no text can go to them" in world.bodies[0]


def test_the_climb_goes_up_three_rungs_and_round_again_more_slowly(world: World) -> None:
    alarmed(world)
    send(world)
    assert climb(world.deps) == 0
    later(world, 5 * MINUTE)
    assert called(world) == [FIRST, SECOND]
    later(world, 9 * MINUTE)
    assert called(world) == [FIRST, SECOND]
    later(world, MINUTE)
    assert called(world) == [FIRST, SECOND, MAIL]
    later(world, 5 * MINUTE)
    assert [sent.text.to for sent in world.sms.sent] == [FIRST, SECOND, FIRST]
    later(world, 9 * MINUTE)
    assert len(world.sms.sent) == 3
    later(world, MINUTE)
    assert [sent.text.to for sent in world.sms.sent] == [FIRST, SECOND, FIRST, SECOND]
    world.check()


def test_a_second_alarm_soon_after_joins_and_is_ended_with_the_first(world: World) -> None:
    first = alarmed(world)
    send(world)
    world.later(30 * MINUTE)
    second = alarmed(world)
    assert first != second
    assert world.tasks() == ["escalation", "escalation"]
    assert world.count("escalation") == 1
    assert taken(world, second)
    assert {row.acknowledged_by for row in world.all(select(rows.task))} == {"Mara"}


def test_an_alarm_after_an_hour_or_after_somebody_took_over_begins_a_climb_of_its_own(world: World) -> None:
    key = alarmed(world)
    world.later(timedelta(hours=1))
    alarmed(world)
    assert world.count("escalation") == 2
    taken(world, key)
    with world.store.reading() as tx:
        assert has_open(tx, patient(world))


def test_who_opted_out_is_not_called_and_the_next_is_called_at_once(world: World) -> None:
    alarmed(world)
    send(world)
    taken(world, world.all(select(rows.task.c.key))[0].key)
    world.pump()
    with world.store.transaction() as tx:
        opt_out_address(tx, world.deps, FIRST, Said(Source.KEYWORD, "test"), now=NIGHT)
    world.sms.sent.clear()
    alarmed(world)
    send(world)
    later(world, timedelta(seconds=2))
    assert called(world) == [SECOND]
    assert (MessageState.SUPPRESSED, Reason.OPTED_OUT) in world.states()
    assert world.tasks() == ["escalation", "escalation"]
    world.check()


def test_who_is_not_on_the_allow_list_is_passed_over(world: World) -> None:
    world.change(allow_list=AllowList(frozenset({SECOND})))
    alarmed(world)
    send(world)
    later(world, timedelta(seconds=2))
    assert called(world) == [SECOND]


def test_who_cannot_be_delivered_to_is_passed_over(world: World) -> None:
    alarmed(world)
    send(world)
    tag = world.sms.sent[0].text.tag
    world.receipt(tag, ReceiptStatus.UNDELIVERED, refusal=Refusal.ADDRESS, code="30006")
    later(world, timedelta(seconds=2))
    assert called(world) == [FIRST, SECOND]
    world.check()


def test_a_refusal_by_the_provider_passes_over(world: World) -> None:
    world.sms.answer_next(Rejected(Refusal.CONTENT, "30007", "filtered"))
    alarmed(world)
    send(world)
    later(world, timedelta(seconds=2))
    assert called(world) == [SECOND]


def test_a_chain_of_dead_numbers_is_not_run_through_day_and_night(world: World) -> None:
    world.change(allow_list=AllowList(frozenset()))
    alarmed(world)
    for _ in range(20):
        send(world)
        later(world, timedelta(seconds=2))
    assert len(world.messages()) == 3
    later(world, 10 * MINUTE)
    assert len(world.messages()) == 4


def test_without_a_chain_there_is_the_task_and_a_chain_given_later_is_called(sqlite_store: Store) -> None:
    world = begun(sqlite_store, only("remind_confirm"))
    alarmed(world)
    assert world.tasks() == ["escalation"]
    assert world.messages() == []
    apply_clinics(world.deps, [("clinic.toml", CALLED)])
    later(world, MINUTE)
    assert called(world) == [FIRST]


def test_people_told_together_are_told_at_the_same_moment_by_every_way(sqlite_store: Store) -> None:
    chain = [{**CHAIN[0], "wait_minutes": 0}, {**CHAIN[1], "email": MAIL}]
    world = begun(sqlite_store, only("remind_confirm", escalation=chain))
    alarmed(world)
    send(world)
    assert sorted(called(world)) == sorted([FIRST, SECOND, MAIL])
    link = next(word for word in world.email.sent[0].text.split() if "/a/" in word)
    assert world.email.sent[0].unsubscribe_url is None
    assert link.startswith("https://reminders.example/a/")


def test_a_crash_between_commit_and_send_leaves_the_notice_to_be_found(world: World) -> None:
    alarmed(world)
    world.later(MINUTE)
    world.pump()
    assert called(world) == [FIRST]


def test_an_alarm_whose_transaction_fails_left_nothing(world: World) -> None:
    class DiedError(Exception):
        pass

    def die() -> None:
        with world.store.transaction() as tx:
            clinic_id = next(iter(clinics.every(tx)))
            alarm = Alarm(clinic_id, Concern.RED_FLAG, patient_id=patient(world))
            raise_alarm(tx, world.deps, alarm, is_patient_told=True, now=NIGHT)
            raise DiedError

    with pytest.raises(DiedError):
        die()
    assert (world.count("escalation"), world.count("task"), world.count("message")) == (0, 0, 0)


def test_a_red_flag_in_the_night_calls_staff_and_answers_the_patient_at_once(world: World) -> None:
    world.text(RED_FLAG)
    assert {Job.SEND_SMS, Job.SEND_EMAIL} <= set(world.queue.take())
    world.pump()
    assert called(world) == [FIRST]
    [answer] = [sent.text.body for sent in world.sms.sent if sent.text.to == PHONE]
    assert "911" in answer
    assert "988" in answer
    assert "no text can go" not in "".join(world.bodies)
    world.check()


def test_who_opted_out_is_sent_nothing_and_staff_are_told_so(world: World) -> None:
    world.text("STOP")
    world.text(RED_FLAG)
    send(world)
    assert called(world) == [FIRST]
    assert "no text can go to them" in "".join(body for body in world.bodies if "needs you" in body)
    assert not [sent for sent in world.sms.sent if sent.text.to == PHONE and "911" in sent.text.body]
    world.check()


def test_an_unknown_number_with_a_red_flag_calls_staff_too(world: World) -> None:
    world.text(RED_FLAG, sender="+12025550166")
    world.text("please help me", sender="+12025550166")
    world.pump()
    assert called(world) == [FIRST]
    assert climb_of(world).patient_id is None
