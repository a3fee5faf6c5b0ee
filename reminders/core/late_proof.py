"""Late proof: what becomes of a message when word comes of an attempt that we gave up, or when none ever comes.

An attempt is given up because nothing showed it (`absent`), or because the provider reported that what it took did not
arrive (`failed`). Either may prove wrong later (reliability (a), steps 6 and 7).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from reminders.core.delivery import GIVEN_UP, MOST_RESENDS, AttemptState, MessageState, Next, ReceiptStatus
from reminders.core.reminders import Reason

MAY_REVIVE = (
    MessageState.DUE,
    MessageState.HELD,
    MessageState.CLAIMED,
    MessageState.EXPIRED,
    MessageState.NEEDS_STAFF,
)
"""Where a message may be whose attempt was given up."""
SHOWS_IT_WAS_TAKEN = frozenset({ReceiptStatus.QUEUED, ReceiptStatus.SENT, ReceiptStatus.DELIVERED})
PROVES = {AttemptState.ABSENT: SHOWS_IT_WAS_TAKEN, AttemptState.FAILED: frozenset({ReceiptStatus.DELIVERED})}
"""What proves an attempt right that was given up. One that failed was taken: "sent" is old news of it."""
NOT_LEFT = frozenset({MessageState.DUE, MessageState.EXPIRED})
"""Where a message goes of which nothing is known to have left. With staff it is still in doubt."""


class LateAccept(StrEnum):
    """What it means that the provider took an attempt after all."""

    KNOWN = "known"
    """Nothing new: the attempt was never given up."""
    REVIVES = "revives"
    """It is the message's attempt again; a second try that has not begun never begins."""
    DOUBLES = "doubles"
    """Another attempt lives already: the text may arrive twice, which is counted."""


def is_old_news(state: AttemptState, status: ReceiptStatus) -> bool:
    """Say whether a receipt tells nothing of an attempt that was given up."""
    return state in GIVEN_UP and status not in PROVES[state]


def late_accept(state: AttemptState, *, lives_another: bool) -> LateAccept:
    """Decide what an attempt in a state becomes, now that the provider turns out to have taken it."""
    if state not in GIVEN_UP:
        return LateAccept.KNOWN
    return LateAccept.DOUBLES if lives_another else LateAccept.REVIVES


def after_absence(*, was_taken: bool, may_resend: bool, resends: int, expires_at: datetime, now: datetime) -> Next:
    """Return where a message goes whose attempt of unknown outcome is proven absent.

    `was_taken` says that an earlier attempt, given up as well, had been taken after all. `may_resend` is false where
    the clinic, or too many doubles, want unknown outcomes held. `resends` counts those before.
    """
    if was_taken:
        return Next(MessageState.ACCEPTED, AttemptState.ABSENT)
    if not may_resend or resends >= MOST_RESENDS:
        return Next(MessageState.NEEDS_STAFF, AttemptState.ABSENT, reason=Reason.UNKNOWN_OUTCOME)
    if expires_at <= now:
        return Next(MessageState.EXPIRED, AttemptState.ABSENT, reason=Reason.TOO_LATE)
    return Next(MessageState.DUE, AttemptState.ABSENT, due_at=now)
