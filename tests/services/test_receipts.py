from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import select

from reminders.core.delivery import Accepted, ReceiptStatus, Refusal
from reminders.ports import Receipt
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.store.rows import message, receipt
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.world import CONFIRM_AT, World, only, some_entries

QUEUED, SENT, DELIVERED = ReceiptStatus.QUEUED, ReceiptStatus.SENT, ReceiptStatus.DELIVERED


@pytest.fixture
def world(store: Store) -> World:
    world = World(store, only("remind_confirm", "ride_check"))
    world.sync(an_entry(patient=a_record(email=None)))
    world.at(CONFIRM_AT)
    world.pump()
    return world


@pytest.mark.parametrize("order", [*permutations([QUEUED, SENT, DELIVERED])], ids="-".join)
def test_receipts_in_any_order_and_number_end_at_the_furthest(world: World, order: tuple[ReceiptStatus, ...]) -> None:
    tag = world.sms.sent[0].text.tag
    for status in order:
        assert world.receipt(tag, status)
        assert not world.receipt(tag, status), "the same report is kept once"
    assert world.states() == [("delivered", None)]
    assert world.count("receipt") == 3
    world.check()


@pytest.mark.both_databases
def test_a_receipt_without_a_tag_is_found_by_the_providers_id(world: World) -> None:
    world.receipt(None, DELIVERED, provider_id=world.sms.sent[0].provider_id)
    assert world.states() == [("delivered", None)]


def test_a_receipt_of_a_stranger_changes_nothing(world: World) -> None:
    assert world.receipt(uuid4(), DELIVERED, provider_id="SMstranger")
    assert world.states() == [("accepted", None)]
    assert [row.applied_at is not None for row in world.all(select(receipt))] == [True]


def test_a_status_that_we_do_not_know_is_kept_and_changes_nothing(world: World) -> None:
    sent = world.sms.sent[0]
    store_receipt(world.deps, sent.text.tag, Receipt(sent.provider_id, None, "partially_delivered", None))
    world.receipt(sent.text.tag, SENT)
    assert world.states() == [("sent", None)]


@pytest.mark.parametrize(
    ("refusal", "reason", "tasks"),
    [
        (Refusal.ADDRESS, "address_fault", {"address_fault"}),
        (Refusal.OPTED_OUT, "opted_out", {"not_delivered", "no_consent"}),
        (None, "undelivered", {"not_delivered"}),
    ],
)
def test_a_failed_delivery_is_a_task_and_closes_the_address_where_that_is_the_cause(
    world: World, refusal: Refusal | None, reason: str, tasks: set[str]
) -> None:
    tag = world.sms.sent[0].text.tag
    world.receipt(tag, ReceiptStatus.UNDELIVERED, code="30006", refusal=refusal)
    assert world.states() == [("undelivered", reason)]
    assert (set(world.tasks()), len(world.tasks())) == (tasks, len(tasks))
    world.at(CONFIRM_AT.replace(day=14, hour=18))
    world.pump()
    assert (len(world.sms.sent) == 2) is (refusal is None)
    world.check()


def test_a_provider_that_hands_out_one_id_twice_loses_no_outcome(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(3))
    world.at(CONFIRM_AT)
    for _ in range(3):
        world.sms.answer_next(Accepted("SMsame", "queued"))
    world.pump()
    assert world.states() == [("accepted", None)] * 3
    assert sorted(row.provider_id or "" for row in world.attempts()) == ["", "", "SMsame"]
    world.check()


def test_a_receipt_that_cannot_be_applied_now_is_applied_when_it_can(world: World) -> None:
    tag, body = world.sms.sent[0].text.tag, world.messages()[0].body
    spoil(world, body[:-1] + bytes([body[-1] ^ 1]))
    assert world.receipt(tag, ReceiptStatus.UNDELIVERED, code="21610", refusal=Refusal.OPTED_OUT)
    assert world.states() == [("accepted", None)]
    spoil(world, body)
    apply_receipts(world.deps)
    assert world.states() == [("undelivered", "opted_out")]
    world.check()


@pytest.mark.both_databases
def test_a_receipt_that_can_never_be_applied_is_left_in_the_end(world: World) -> None:
    body = world.messages()[0].body
    spoil(world, body[:-1] + bytes([body[-1] ^ 1]))
    world.receipt(world.sms.sent[0].text.tag, ReceiptStatus.UNDELIVERED)
    assert [row.applied_at for row in world.all(select(receipt))] == [None]
    world.later(timedelta(minutes=16))
    apply_receipts(world.deps)
    assert [row.applied_at is not None for row in world.all(select(receipt))] == [True]


def test_that_a_text_arrived_is_told_though_its_words_cannot_be_opened_any_more(world: World) -> None:
    body = world.messages()[0].body
    spoil(world, body[:-1] + bytes([body[-1] ^ 1]))
    world.receipt(world.sms.sent[0].text.tag, DELIVERED)
    assert world.states() == [("delivered", None)]
    world.check()


def spoil(world: World, body: bytes) -> None:
    with world.store.transaction() as tx:
        tx.connection.execute(message.update().values(body=body))
