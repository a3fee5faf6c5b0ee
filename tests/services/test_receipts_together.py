"""Receipts that come and are applied many at once must do what they do one by one, and cost no more for many."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import cast
from uuid import uuid4

import pytest
from sqlalchemy import select

from reminders.core.delivery import ReceiptStatus, Refusal, Unknown
from reminders.ports import InboundText, Job, Receipt
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.store_arrivals import Arrived, Kept, store_receipts, store_texts
from reminders.store.conversation_rows import inbound
from reminders.store.rows import receipt
from reminders.store.unit_of_work import Store
from tests.builders import a_record, an_entry
from tests.servers.wiping import wipe
from tests.services.test_statements import counting
from tests.world import CONFIRM_AT, PHONE, World, only

pytestmark = pytest.mark.both_databases
FEW, MANY = 4, 24
QUEUED, SENT, DELIVERED = ReceiptStatus.QUEUED, ReceiptStatus.SENT, ReceiptStatus.DELIVERED
FAILURES = (Refusal.ADDRESS, Refusal.OPTED_OUT, Refusal.TRANSIENT, Refusal.CONTENT, None)


def texted(store: Store, patients: int, *, unanswered: int = 0) -> World:
    """So many patients whose text the provider took; of some calls it is not known."""
    wipe(store)
    world = World(store, only("remind_confirm"))
    world.sync(
        *(an_entry(f"A{n}", patient=a_record(f"P{n}", phone=f"+1202555{n:04d}", email=None)) for n in range(patients))
    )
    world.at(CONFIRM_AT)
    for _ in range(unanswered):
        world.sms.answer_next(Unknown("no answer"), has_arrived=True)
    assert world.pump() == patients
    return world


def told(world: World, *statuses: ReceiptStatus) -> Sequence[Arrived]:
    return [
        (sent.text.tag, Receipt(sent.provider_id, status, status.value, None))
        for status in statuses
        for sent in world.sms.sent
    ]


@pytest.mark.parametrize("unanswered", [0, FEW])
def test_applying_many_costs_no_more_statements_than_few(store: Store, unanswered: int) -> None:
    costs = []
    for patients in (FEW, MANY):
        world = texted(store, patients, unanswered=unanswered)
        strangers = [(uuid4(), Receipt(f"SM{uuid4().hex}", SENT, SENT.value, None)) for _ in range(patients)]
        arrived = [*told(world, QUEUED, SENT, DELIVERED), *strangers]
        assert set(store_receipts(world.deps, arrived)) == {Kept.STORED}
        with counting(store) as seen:
            assert apply_receipts(world.deps) == len(arrived)
        assert {state for state, _ in world.states()} == {"delivered"}
        costs.append(len(seen))
        world.check()
    assert costs[1] <= costs[0]


def test_storing_many_costs_one_insert(store: Store) -> None:
    world = texted(store, MANY)
    for arrived in (told(world, SENT), told(world, DELIVERED)[:FEW]):
        with counting(store) as seen:
            store_receipts(world.deps, arrived)
        assert len([statement for statement in seen if "INSERT INTO receipt" in statement]) == 1
        assert world.queue.take().count(Job.APPLY_RECEIPTS) == 1, "one hint for all"
    texts = [InboundText(f"SMin{n}", f"+1202555{n:04d}", "+12025550100", "C", 0) for n in range(MANY)]
    with counting(store) as seen:
        assert set(store_texts(world.deps, texts)) == {Kept.STORED}
    assert len([statement for statement in seen if "INSERT INTO inbound" in statement]) == 1
    assert world.queue.take() == (Job.RECEIVE_REPLIES,)


def test_what_comes_twice_is_kept_once_in_one_group_or_in_two(store: Store) -> None:
    world = texted(store, 2)
    first, second = told(world, SENT)
    assert store_receipts(world.deps, [first, second, first]) == [Kept.STORED, Kept.STORED, Kept.REPEATED]
    assert store_receipts(world.deps, [second]) == [Kept.REPEATED]
    assert world.count("receipt") == 2
    text = InboundText("SMin", "+12025550001", "+12025550100", "C", 0)
    assert store_texts(world.deps, [text, text]) == [Kept.STORED, Kept.REPEATED]
    assert world.count("inbound") == 1


def test_one_that_cannot_be_stored_costs_the_others_nothing(store: Store) -> None:
    world = texted(store, 3)
    nameless = cast("str", None)
    good = told(world, SENT)
    arrived = [*good[:2], (None, Receipt(nameless, SENT, "sent", None)), good[2]]
    assert store_receipts(world.deps, arrived) == [Kept.STORED, Kept.STORED, Kept.FAILED, Kept.STORED]
    assert {row.provider_id for row in world.all(select(receipt))} == {sent.provider_id for sent in world.sms.sent}
    texts = [InboundText(name, "+12025550001", "+12025550100", "C", 0) for name in ("SM1", nameless, "SM2")]
    assert store_texts(world.deps, texts) == [Kept.STORED, Kept.FAILED, Kept.STORED]
    assert {row.provider_id for row in world.all(select(inbound))} == {"SM1", "SM2"}


def ends(world: World) -> list[tuple[object, ...]]:
    by_patient = {row.id: row.due_at for row in world.messages()}
    messages = [(row.patient_id, row.state, row.reason, row.redeliveries) for row in world.messages()]
    attempts = [(row.message_id in by_patient, row.state, row.provider_id) for row in world.attempts()]
    return [*messages, *sorted(attempts, key=repr), *sorted((kind,) for kind in world.tasks())]


def reports(world: World, chance: Random) -> list[Arrived]:
    """Make a mixture: mostly the usual, some failures, second texts of one call, strangers, some without a tag."""
    found: list[Arrived] = []
    for sent in world.sms.sent:
        statuses = chance.sample([QUEUED, SENT, DELIVERED], chance.randint(0, 3))
        for status in statuses:
            tag = None if chance.random() < 0.2 else sent.text.tag
            name = f"{sent.provider_id}x" if chance.random() < 0.05 else sent.provider_id
            found.append((tag, Receipt(name, status, status.value, None)))
        if chance.random() < 0.3:
            refusal = chance.choice(FAILURES)
            found.append((sent.text.tag, Receipt(sent.provider_id, ReceiptStatus.FAILED, "failed", "30006", refusal)))
        if chance.random() < 0.2:
            found.append((uuid4(), Receipt(f"SM{uuid4().hex}", DELIVERED, "delivered", None)))
    chance.shuffle(found)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_a_mixture_applied_at_once_ends_where_it_ends_one_by_one(store: Store, seed: int) -> None:
    found = []
    for is_together in (True, False):
        world = texted(store, 12)
        mixture = reports(world, Random(seed))  # noqa: S311 - repeatable on purpose
        for one in mixture:
            store_receipt(world.deps, *one)
            if not is_together:
                apply_receipts(world.deps)
        assert apply_receipts(world.deps) == (world.count("receipt") if is_together else 0)
        found.append(ends(world))
        world.check()
    assert found[0] == found[1]


def test_of_two_texts_that_are_stored_together_the_later_one_is_later(world: World) -> None:
    both = [InboundText(f"SM{9 - n}", PHONE, "+12025550100", body, 0) for n, body in enumerate(["START", "STOP"])]
    assert store_texts(world.deps, both) == [Kept.STORED, Kept.STORED]
    order = select(inbound.c.provider_id).order_by(inbound.c.received_at)
    assert [row.provider_id for row in world.all(order)] == ["SM9", "SM8"]
    assert len({row.received_at for row in world.all(select(inbound))}) == 2
