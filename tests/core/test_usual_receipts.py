from __future__ import annotations

from itertools import permutations

import pytest

from reminders.core.delivery import AttemptState, MessageState, ReceiptStatus
from reminders.core.usual_receipts import LIVES, are_usual, furthest

QUEUED, SENT, DELIVERED = ReceiptStatus.QUEUED, ReceiptStatus.SENT, ReceiptStatus.DELIVERED
ACCEPTED = AttemptState.ACCEPTED


@pytest.mark.parametrize("state", sorted(LIVES))
@pytest.mark.parametrize("known_as", [None, "SM1"])
def test_receipts_of_one_text_on_its_way_are_usual(state: AttemptState, known_as: str | None) -> None:
    assert are_usual(state, [known_as, "SM1", "SM1"], [SENT, DELIVERED])


@pytest.mark.parametrize("state", sorted(set(AttemptState) - LIVES))
def test_word_of_an_attempt_that_ended_otherwise_is_not(state: AttemptState) -> None:
    assert not are_usual(state, ["SM1"], [DELIVERED])


@pytest.mark.parametrize("names", [("SM1", "SM2"), (None, "SM1", "SM2")])
def test_two_texts_of_one_call_are_not(names: tuple[str | None, ...]) -> None:
    assert not are_usual(ACCEPTED, names, [SENT, SENT])


@pytest.mark.parametrize("status", [ReceiptStatus.UNDELIVERED, ReceiptStatus.FAILED, ReceiptStatus.CANCELLED, None])
def test_a_failure_or_a_new_word_makes_all_of_them_unusual(status: ReceiptStatus | None) -> None:
    assert not are_usual(ACCEPTED, ["SM1"], [SENT, status])


@pytest.mark.parametrize("order", [*permutations([QUEUED, SENT, DELIVERED])], ids="-".join)
def test_receipts_in_any_order_lead_to_the_furthest(order: tuple[ReceiptStatus, ...]) -> None:
    assert furthest(MessageState.SENDING, order) is MessageState.DELIVERED
    assert furthest(MessageState.UNDELIVERED, order) is MessageState.UNDELIVERED, "an end stands"
