"""Requirement 45: a red flag reaches a person, day or night, and climbs until somebody takes it over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from reminders.core.allow_list import AllowList
from reminders.core.check_ins import Concern
from reminders.core.consent import Source
from reminders.core.delivery import MessageState, ReceiptStatus, Refusal, Rejected
from reminders.core.ids import PatientId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.timeline.events import EventKind
from reminders.ports import Job
from reminders.services.apply_clinics import apply_clinics
from reminders.services.escalate import Alarm, acknowledge, climb, has_open, hear_staff, raise_alarm
from reminders.services.explain import Query, explain
from reminders.services.opt_out import Said, opt_out_address
from reminders.store import clinics, conversation_rows, rows
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry, local
from tests.world import PHONE, World, only

NIGHT = local("2027-03-10 03:00")
MINUTE = timedelta(minutes=1)
FIRST, SECOND, MAIL = "+12025550171", "+12025550172", "lead@example.org"
CHAIN: list[dict[str, Any]] = [
    {"name": "Nurse on call", "phone": FIRST},
    {"name": "Second nurse", "phone": SECOND, "wait_minutes": 10},
    {"name": "Lead", "email": MAIL},
]
CALLED = only("remind_confirm", escalation=CHAIN)


@pytest.fixture
def world(sqlite_store: Store) -> World:
    return begun(sqlite_store, CALLED)


def begun(store: Store, *documents: dict[str, Any]) -> World:
    """A night at a clinic with one patient."""
    made = World(store, *documents)
    made.sync(an_entry())
    made.at(NIGHT)
    return made


def alarmed(world: World, concern: Concern = Concern.RED_FLAG, *, is_patient_told: bool = True) -> str:
    """Raise an alarm about the one patient."""
    with world.store.transaction() as tx:
        clinic_id = next(iter(clinics.every(tx)))
        alarm = Alarm(clinic_id, concern, patient_id=patient(world))
        return raise_alarm(tx, world.deps, alarm, is_patient_told=is_patient_told, now=world.clock.now())


def patient(world: World, external_id: str = "P1") -> PatientId:
    return PatientId(world.all(select(rows.patient.c.id).where(rows.patient.c.external_id == external_id))[0].id)


def taken(world: World, key: str, by: str = "Mara") -> bool:
    with world.store.transaction() as tx:
        return acknowledge(tx, world.deps, key, by=by, now=world.clock.now())


def hears(world: World, body: str, sender: str = FIRST) -> str | None:
    with world.store.transaction() as tx:
        return hear_staff(tx, world.deps, sender, body, now=world.clock.now())


def send(world: World) -> None:
    world.pump()
    world.pump(Channel.EMAIL)


def called(world: World) -> list[str]:
    """Who was called, in order: phones and mailboxes."""
    texts = [(sent.text.to, sent.text.body) for sent in world.sms.sent]
    mails = [(mail.to, mail.text) for mail in world.email.sent]
    return [to for to, body in [*texts, *mails] if "needs you now" in body]


def code(world: World) -> str:
    return str(world.all(select(conversation_rows.escalation.c.code))[-1].code)


def climb_of(world: World) -> Any:  # noqa: ANN401 - a row
    return world.all(select(conversation_rows.escalation))[0]


def later(world: World, by: timedelta) -> None:
    world.later(by)
    climb(world.deps)
    send(world)


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


RED_FLAG = "my chest feels tight and i cant breathe"


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


def test_an_unknown_number_with_a_red_flag_calls_staff_too(world: World) -> None:
    world.text(RED_FLAG, sender="+12025550166")
    world.text("please help me", sender="+12025550166")
    world.pump()
    assert called(world) == [FIRST]
    assert climb_of(world).patient_id is None


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


def at_once(works: Sequence[Callable[[], int]]) -> list[int]:
    """Run some work at the same moment, each in a thread of its own."""
    ready = Barrier(len(works))

    def one(work: Callable[[], int]) -> int:
        ready.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))
