"""The crash points C1 to C13 and C17 to C22: whoever dies where, each patient gets one text."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from reminders.core.delivery import ReceiptStatus, Unknown
from reminders.ports import Receipt
from reminders.services.apply_receipts import apply_receipts, store_receipt
from reminders.services.expire_overdue import expire_overdue
from reminders.services.resolve_unknowns import poll_stuck
from reminders.store.unit_of_work import Store
from tests.builders import an_entry
from tests.services.deaths import DyingStore, Interrupted, Killed, When, die
from tests.world import CONFIRM_AT, MINUTE, PHONE, World, only, some_entries

pytestmark = pytest.mark.both_databases

PATIENTS = 3
ENTRIES = some_entries(PATIENTS)
SYNC, DISPATCH, CLAIM, GATE, RECORD = range(1, 6)


@pytest.fixture
def world(store: Store) -> World:
    return World(store, only("remind_confirm"))


def recover(world: World) -> None:
    """Go on as fresh workers do, until every grace has passed."""
    world.change(store=world.store, sms=world.sms)
    for _ in range(4):
        world.later(6 * MINUTE)
        world.hear_receipts()
        world.resolve()
        world.pump()
        expire_overdue(world.deps)


def assert_each_got_one(world: World, patients: int = PATIENTS) -> None:
    arrived = Counter(sent.text.to for sent in world.sms.sent)
    assert sorted(arrived.values()) == [1] * patients
    ledger = world.check()
    assert ledger.reminders["dispatched"] == ledger.messages["accepted"] == ledger.attempts["accepted"] == patients
    assert ledger.reminders["planned"] == 0
    assert ledger.possible_doubles == 0


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize(
    "at", [SYNC, DISPATCH, CLAIM, GATE, RECORD], ids=["sync", "dispatch", "claim", "gate", "record"]
)
def test_a_worker_may_die_at_any_transaction(world: World, at: int, when: When) -> None:
    dying = DyingStore(world.store, at=at, when=when)
    world.change(store=dying)
    with suppress(Killed):
        world.sync(*ENTRIES)
        world.at(CONFIRM_AT)
        world.pump()
    assert dying.begun == at
    world.change(store=world.store)
    if at == SYNC:
        world.sync(*ENTRIES)
        world.at(CONFIRM_AT)
    recover(world)
    assert_each_got_one(world)


def test_a_worker_may_die_before_the_first_byte_of_its_call(world: World) -> None:
    world.sync(*ENTRIES)
    world.at(CONFIRM_AT)
    world.change(sms=Interrupted(world.sms, before=die))
    with pytest.raises(Killed):
        world.pump()
    recover(world)
    assert_each_got_one(world)


def test_a_worker_may_die_when_the_provider_has_it_and_nobody_has_heard(world: World) -> None:
    world.sync(*ENTRIES)
    world.at(CONFIRM_AT)
    world.change(sms=Interrupted(world.sms, after=die))
    with pytest.raises(Killed):
        world.pump()
    assert len(world.sms.sent) == PATIENTS
    recover(world)
    assert_each_got_one(world)


def test_a_gateway_that_returns_without_its_outcomes_leaves_doubt_not_loss(world: World) -> None:
    world.sync(*ENTRIES)
    world.at(CONFIRM_AT)
    world.change(sms=Interrupted(world.sms, is_silent=True))
    world.pump()
    recover(world)
    assert_each_got_one(world)


def test_an_error_of_the_provider_after_it_accepted_is_found_in_its_list(world: World) -> None:
    world.sync(*ENTRIES)
    world.at(CONFIRM_AT)
    for _ in ENTRIES:
        world.sms.answer_next(Unknown("HTTP 500"), has_arrived=True)
    world.pump()
    assert {state for state, _ in world.states()} == {"unknown"}
    recover(world)
    assert_each_got_one(world)


def test_a_second_hint_finds_nothing_to_do(world: World) -> None:
    world.sync(*ENTRIES)
    world.at(CONFIRM_AT)
    assert world.pump() == PATIENTS
    assert world.pump() == 0
    assert_each_got_one(world)


def test_a_worker_that_froze_before_its_call_does_not_call_any_more(world: World) -> None:
    world.sync(*ENTRIES)
    world.at(CONFIRM_AT)

    def others_go_on() -> None:
        world.change(sms=world.sms)
        recover(world)

    frozen = world.deps
    world.change(sms=Interrupted(world.sms, before=others_go_on))
    world.pump()
    assert len(world.sms.calls) == PATIENTS, "the frozen worker's calls came after others had sent"
    assert frozen.sms is world.sms
    assert_each_got_one(world)


def test_two_resolvers_at_once_resend_once(world: World) -> None:
    world.sync(*ENTRIES)
    world.at(CONFIRM_AT)
    for _ in ENTRIES:
        world.sms.answer_next(Unknown("connection reset"), has_arrived=False)
    world.pump()
    single = world.deps

    def another() -> None:
        world.change(sms=single.sms)
        world.resolve()

    for _ in range(4):
        world.later(5 * MINUTE)
        world.hear_receipts()
        world.change(sms=Interrupted(world.sms, on_find=another))
        world.resolve()
        world.change(sms=world.sms)
        world.pump()
    assert {row.resends for row in world.messages()} == {1}
    assert_each_got_one(world)


def test_a_stop_during_the_call_holds_for_everything_after_it(store: Store) -> None:
    world = World(store, only("remind_confirm", "ride_check"))
    world.sync(an_entry())
    world.at(CONFIRM_AT)

    def stop() -> None:
        world.text("STOP")

    world.change(sms=Interrupted(world.sms, before=stop), provider_answers_keywords=True)
    world.pump()
    assert len(world.sms.sent) == 1
    world.change(sms=world.sms)
    world.later(timedelta(days=2))
    world.pump()
    assert len(world.sms.sent) == 1
    assert world.reminders()["A1", 1, "ride_check"] == ("suppressed", "opted_out")
    world.check()


@pytest.mark.parametrize("when", When)
def test_a_receipt_survives_the_death_of_whoever_applies_it(world: World, when: When) -> None:
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.pump()
    sent = world.sms.sent[0]
    status = ReceiptStatus.DELIVERED
    store_receipt(world.deps, sent.text.tag, Receipt(sent.provider_id, status, status.value, None))
    dying = DyingStore(world.store, at=1, when=when)
    world.change(store=dying)
    with pytest.raises(Killed):
        apply_receipts(world.deps)
    world.change(store=world.store)
    apply_receipts(world.deps)
    assert world.states() == [("delivered", None)]
    world.check()


def test_a_receipt_that_never_came_is_asked_for_after_an_hour(world: World) -> None:
    world.sync(an_entry())
    world.at(CONFIRM_AT)
    world.pump()
    world.sms.report_status(world.sms.sent[0].provider_id, ReceiptStatus.DELIVERED)
    world.later(timedelta(minutes=59))
    assert poll_stuck(world.deps) == 0
    world.later(timedelta(minutes=2))
    assert poll_stuck(world.deps) == 1
    assert world.states() == [("delivered", None)]
    world.check()


def test_a_receipt_that_overtakes_our_own_answer_is_believed(world: World) -> None:
    world.sync(an_entry())
    world.at(CONFIRM_AT)

    def hear_back() -> None:
        world.receipt(world.sms.sent[0].text.tag, ReceiptStatus.DELIVERED)

    world.change(sms=Interrupted(world.sms, after=hear_back))
    world.pump()
    assert world.states() == [("delivered", None)]
    assert [(row.state, row.provider_id) for row in world.attempts()] == [("accepted", world.sms.sent[0].provider_id)]
    assert world.sms.sent[0].text.to == PHONE
    world.check()
