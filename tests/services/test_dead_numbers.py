"""A number that the provider says is dead closes at once: what is to come goes another way, or a person is asked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from reminders.core.delivery import ReceiptStatus, Refusal, Rejected
from reminders.core.patients import Channel, PatientRecord
from reminders.store import rows
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry, local
from tests.world import CONFIRM_AT, World, only

FINAL_AT = local("2027-03-15 10:00")
NO_MAIL = a_record(email=None)
ANOTHER_PHONE = a_record(email=None, phone="+12025550199")
TASK_MESSAGES = select(rows.task.c.message_id)
OPEN_TASKS = select(rows.task.c.kind).where(rows.task.c.resolved_at.is_(None))
HOW = ("receipt", "outcome")


def told(store: Store, how: str, refusal: Refusal, patient: PatientRecord | None = None) -> World:
    """Let the first text to a patient fail for the number's sake, told at once or by a receipt."""
    world = World(store, only("remind_confirm", "remind_final"))
    world.sync(an_entry(patient=patient))
    world.at(CONFIRM_AT)
    if how == "outcome":
        world.sms.answer_next(Rejected(refusal, "21614", "refused"))
    world.pump()
    if how == "receipt":
        world.receipt(world.sms.sent[0].text.tag, ReceiptStatus.UNDELIVERED, code="30006", refusal=refusal)
    return world


def pump_final(world: World) -> None:
    world.at(FINAL_AT)
    world.pump()
    world.pump(Channel.EMAIL)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("refusal", [Refusal.ADDRESS, Refusal.OPTED_OUT])
def test_reminders_go_by_e_mail_once_the_number_is_closed(store: Store, how: str, refusal: Refusal) -> None:
    world = told(store, how, refusal)
    texts = len(world.sms.sent)
    world.pump()
    world.pump(Channel.EMAIL)
    assert len(world.email.sent) == (1 if refusal is Refusal.ADDRESS else 0), "what failed; never after an opt-out"
    pump_final(world)
    assert (len(world.sms.sent), len(world.email.sent)) == (texts, 2 if refusal is Refusal.ADDRESS else 1)
    assert world.tasks() == ["address_fault" if refusal is Refusal.ADDRESS else "not_delivered"]
    world.check()


@pytest.mark.both_databases
@pytest.mark.parametrize("how", HOW)
def test_without_another_channel_a_dead_number_is_one_task_and_says_so(store: Store, how: str) -> None:
    world = told(store, how, Refusal.ADDRESS, NO_MAIL)
    pump_final(world)
    assert world.reminders()["A1", 1, "remind_final"] == ("suppressed", "address_fault")
    assert world.tasks() == ["address_fault"]
    assert world.all(TASK_MESSAGES) == [(world.messages()[0].id,)], "it names the message that failed"
    world.check()


@pytest.mark.parametrize("how", HOW)
def test_an_opt_out_at_the_provider_tells_staff_of_what_is_to_come(store: Store, how: str) -> None:
    world = told(store, how, Refusal.OPTED_OUT, NO_MAIL)
    assert world.reminders()["A1", 1, "remind_final"] == ("suppressed", "opted_out")
    assert sorted(world.tasks()) == ["no_consent", "not_delivered"]


@pytest.mark.both_databases
def test_a_number_that_is_corrected_ends_the_task_and_what_is_to_come_leaves(store: Store) -> None:
    world = told(store, "receipt", Refusal.ADDRESS, NO_MAIL)
    world.sync(an_entry(patient=ANOTHER_PHONE))
    assert world.all(OPEN_TASKS) == []
    pump_final(world)
    assert [sent.text.to for sent in world.sms.sent] == [NO_MAIL.phone, ANOTHER_PHONE.phone]


def test_everybody_who_shares_the_number_is_planned_anew(store: Store) -> None:
    world = World(store, only("remind_confirm", "remind_final"))
    other = a_record("P2", email="other@example.org")
    world.sync(an_entry(), an_entry("A2", patient=other, line=3))
    world.at(CONFIRM_AT)
    world.pump()
    world.receipt(world.sms.sent[0].text.tag, ReceiptStatus.UNDELIVERED, code="30006", refusal=Refusal.ADDRESS)
    pump_final(world)
    assert sorted(sent.to for sent in world.email.sent) == ["dana@example.org", "other@example.org"]
    world.check()
