"""What failed by text goes out by e-mail: planned anew in the transaction that records the failure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from reminders.core.delivery import MOST_REDELIVERIES, MessageState, ReceiptStatus
from reminders.core.gate import Origin
from reminders.core.ids import MessageId
from reminders.core.patients import Channel, PatientRecord
from reminders.core.reminders import Reason
from reminders.ports import Receipt
from reminders.services.close_addresses import lock_concerned
from reminders.services.fall_back import fall_back
from reminders.store import contacts, conversation_rows, messages, receipts, rows
from reminders.store.messages import Move
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry, local
from tests.world import CONFIRM_AT, World, only

FINAL_AT = local("2027-03-15 10:00")
STEPS = ("remind_confirm", "remind_final")


def a_world(store: Store, patient: PatientRecord | None = None, steps: tuple[str, ...] = STEPS) -> World:
    """Return a world in which one patient was texted and the text is under way."""
    world = World(store, only(*steps))
    world.sync(an_entry(patient=patient))
    world.at(CONFIRM_AT)
    world.pump()
    return world


def fail(
    world: World,
    reason: Reason,
    state: MessageState = MessageState.UNDELIVERED,
    *,
    redeliveries: int = 0,
    place: int = -1,
    code: str = "30005",
) -> None:
    """End a message as its provider would, and let what follows follow."""
    row, now = world.messages()[place], world.clock.now()
    with world.store.transaction() as tx:
        lock_concerned(tx, [row.contact_id])
        tx.connection.execute(update(rows.message).where(rows.message.c.id == row.id).values(redeliveries=redeliveries))
        messages.move(tx, [Move(MessageId(row.id), state, reason)], list(MessageState), now=now)
        tag = next(item.tag for item in world.attempts() if item.message_id == row.id)
        sid = f"{row.id.hex[:12]}"
        tx.connection.execute(update(rows.attempt).where(rows.attempt.c.tag == tag).values(provider_id=sid))
        receipt = Receipt(sid, ReceiptStatus.UNDELIVERED, "undelivered", code)
        receipts.add_once(tx, world.identity.new_id(), tag, receipt, now=now)
        tx.connection.execute(update(rows.receipt).values(applied_at=now))
        if reason is Reason.ADDRESS_FAULT:
            contacts.mark_fault(tx, [row.contact_id], code, now=now)
        draft = messages.get_many(tx, [MessageId(row.id)])[MessageId(row.id)].draft
        fall_back(tx, world.deps, [(draft, Move(draft.id, state, reason))], now=now)


def pump_both(world: World) -> None:
    world.pump()
    world.pump(Channel.EMAIL)


@pytest.mark.parametrize(
    ("reason", "redeliveries", "tasks"),
    [(Reason.ADDRESS_FAULT, 0, ["address_fault"]), (Reason.UNDELIVERED, MOST_REDELIVERIES, [])],
)
def test_what_failed_by_text_is_mailed_at_once_and_once(
    store: Store, reason: Reason, redeliveries: int, tasks: list[str]
) -> None:
    world = a_world(store)

    fail(world, reason, redeliveries=redeliveries)
    pump_both(world)
    world.later(timedelta(minutes=5))
    world.sync(an_entry())
    pump_both(world)

    assert (len(world.sms.calls), len(world.email.sent)) == (1, 1)
    assert world.states()[1] == ("accepted", None)
    assert world.tasks() == tasks, "the number is still a person's; the message is not, since it goes by mail"
    world.check()


def test_the_mail_asks_what_the_text_asked_and_a_click_answers_it(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)

    fail(world, Reason.ADDRESS_FAULT)
    pump_both(world)

    assert "/r/" in world.email.sent[0].text
    asked = world.all(select(conversation_rows.question.c.kind, conversation_rows.question.c.message_id))
    assert [(row.kind, row.message_id) for row in asked] == [("confirm", message.id) for message in world.messages()]


@pytest.mark.both_databases
def test_what_was_merged_into_the_text_goes_with_it(store: Store) -> None:
    world = World(store, only(*STEPS))
    on_one_day = [an_entry("A1"), an_entry("A2", booking=an_entry().booking)]
    world.sync(*on_one_day)
    world.at(CONFIRM_AT)
    world.pump()

    fail(world, Reason.ADDRESS_FAULT)
    pump_both(world)

    assert len(world.email.sent) == 1
    by_mail = select(rows.reminder.c.state).where(
        rows.reminder.c.channel == Channel.EMAIL, rows.reminder.c.step == "remind_confirm"
    )
    assert sorted(row.state for row in world.all(by_mail)) == ["dispatched", "merged"]
    world.check()


@pytest.mark.parametrize(
    "patient", [a_record(email=None), a_record(has_email_consent=False)], ids=["no address", "no consent"]
)
def test_without_another_channel_a_person_is_asked(sqlite_store: Store, patient: PatientRecord) -> None:
    world = a_world(sqlite_store, patient)

    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES)
    pump_both(world)

    assert (len(world.sms.calls), len(world.email.sent)) == (1, 0)
    assert world.tasks() == ["not_delivered"]
    world.check()


@pytest.mark.parametrize(
    ("state", "reason", "redeliveries"),
    [
        (MessageState.UNDELIVERED, Reason.UNDELIVERED, 0),
        (MessageState.REJECTED, Reason.PROVIDER_REFUSED, 0),
        (MessageState.SUPPRESSED, Reason.OPTED_OUT, 0),
        (MessageState.UNDELIVERED, Reason.OPTED_OUT, MOST_REDELIVERIES),
        (MessageState.NEEDS_STAFF, Reason.UNKNOWN_OUTCOME, MOST_REDELIVERIES),
    ],
)
def test_other_ends_ask_a_person_and_send_nothing(
    sqlite_store: Store, state: MessageState, reason: Reason, redeliveries: int
) -> None:
    world = a_world(sqlite_store)

    fail(world, reason, state, redeliveries=redeliveries)
    pump_both(world)

    assert (len(world.sms.calls), len(world.email.calls)) == (1, 0)
    assert len(world.tasks()) == 1


def test_where_the_mail_fails_too_a_person_is_asked_and_nothing_goes_round_in_circles(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES)
    pump_both(world)

    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES, place=1)
    pump_both(world)

    assert (len(world.sms.calls), len(world.email.calls)) == (1, 1)
    assert world.tasks() == ["not_delivered"]
    world.check()


def test_what_would_come_too_late_is_not_mailed(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    end = next(row.expires_at for row in world.all(select(rows.reminder)) if row.step == "remind_confirm")
    world.at(end)

    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES)
    pump_both(world)

    assert not [row for row in world.messages() if row.kind == "remind_confirm" and row.channel is Channel.EMAIL]
    assert world.tasks() == ["not_delivered"]
    world.check()


def test_what_fails_at_night_is_mailed_when_the_day_begins(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    world.at(local("2027-03-13 23:00"))

    fail(world, Reason.ADDRESS_FAULT)
    pump_both(world)
    assert not world.email.sent

    world.at(local("2027-03-14 12:00"))
    pump_both(world)
    assert len(world.email.sent) == 1
    world.check()


def test_what_was_written_by_staff_does_not_fall_back(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    with sqlite_store.transaction() as tx:
        tx.connection.execute(update(rows.message).values(origin=Origin.STAFF))

    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES)
    pump_both(world)

    assert not world.email.sent
    assert world.tasks() == ["not_delivered"]


@pytest.mark.both_databases
def test_a_number_out_of_reach_for_two_messages_in_a_row_is_bad(store: Store) -> None:
    world = a_world(store)
    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES, code="30003")
    assert world.tasks() == []
    pump_both(world)
    world.at(FINAL_AT)
    world.pump()

    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES, code="30003")
    pump_both(world)

    faults = world.all(select(rows.contact.c.fault).where(rows.contact.c.channel == Channel.SMS))
    assert [row.fault for row in faults] == ["unreachable"]
    assert world.tasks() == ["address_fault"]
    assert (len(world.sms.calls), len(world.email.sent)) == (2, 2)
    world.check()


def test_a_number_that_fails_for_different_reasons_is_not_called_unreachable(sqlite_store: Store) -> None:
    world = a_world(sqlite_store)
    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES, code="30003")
    pump_both(world)
    world.at(FINAL_AT)
    world.pump()

    fail(world, Reason.UNDELIVERED, redeliveries=MOST_REDELIVERIES, code="30005")

    faults = world.all(select(rows.contact.c.fault).where(rows.contact.c.channel == Channel.SMS))
    assert [row.fault for row in faults] == [None]
