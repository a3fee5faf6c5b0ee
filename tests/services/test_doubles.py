"""The double that nobody can rule out: what the provider took, hid, and shows after all (reliability (a), step 7)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from reminders.core.delivery import Absent, Outcome, ReceiptStatus, Refusal, Rejected, Unknown
from reminders.store import circuits
from reminders.store.unit_of_work import Store
from tests.services.deaths import Interrupted
from tests.world import CONFIRM_AT, MINUTE, World, only, some_entries

pytestmark = pytest.mark.both_databases

LOST = Unknown("no answer")


@pytest.fixture
def world(store: Store) -> World:
    """Return a clinic that sent a text, lost it, gave it up, and is about to send it again."""
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(1))
    world.at(CONFIRM_AT)
    lose(world)
    prove_absent(world)
    return world


def lose(world: World) -> None:
    world.sms.answer_next(LOST, has_arrived=False)
    world.pump()


def prove_absent(world: World) -> None:
    for _ in range(3):
        world.later(6 * MINUTE)
        world.hear_receipts()
        world.resolve()


def shows(world: World, tag: UUID) -> Callable[[], None]:
    """Return what lets the provider show, by a receipt, that it had taken a first try."""

    def show() -> None:
        world.receipt(tag, ReceiptStatus.SENT, provider_id="SMhidden")

    return show


def send_again(world: World, outcome: Outcome | None) -> UUID:
    """Make the second try; while it is under way the provider shows that it had the first. Return the first's tag."""
    tag: UUID = world.attempts()[0].tag
    if outcome is not None:
        world.sms.answer_next(outcome, has_arrived=False)
    world.change(sms=Interrupted(world.sms, before=shows(world, tag)))
    world.pump()
    world.change(sms=world.sms)
    return tag


def assert_the_first_counts(world: World, tag: UUID) -> None:
    assert world.states() == [("accepted", None)]
    assert {row.tag: row.state for row in world.attempts()}[tag] == "accepted"
    for _ in range(3):
        world.later(10 * MINUTE)
        world.hear_receipts()
        world.resolve()
        assert world.pump() == 0
    assert len(world.sms.calls) == 2, "nothing is sent a third time"
    book = world.check()
    assert book.proven_doubles == 0
    assert book.attempts["accepted"] == 1


@pytest.mark.parametrize("outcome", [Absent("refused"), Rejected(Refusal.CONTENT, "30007", "")])
def test_the_first_counts_where_the_second_did_not_leave(world: World, outcome: Outcome) -> None:
    tag = send_again(world, outcome)
    assert_the_first_counts(world, tag)


def test_the_first_counts_where_the_second_proves_to_have_been_absent(world: World) -> None:
    tag = send_again(world, LOST)
    assert world.states() == [("unknown", None)]
    prove_absent(world)
    assert_the_first_counts(world, tag)


def test_where_both_were_taken_resends_are_held_and_staff_are_told_once(world: World) -> None:
    send_again(world, None)
    assert world.states() == [("accepted", None)]
    book = world.check()
    assert (book.possible_doubles, book.proven_doubles) == (1, 1)
    assert world.tasks() == ["resends_held"]
    with world.store.reading() as tx:
        assert circuits.holds_unknown_since(tx, "sms") is not None


def test_while_resends_are_held_a_doubtful_text_goes_to_staff(world: World) -> None:
    send_again(world, None)
    world.sync(*some_entries(2))
    lose(world)
    calls = len(world.sms.calls)
    prove_absent(world)
    assert world.pump() == 0
    assert len(world.sms.calls) == calls
    assert world.states()[-1] == ("needs_staff", "unknown_outcome")
    assert world.tasks().count("resends_held") == 1
    assert "outcome_unknown" in world.tasks()
    world.check()


def test_a_doubtful_second_try_that_turns_out_taken_is_a_double_too(world: World) -> None:
    send_again(world, LOST)
    second = world.attempts()[-1].tag
    world.receipt(second, ReceiptStatus.DELIVERED, provider_id="SMsecond")
    assert world.states() == [("delivered", None)]
    assert world.check().proven_doubles == 1
    assert world.tasks() == ["resends_held"]


def test_two_texts_of_one_call_are_a_double_of_the_provider_s_own(store: Store) -> None:
    world = World(store, only("remind_confirm"))
    world.sync(*some_entries(1))
    world.at(CONFIRM_AT)
    world.pump()
    tag = world.sms.sent[0].text.tag
    world.receipt(tag, ReceiptStatus.SENT)
    world.receipt(tag, ReceiptStatus.SENT, provider_id="SMtwin")
    assert world.check().proven_doubles == 1
    assert world.states() == [("sent", None)]
