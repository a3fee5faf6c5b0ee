"""Requirements 16 to 23: outcomes, receipts in any order, back-off, and what proves that nothing was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.delivery import (
    BACK_OFF_CAP,
    ENDED,
    IN_FLIGHT,
    LEFT,
    MAY_ARRIVE_LATER,
    MOST_REDELIVERIES,
    RANK,
    REACHES,
    UNDELIVERED_BECAUSE,
    WAITING,
    Absent,
    Accepted,
    AttemptState,
    Evidence,
    MessageState,
    Next,
    Outcome,
    ReceiptStatus,
    Refusal,
    Rejected,
    Resolution,
    Unknown,
    advance,
    after,
    after_failure,
    back_off,
    is_proven_absent,
    resends_too_much,
)
from reminders.core.reminders import Reason
from tests.builders import NOON

MINUTE = timedelta(minutes=1)
LATER = NOON + timedelta(days=1)


def test_the_tables_are_total() -> None:
    assert set(REACHES) == set(ReceiptStatus)
    assert set(RANK) == set(MessageState)
    assert set(MessageState) == WAITING | IN_FLIGHT | LEFT | ENDED
    assert not WAITING & IN_FLIGHT
    assert not (WAITING | IN_FLIGHT) & (LEFT | ENDED)


REFUSED: list[tuple[Refusal, MessageState, Reason]] = [
    (Refusal.OPTED_OUT, MessageState.SUPPRESSED, Reason.OPTED_OUT),
    (Refusal.ADDRESS, MessageState.REJECTED, Reason.ADDRESS_FAULT),
    (Refusal.CONTENT, MessageState.REJECTED, Reason.PROVIDER_REFUSED),
    (Refusal.TRANSIENT, MessageState.REJECTED, Reason.PROVIDER_REFUSED),
    (Refusal.EXPIRED, MessageState.REJECTED, Reason.PROVIDER_REFUSED),
    (Refusal.CONFIGURATION, MessageState.REJECTED, Reason.PROVIDER_REFUSED),
    (Refusal.UNLISTED, MessageState.REJECTED, Reason.PROVIDER_REFUSED),
    (Refusal.OTHER, MessageState.REJECTED, Reason.PROVIDER_REFUSED),
]


def _after(outcome: Outcome, *, tries: int = 0, expires_at: datetime = LATER) -> Next:
    return after(outcome, tries=tries, jitter=0.5, expires_at=expires_at, now=NOON)


@pytest.mark.parametrize(("kind", "state", "reason"), REFUSED)
def test_a_refusal_is_final_and_says_why(kind: Refusal, state: MessageState, reason: Reason) -> None:
    assert _after(Rejected(kind, "0", "")) == Next(state, AttemptState.REJECTED, reason=reason)


def test_the_table_of_refusals_is_total() -> None:
    assert {kind for kind, _, _ in REFUSED} == set(Refusal)


def test_what_was_accepted_or_may_have_been_is_not_tried_again() -> None:
    assert _after(Accepted("SM1", "queued")) == Next(MessageState.ACCEPTED, AttemptState.ACCEPTED)
    assert _after(Unknown("timeout")) == Next(MessageState.UNKNOWN, AttemptState.UNKNOWN)


def test_what_was_provably_not_sent_is_tried_again_after_a_while() -> None:
    found = _after(Absent("refused"), tries=1)
    assert found == Next(MessageState.DUE, AttemptState.ABSENT, due_at=NOON + timedelta(seconds=5))
    waited = _after(Absent("busy", retry_after=2 * MINUTE), tries=1)
    assert waited.due_at == NOON + 2 * MINUTE


def test_a_retry_that_would_come_too_late_ends_as_expired() -> None:
    found = _after(Absent("busy", retry_after=2 * MINUTE), expires_at=NOON + 2 * MINUTE)
    assert found == Next(MessageState.EXPIRED, AttemptState.ABSENT, reason=Reason.TOO_LATE)


@given(tries=st.integers(0, 10_000), jitter=st.floats(0, 1, exclude_max=True), wish=st.integers(0, 10_000))
def test_the_wait_is_bounded_and_honours_the_providers_wish(tries: int, jitter: float, wish: int) -> None:
    wanted = timedelta(seconds=wish)
    assert timedelta(0) <= back_off(tries, jitter=jitter) < BACK_OFF_CAP
    assert wanted <= back_off(tries, jitter=jitter, retry_after=wanted) <= max(wanted, BACK_OFF_CAP)
    assert back_off(tries, jitter=jitter) <= back_off(tries + 1, jitter=jitter)


# ----- receipts

receipts = st.lists(st.sampled_from(ReceiptStatus), max_size=6)


def _through(state: MessageState, statuses: list[ReceiptStatus]) -> MessageState:
    for status in statuses:
        state = advance(state, status)
    return state


@given(statuses=receipts, order=st.randoms(use_true_random=False), copies=st.integers(1, 3))
def test_receipts_in_any_order_and_number_end_at_the_highest(
    statuses: list[ReceiptStatus], order: Random, copies: int
) -> None:
    shuffled = statuses * copies
    order.shuffle(shuffled)
    found = _through(MessageState.ACCEPTED, shuffled)
    best = max((RANK[REACHES[status]] for status in statuses), default=RANK[MessageState.ACCEPTED])
    assert RANK[found] == max(best, RANK[MessageState.ACCEPTED])
    if len({REACHES[status] for status in statuses if RANK[REACHES[status]] == best}) == 1:
        assert found is _through(MessageState.ACCEPTED, statuses)


@given(state=st.sampled_from(MessageState), statuses=receipts)
def test_a_receipt_never_moves_a_message_back(state: MessageState, statuses: list[ReceiptStatus]) -> None:
    assert RANK[_through(state, statuses)] >= RANK[state]


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        (MessageState.SENDING, ReceiptStatus.QUEUED, MessageState.ACCEPTED),
        (MessageState.UNKNOWN, ReceiptStatus.DELIVERED, MessageState.DELIVERED),
        (MessageState.ACCEPTED, ReceiptStatus.FAILED, MessageState.UNDELIVERED),
        (MessageState.DELIVERED, ReceiptStatus.SENT, MessageState.DELIVERED),
        (MessageState.DELIVERED, ReceiptStatus.UNDELIVERED, MessageState.DELIVERED),
        (MessageState.NEEDS_STAFF, ReceiptStatus.DELIVERED, MessageState.DELIVERED),
        (MessageState.SUPPRESSED, ReceiptStatus.DELIVERED, MessageState.SUPPRESSED),
        (MessageState.EXPIRED, ReceiptStatus.DELIVERED, MessageState.EXPIRED),
    ],
)
def test_where_a_receipt_takes_a_message(state: MessageState, status: ReceiptStatus, expected: MessageState) -> None:
    assert advance(state, status) is expected


# ----- what the provider took and did not deliver


def _after_failure(
    refusal: Refusal | None, *, redeliveries: int = 0, jitter: float = 0.5, expires_at: datetime = LATER
) -> Next:
    return after_failure(refusal, redeliveries=redeliveries, jitter=jitter, expires_at=expires_at, now=NOON)


@pytest.mark.parametrize("refusal", sorted(MAY_ARRIVE_LATER))
@pytest.mark.parametrize(
    ("redeliveries", "jitter", "pause"), [(0, 0.0, 2.5 * MINUTE), (0, 1.0, 5 * MINUTE), (1, 0.0, 5 * MINUTE)]
)
def test_what_may_arrive_later_is_sent_again_after_minutes(
    refusal: Refusal, redeliveries: int, jitter: float, pause: timedelta
) -> None:
    found = _after_failure(refusal, redeliveries=redeliveries, jitter=jitter)
    assert found == Next(MessageState.DUE, AttemptState.FAILED, due_at=NOON + pause)


@pytest.mark.parametrize("refusal", sorted(MAY_ARRIVE_LATER))
def test_it_is_sent_again_twice_at_most_and_never_past_its_use(refusal: Refusal) -> None:
    given_up = Next(MessageState.UNDELIVERED, AttemptState.ACCEPTED, reason=Reason.UNDELIVERED)
    assert _after_failure(refusal, redeliveries=MOST_REDELIVERIES) == given_up
    assert _after_failure(refusal, jitter=0.0, expires_at=NOON + 2.5 * MINUTE) == given_up


@pytest.mark.parametrize("refusal", [None, *sorted(set(Refusal) - MAY_ARRIVE_LATER)])
def test_what_can_never_arrive_says_why(refusal: Refusal | None) -> None:
    reason = {Refusal.OPTED_OUT: Reason.OPTED_OUT, Refusal.ADDRESS: Reason.ADDRESS_FAULT}
    why = Reason.UNDELIVERED if refusal is None else reason.get(refusal, Reason.UNDELIVERED)
    assert _after_failure(refusal) == Next(MessageState.UNDELIVERED, AttemptState.ACCEPTED, reason=why)


def test_the_reasons_of_failures_are_total() -> None:
    assert set(UNDELIVERED_BECAUSE) == set(Refusal)


@pytest.mark.parametrize(
    ("doubles", "left", "is_too_much"),
    [
        (0, 0, False),
        (0, 5, False),
        (1, 5, True),
        (1, 999, True),
        (1, 1000, False),
        (2, 1999, True),
        (50, 50_000, False),
    ],
)
def test_one_double_in_a_thousand_is_the_most(doubles: int, left: int, *, is_too_much: bool) -> None:
    assert resends_too_much(doubles, left) is is_too_much


# ----- proof of absence

PROOF = Evidence(
    begun_at=NOON - 10 * MINUTE,
    empty_looks=2,
    first_look_at=NOON - 3 * MINUTE,
    last_look_at=NOON - MINUTE,
    hears_receipts=True,
    can_look=True,
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"begun_at": NOON - 9 * MINUTE}, False),
        ({"empty_looks": 1}, False),
        ({"first_look_at": None}, False),
        ({"last_look_at": None}, False),
        ({"first_look_at": NOON - 2 * MINUTE}, False),
        ({"hears_receipts": False}, False),
        ({"can_look": False}, False),
        ({"can_look": False, "begun_at": NOON - 29 * MINUTE}, False),
        ({"can_look": False, "begun_at": NOON - 30 * MINUTE, "hears_receipts": False, "empty_looks": 0}, True),
    ],
)
def test_an_unknown_outcome_is_absent_only_on_every_proof(changes: dict[str, Any], *, expected: bool) -> None:
    evidence = replace(PROOF, **changes)
    assert is_proven_absent(evidence, Resolution(), machine_now=NOON) is expected
