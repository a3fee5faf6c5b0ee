from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from reminders.core.patients import Channel
from reminders.services.send_ad_hoc import AdHocRequest, send_ad_hoc
from reminders.store import console_rows, rows
from reminders.store.append_only import forgetting
from reminders.store.conversation_rows import inbound
from reminders.store.unit_of_work import Store
from tests.builders import NOON, a_booking, a_record, an_entry, local
from tests.world import CLINIC, CONFIRM_AT, PHONE, World, only

START = NOON + timedelta(days=14)
ALONE = a_record(email=None)


@pytest.fixture
def world(store: Store) -> World:
    return World(store, only("remind_confirm", "remind_final"))


def asked(world: World) -> None:
    """Let the patient be asked whether they come."""
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 1


def confirmed(world: World) -> list[tuple[int, int | None]]:
    found = world.all(select(rows.appointment).order_by(rows.appointment.c.external_id))
    return [(row.version, row.confirmed_version) for row in found]


def decisions(world: World) -> list[str]:
    return [row.decision for row in world.all(select(inbound).order_by(inbound.c.received_at))]


def test_c_confirms_the_version_that_was_asked_about(world: World) -> None:
    asked(world)
    world.text("C")
    assert confirmed(world) == [(1, 1)]
    assert decisions(world) == ["appointment confirmed; answered: confirmed"]
    assert world.tasks() == []
    world.check()


def test_a_text_that_the_provider_brings_twice_is_read_once(world: World) -> None:
    asked(world)
    assert world.text("my dog ate it", provider_id="SMtwice")
    assert not world.text("my dog ate it", provider_id="SMtwice")
    assert world.tasks() == ["reply_unclear"]


@pytest.mark.both_databases
def test_a_yes_to_a_version_that_is_no_more_confirms_nothing(world: World) -> None:
    asked(world)
    world.sync(an_entry(patient=ALONE, booking=a_booking(START + timedelta(days=1))))
    world.text("C")
    assert confirmed(world) == [(2, None)]
    assert decisions(world) == ["asked about an earlier time; the new one is not confirmed; answered: moved"]
    world.check()


def test_a_yes_from_a_phone_that_two_patients_share_goes_to_a_person(world: World) -> None:
    first = an_entry("A1", patient=a_record("P1", email=None), booking=a_booking(START))
    second = an_entry("A2", patient=a_record("P2", name="Lee Rivers", email=None), booking=a_booking(START))
    world.sync(first, second)
    world.at(CONFIRM_AT)
    world.pump()
    world.text("C")
    assert confirmed(world) == [(1, None), (1, None)]
    assert world.tasks() == ["reply_unclear"]
    world.check()


def test_r_keeps_the_appointment_and_asks_staff(world: World) -> None:
    asked(world)
    world.text("R")
    assert world.tasks() == ["reschedule"]
    task = world.all(select(rows.task))[0]
    assert task.appointment_id is not None
    assert world.reminders()["A1", 1, "remind_final"] == ("planned", None)


def test_a_stop_ends_waiting_messages_and_planned_reminders_at_once(world: World) -> None:
    asked(world)
    send_ad_hoc(world.deps, AdHocRequest("Bring your card.", "desk", "k1", patient_external_id="P1"))
    world.text("STOP")
    assert world.states() == [("accepted", None), ("cancelled", "opted_out"), ("due", None)]
    assert [row.kind for row in world.messages()][-1] == "opt_out_confirmed"
    assert world.reminders()["A1", 1, "remind_final"] == ("suppressed", "opted_out")
    assert world.pump() == 1
    world.at(START)
    assert world.pump() == 0
    world.check()


@pytest.mark.both_databases
def test_a_stop_covers_a_lone_patients_mailbox_too(world: World) -> None:
    world.sync(an_entry(booking=a_booking(START)))
    world.text("stop!")
    assert set(world.reminders().values()) == {("suppressed", "opted_out")}
    assert world.count("contact") == 2
    world.at(CONFIRM_AT)
    assert world.pump() == world.pump(Channel.EMAIL) == 0


def test_a_stop_from_a_shared_phone_leaves_each_patients_mailbox_open(world: World) -> None:
    first = an_entry("A1", patient=a_record("P1", email="one@example.org"), booking=a_booking(START))
    second = an_entry("A2", patient=a_record("P2", email="two@example.org"), booking=a_booking(START))
    world.sync(first, second)
    world.text("STOP")
    world.at(CONFIRM_AT)
    assert world.pump(Channel.SMS) == 0
    assert world.pump(Channel.EMAIL) == 2
    world.check()


def test_a_word_that_may_mean_the_visit_opts_out_and_asks_staff_to_phone(world: World) -> None:
    asked(world)
    world.text("CANCEL")
    assert sorted(world.tasks()) == ["no_consent", "phone_patient"]
    assert world.reminders()["A1", 1, "remind_final"] == ("suppressed", "opted_out")


def test_start_brings_back_what_is_still_to_come(world: World) -> None:
    asked(world)
    world.text("STOP")
    world.text("START")
    assert world.reminders()["A1", 1, "remind_final"] == ("planned", None)
    world.at(local("2027-03-15 10:00"))
    assert world.pump() == 1
    world.check()


def test_a_stop_holds_at_every_clinic_and_for_clinics_yet_to_come(store: Store) -> None:
    documents = [only("remind_confirm"), {**only("remind_confirm"), "slug": "hillside", "sender": "Hillside Clinic"}]
    world = World(store, *documents)
    here = an_entry("A1", patient=ALONE, booking=a_booking(START))
    there = an_entry("B1", patient=a_record("Q1", email=None), booking=a_booking(START))
    world.sync(("riverside", here))
    world.text("STOP")
    world.sync(("riverside", here), ("hillside", there))
    world.at(CONFIRM_AT)
    assert world.pump() == 0
    assert world.sms.calls == []
    world.check()


def test_help_is_answered_and_not_for_ever(world: World) -> None:
    asked(world)
    for _ in range(5):
        world.text("HELP")
        world.pump()
    assert len(world.sms.sent) == 4
    assert CLINIC["phone"] in world.bodies[-1]
    assert decisions(world)[-1].startswith("3 automatic answers")
    world.check()


def test_help_is_left_to_a_provider_that_answers_it_itself(world: World) -> None:
    world.change(provider_answers_keywords=True)
    asked(world)
    world.text("HELP")
    assert world.pump() == 0


def test_an_unknown_number_is_shown_to_staff_and_told_nothing(world: World) -> None:
    world.text("is it still at three then", sender="+12025557777")
    assert world.tasks() == ["sender_unknown"]
    assert world.pump() == 0


def test_an_unknown_number_that_asks_who_we_are_is_told_so_and_shown_to_staff(world: World) -> None:
    world.text("who is this?", sender="+12025557777")
    assert world.tasks() == ["sender_unknown"]
    assert world.pump() == 1
    assert "Riverside Clinic" in world.bodies[0]


def test_an_unknown_number_may_opt_out_before_we_ever_write_to_it(world: World) -> None:
    world.text("STOP", sender=PHONE)
    world.sync(an_entry(patient=ALONE, booking=a_booking(START)))
    world.at(CONFIRM_AT)
    assert world.pump() == 0
    assert set(world.reminders().values()) == {("suppressed", "opted_out")}


@pytest.mark.both_databases
def test_a_text_that_arrives_before_there_is_a_clinic_is_kept(store: Store) -> None:
    world = World(store)
    with store.transaction() as tx:
        with forgetting(tx, "a test"):
            tx.connection.execute(console_rows.clinic_version.delete())
        tx.connection.execute(rows.clinic.delete())
    world.text("HELP")
    assert world.count("inbound") == 1
