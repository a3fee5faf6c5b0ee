"""Requirements 16 to 23: what becomes of a message when an attempt that was given up proves right, or proves absent."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from reminders.core.delivery import GIVEN_UP, IN_FLIGHT, LEFT, MOST_RESENDS, AttemptState, MessageState, ReceiptStatus
from reminders.core.late_proof import (
    MAY_REVIVE,
    NOT_LEFT,
    PROVES,
    LateAccept,
    after_absence,
    is_old_news,
    late_accept,
)
from reminders.core.reminders import Reason
from tests.builders import NOON

LATER = NOON + timedelta(days=1)


def test_the_table_of_proofs_is_total_and_what_left_or_is_leaving_is_never_revived() -> None:
    assert set(PROVES) == GIVEN_UP
    assert not set(MAY_REVIVE) & (LEFT | IN_FLIGHT)
    assert not {MessageState.SUPPRESSED, MessageState.CANCELLED, MessageState.REJECTED} & set(MAY_REVIVE)


TELLS = {
    (AttemptState.ABSENT, ReceiptStatus.QUEUED),
    (AttemptState.ABSENT, ReceiptStatus.SENT),
    (AttemptState.ABSENT, ReceiptStatus.DELIVERED),
    (AttemptState.FAILED, ReceiptStatus.DELIVERED),
}


@pytest.mark.parametrize(("state", "status"), list(product(sorted(GIVEN_UP), ReceiptStatus)))
def test_of_an_attempt_given_up_only_what_proves_it_right_is_news(state: AttemptState, status: ReceiptStatus) -> None:
    assert is_old_news(state, status) is ((state, status) not in TELLS)


@pytest.mark.parametrize(("state", "status"), list(product(sorted(set(AttemptState) - GIVEN_UP), ReceiptStatus)))
def test_of_any_other_attempt_every_receipt_is_looked_at(state: AttemptState, status: ReceiptStatus) -> None:
    assert not is_old_news(state, status)


@pytest.mark.parametrize(
    ("state", "alone", "beside_another"),
    [
        (AttemptState.SENDING, LateAccept.KNOWN, LateAccept.KNOWN),
        (AttemptState.ACCEPTED, LateAccept.KNOWN, LateAccept.KNOWN),
        (AttemptState.UNKNOWN, LateAccept.KNOWN, LateAccept.KNOWN),
        (AttemptState.REJECTED, LateAccept.KNOWN, LateAccept.KNOWN),
        (AttemptState.ABSENT, LateAccept.REVIVES, LateAccept.DOUBLES),
        (AttemptState.FAILED, LateAccept.REVIVES, LateAccept.DOUBLES),
    ],
)
def test_what_was_given_up_and_taken_lives_again_unless_another_does(
    state: AttemptState, alone: LateAccept, beside_another: LateAccept
) -> None:
    assert late_accept(state, lives_another=False) is alone
    assert late_accept(state, lives_another=True) is beside_another


CASE: dict[str, Any] = {"was_taken": False, "may_resend": True, "resends": 0, "expires_at": LATER}


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({}, MessageState.DUE, None),
        ({"resends": MOST_RESENDS - 1}, MessageState.DUE, None),
        ({"resends": MOST_RESENDS}, MessageState.NEEDS_STAFF, Reason.UNKNOWN_OUTCOME),
        ({"may_resend": False}, MessageState.NEEDS_STAFF, Reason.UNKNOWN_OUTCOME),
        ({"expires_at": NOON}, MessageState.EXPIRED, Reason.TOO_LATE),
        ({"may_resend": False, "expires_at": NOON}, MessageState.NEEDS_STAFF, Reason.UNKNOWN_OUTCOME),
        ({"was_taken": True}, MessageState.ACCEPTED, None),
        (
            {"was_taken": True, "may_resend": False, "resends": MOST_RESENDS, "expires_at": NOON},
            MessageState.ACCEPTED,
            None,
        ),
    ],
)
def test_where_a_message_goes_whose_attempt_is_proven_absent(
    changes: dict[str, Any], state: MessageState, reason: Reason | None
) -> None:
    found = after_absence(**(CASE | changes), now=NOON)
    assert (found.state, found.attempt, found.reason) == (state, AttemptState.ABSENT, reason)
    assert found.due_at == (NOON if state is MessageState.DUE else None)
    assert (found.state in NOT_LEFT) is (state in {MessageState.DUE, MessageState.EXPIRED})
