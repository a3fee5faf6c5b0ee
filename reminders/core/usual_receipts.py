"""Usual receipts: those that only say how far a message has come. Whatever is odd about one is judged by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from reminders.core.delivery import REACHES, AttemptState, MessageState, ReceiptStatus, advance

LIVES = frozenset({AttemptState.SENDING, AttemptState.UNKNOWN, AttemptState.ACCEPTED})


def are_usual(state: AttemptState, names: Iterable[str | None], statuses: Sequence[ReceiptStatus | None]) -> bool:
    """Say whether receipts of an attempt can only move its message forward.

    `names` are the provider's ids by which the attempt is known and the receipts go: two of them mean two messages.
    Neither may the attempt have ended, nor a failure be told, of which more follows, nor a word that is new to us.
    """
    is_one = len({name for name in names if name is not None}) == 1
    told = {None if status is None else REACHES[status] for status in statuses}
    return is_one and state in LIVES and not told & {None, MessageState.UNDELIVERED}


def furthest(state: MessageState, statuses: Iterable[ReceiptStatus]) -> MessageState:
    """Return the state after receipts, in whatever order they came."""
    return reduce(advance, statuses, state)
