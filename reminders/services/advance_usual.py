"""Advance: what usual receipts say of their messages, by as many statements for a hundred as for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from reminders.core.delivery import AttemptState, MessageState, ReceiptStatus
from reminders.core.ids import MessageId
from reminders.core.patients import Channel
from reminders.core.usual_receipts import are_usual, furthest
from reminders.services.deps import Deps
from reminders.services.mind_circuit import hold_if_doubled, note_arrival
from reminders.services.read_time import read_moment
from reminders.store import advances, attempts, outcomes
from reminders.store.attempts import Known
from reminders.store.outcomes import Ending
from reminders.store.receipts import StoredReceipt
from reminders.store.unit_of_work import Transaction

Told = Sequence[tuple[StoredReceipt, Known]]
"""The receipts of one message, oldest first, each with its attempt."""


def advance_usual(
    tx: Transaction, deps: Deps, waiting: Sequence[StoredReceipt], known: Sequence[Known]
) -> Sequence[StoredReceipt]:
    """Apply those receipts that only move messages forward, whose attempts are locked; return what is left, in order.

    All receipts of a message are applied here or none is: where one is odd, their order may matter. Nothing is left of
    those whose tag is no attempt's.
    """
    usual = {message_id: told for message_id, told in _by_message(waiting, known).items() if _is_usual(told)}
    done = {item.id for told in usual.values() for item, _ in told}
    if usual:
        now = deps.clock.now()
        _settle(tx, deps, usual, now=now)
        _advance(tx, deps, usual, now=now)
    # A tag is committed before the provider hears it: one that is nobody's now will never be anybody's.
    tags = {attempt.tag for attempt in known}
    return [item for item in waiting if item.id not in done and (item.tag is None or item.tag in tags)]


def _by_message(waiting: Sequence[StoredReceipt], known: Sequence[Known]) -> Mapping[MessageId, Told]:
    """Return the receipts whose attempts are known. A tag is believed before the provider's id."""
    by_tag: dict[UUID, Known] = {item.tag: item for item in known}
    by_name = {item.provider_id: item for item in known if item.provider_id is not None}
    found: dict[MessageId, list[tuple[StoredReceipt, Known]]] = {}
    for item in waiting:
        attempt = by_name.get(item.provider_id) if item.tag is None else by_tag.get(item.tag)
        if attempt is not None:
            found.setdefault(attempt.message_id, []).append((item, attempt))
    return found


def _is_usual(told: Told) -> bool:
    (first, *others) = {attempt.tag: attempt for _, attempt in told}.values()
    names = [first.provider_id, *(item.provider_id for item, _ in told)]
    return not others and are_usual(first.state, names, [item.status for item, _ in told])


def _settle(tx: Transaction, deps: Deps, usual: Mapping[MessageId, Told], *, now: datetime) -> None:
    """Give attempts their outcome whose call was not answered, or not yet: the provider has them."""
    endings = [
        Ending(attempt.tag, AttemptState.ACCEPTED, provider_id=item.provider_id, provider_status=item.provider_status)
        for (item, attempt), *_ in usual.values()
        if attempt.state in attempts.OPEN
    ]
    if endings:
        outcomes.finish(tx, endings, now=now)
        if attempts.late_accepted(tx, list(usual)):
            hold_if_doubled(tx, deps, now=now)


def _advance(tx: Transaction, deps: Deps, usual: Mapping[MessageId, Told], *, now: datetime) -> None:
    """Move the messages. None of them failed, so no other channel takes over and nobody is asked to act."""
    held = advances.lock_states(tx, list(usual))
    reached: dict[MessageState, list[MessageId]] = {}
    for message_id, told in usual.items():
        state = furthest(held[message_id], [item.status for item, _ in told if item.status is not None])
        if state is not held[message_id]:
            reached.setdefault(state, []).append(message_id)
    for state, ids in reached.items():
        advances.advance(tx, ids, state, now=now)
    arrived = [told for ids in reached.values() for told in (usual[key] for key in ids) if _tells_arrival(told)]
    if arrived:
        # Only the last of them can be later than whatever opened the circuit.
        begun_at = max(attempt.begun_at for told in arrived for _, attempt in told)
        note_arrival(tx, deps, Channel.SMS, begun_at, read_moment(tx, deps))


def _tells_arrival(told: Told) -> bool:
    return any(item.status is ReceiptStatus.DELIVERED for item, _ in told)
