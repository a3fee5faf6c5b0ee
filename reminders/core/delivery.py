"""What becomes of a message: its states, what a provider can answer, and which state follows.

Every table here is total over its enums; late and double events are written down, not fallen through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reminders.core.reminders import Reason


class MessageState(StrEnum):
    """The life of a message. `claimed` means leased and not attempted: safe to take again."""

    DUE = "due"
    HELD = "held"
    CLAIMED = "claimed"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NEEDS_STAFF = "needs_staff"


WAITING = frozenset({MessageState.DUE, MessageState.HELD, MessageState.CLAIMED})
"""Nothing has left and nothing is leaving: what a cancellation or an opt-out can still stop."""
IN_FLIGHT = frozenset({MessageState.SENDING, MessageState.UNKNOWN})
LEFT = frozenset({MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED, MessageState.UNDELIVERED})
ENDED = frozenset(MessageState) - WAITING - IN_FLIGHT - {MessageState.ACCEPTED, MessageState.SENT}
"""States that nothing but a later receipt changes."""


class AttemptState(StrEnum):
    """The life of one provider call. `absent` is proof that nothing was sent; `unknown` is the lack of proof.

    `failed` is what the provider took and then reported as not delivered, where the message is to be tried again.
    """

    SENDING = "sending"
    ACCEPTED = "accepted"
    ABSENT = "absent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    FAILED = "failed"


GIVEN_UP = frozenset({AttemptState.ABSENT, AttemptState.FAILED})
"""Attempts that no longer live. A receipt may still prove one of them right after all."""


class Refusal(StrEnum):
    """Why a message was refused or did not arrive; the adapter says which, nobody above reads provider codes.

    Requirement 20. `unlisted` is a code that nobody put in the table: final for its message, and somebody is told.
    """

    OPTED_OUT = "opted_out"
    ADDRESS = "address"
    CONTENT = "content"
    TRANSIENT = "transient"
    EXPIRED = "expired"
    CONFIGURATION = "configuration"
    UNLISTED = "unlisted"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it over."""

    provider_id: str
    provider_status: str


class Blame(StrEnum):
    """Whose fault it is that nothing was sent; it decides whether the next call is worth making."""

    PROVIDER = "provider"
    """It was out of reach or not available."""
    LIMIT = "limit"
    """We called too often; it says for how long to stay away, or not even that."""
    CONFIGURATION = "configuration"
    """Account, sender or registration: every other call would fail alike (requirement 21)."""
    MESSAGE = "message"
    """This one alone: begun too late, interrupted, or put off by its reader's server. No news about the provider."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Provably not sent: it may be tried again."""

    detail: str
    retry_after: timedelta | None = None
    blame: Blame = Blame.PROVIDER


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good, for this message."""

    kind: Refusal
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Perhaps sent. Never blindly sent again."""

    detail: str


Outcome = Accepted | Absent | Rejected | Unknown


class ReceiptStatus(StrEnum):
    """What a receipt can say, in our words."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


REACHES = {
    ReceiptStatus.QUEUED: MessageState.ACCEPTED,
    ReceiptStatus.SENT: MessageState.SENT,
    ReceiptStatus.DELIVERED: MessageState.DELIVERED,
    ReceiptStatus.UNDELIVERED: MessageState.UNDELIVERED,
    ReceiptStatus.FAILED: MessageState.UNDELIVERED,
    ReceiptStatus.CANCELLED: MessageState.UNDELIVERED,
}
RANK = {
    MessageState.DUE: 0,
    MessageState.HELD: 0,
    MessageState.CLAIMED: 0,
    MessageState.SENDING: 1,
    MessageState.UNKNOWN: 1,
    MessageState.ACCEPTED: 2,
    MessageState.SENT: 3,
    MessageState.DELIVERED: 4,
    MessageState.UNDELIVERED: 4,
    # What ended without leaving is beyond the reach of receipts: a late one is counted at its attempt.
    MessageState.REJECTED: 9,
    MessageState.SUPPRESSED: 9,
    MessageState.CANCELLED: 9,
    MessageState.EXPIRED: 9,
    MessageState.NEEDS_STAFF: 1,
}
"""Receipts only move a message upwards. `needs_staff` ranks low: a late proof of delivery is good news for staff."""


def advance(state: MessageState, status: ReceiptStatus) -> MessageState:
    """Return the state after a receipt; the same state where the receipt is late, double or out of order."""
    reached = REACHES[status]
    return reached if RANK[reached] > RANK[state] else state


BACK_OFF_BASE = timedelta(seconds=5)
BACK_OFF_CAP = timedelta(minutes=15)
MOST_RESENDS = 2
"""How often a message whose outcome was unknown may be sent again once it is proven absent."""
MOST_CRASHES = 3
CRASH_PAUSE = timedelta(minutes=5)
"""A message that stopped the work is left alone this long; after the third time it is a person's."""
MOST_DOUBLINGS = 10


def back_off(tries: int, *, jitter: float, retry_after: timedelta | None = None) -> timedelta:
    """Return how long to wait before the next try: full jitter (`jitter` in [0, 1)), the provider's wish honoured."""
    cap = min(BACK_OFF_CAP, BACK_OFF_BASE * (1 << min(tries, MOST_DOUBLINGS)))
    return max(jitter * cap, retry_after or timedelta(0))


@dataclass(frozen=True, slots=True)
class Next:
    """Where a message goes after an attempt: its state, when it is tried again, and why it ended where it did."""

    state: MessageState
    attempt: AttemptState
    due_at: datetime | None = None
    reason: Reason | None = None


def after(outcome: Outcome, *, tries: int, jitter: float, expires_at: datetime, now: datetime) -> Next:
    """Return what follows an attempt's outcome. A retry that would come too late ends as expired instead."""
    match outcome:
        case Accepted():
            return Next(MessageState.ACCEPTED, AttemptState.ACCEPTED)
        case Unknown():
            return Next(MessageState.UNKNOWN, AttemptState.UNKNOWN)
        case Rejected(kind=Refusal.OPTED_OUT):
            return Next(MessageState.SUPPRESSED, AttemptState.REJECTED, reason=Reason.OPTED_OUT)
        case Rejected(kind=Refusal.ADDRESS):
            return Next(MessageState.REJECTED, AttemptState.REJECTED, reason=Reason.ADDRESS_FAULT)
        case Rejected():
            return Next(MessageState.REJECTED, AttemptState.REJECTED, reason=Reason.PROVIDER_REFUSED)
        case Absent(retry_after=retry_after):
            again = now + back_off(tries, jitter=jitter, retry_after=retry_after)
            if again >= expires_at:
                return Next(MessageState.EXPIRED, AttemptState.ABSENT, reason=Reason.TOO_LATE)
            return Next(MessageState.DUE, AttemptState.ABSENT, due_at=again)


MOST_REDELIVERIES = 2
"""How often a message that the provider took and could not deliver is sent again."""
REDELIVERY_BASE = timedelta(minutes=5)
"""A phone out of reach or a full carrier queue is seldom well again within seconds."""
MAY_ARRIVE_LATER = frozenset({Refusal.TRANSIENT, Refusal.EXPIRED, Refusal.CONFIGURATION})
UNDELIVERED_BECAUSE = {
    Refusal.OPTED_OUT: Reason.OPTED_OUT,
    Refusal.ADDRESS: Reason.ADDRESS_FAULT,
    Refusal.CONTENT: Reason.UNDELIVERED,
    Refusal.TRANSIENT: Reason.UNDELIVERED,
    Refusal.EXPIRED: Reason.UNDELIVERED,
    Refusal.CONFIGURATION: Reason.UNDELIVERED,
    Refusal.UNLISTED: Reason.UNDELIVERED,
    Refusal.OTHER: Reason.UNDELIVERED,
}


def after_failure(
    refusal: Refusal | None, *, redeliveries: int, jitter: float, expires_at: datetime, now: datetime
) -> Next:
    """Return what follows when the provider, having taken a message, reports that it did not arrive.

    Half of each pause is chance. What can never arrive, or not in time, stays undelivered with its reason.
    """
    if refusal in MAY_ARRIVE_LATER and redeliveries < MOST_REDELIVERIES:
        again = now + REDELIVERY_BASE * (1 << redeliveries) * (0.5 + jitter / 2)
        if again < expires_at:
            return Next(MessageState.DUE, AttemptState.FAILED, due_at=again)
    reason = UNDELIVERED_BECAUSE[refusal] if refusal is not None else Reason.UNDELIVERED
    return Next(MessageState.UNDELIVERED, AttemptState.ACCEPTED, reason=reason)


MOST_DOUBLES = 0.001
"""The share of messages that may prove to be doubles before unknown outcomes are held instead of sent again."""


def resends_too_much(doubles: int, left: int) -> bool:
    """Say whether so many proven doubles among so many messages that left are too many (reliability (a), step 7)."""
    return doubles > left * MOST_DOUBLES


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about an attempt whose outcome is not: times are machine time, in UTC.

    `empty_looks` counts successful looks at the provider's list that did not show it, `first_look_at` and
    `last_look_at` the first and last of them. `hears_receipts` says whether other messages' receipts arrive.
    `can_look` is false for providers that keep no list, such as a mail server.
    """

    begun_at: datetime
    empty_looks: int
    first_look_at: datetime | None
    last_look_at: datetime | None
    hears_receipts: bool
    can_look: bool


@dataclass(frozen=True, slots=True)
class Resolution:
    """How long doubt lasts: machine time. `spread` is the least time between the first and last empty look."""

    grace: timedelta = timedelta(minutes=10)
    spread: timedelta = timedelta(minutes=2)
    blind_grace: timedelta = timedelta(minutes=30)
    """For mail: a doubled e-mail is the lesser harm, so it is sent again after this time."""


def is_proven_absent(evidence: Evidence, rule: Resolution, *, machine_now: datetime) -> bool:
    """Say whether an unknown attempt may be taken as never sent (reliability (a), step 6)."""
    age = machine_now - evidence.begun_at
    if not evidence.can_look:
        return age >= rule.blind_grace
    first, last = evidence.first_look_at, evidence.last_look_at
    if first is None or last is None or evidence.empty_looks < 2:  # noqa: PLR2004 - two looks is the rule itself
        return False
    return age >= rule.grace and last - first >= rule.spread and evidence.hears_receipts
