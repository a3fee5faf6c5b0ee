"""Receipts: store each once when it arrives, apply it later; they only move a message forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from reminders.core.delivery import (
    Accepted,
    AttemptState,
    MessageState,
    ReceiptStatus,
    Refusal,
    advance,
)
from reminders.core.ids import MessageId
from reminders.core.messages import Draft
from reminders.core.reminders import Reason
from reminders.ports import Job, Receipt
from reminders.services.apart import together_or_apart
from reminders.services.close_addresses import CLOSING, lock_concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_tasks
from reminders.store import attempts, contacts, messages, receipts
from reminders.store.attempts import Ending, Known
from reminders.store.messages import Move
from reminders.store.receipts import StoredReceipt
from reminders.store.unit_of_work import Transaction

AT_ONCE = 100
GIVEN_UP = (
    MessageState.DUE,
    MessageState.HELD,
    MessageState.CLAIMED,
    MessageState.EXPIRED,
    MessageState.NEEDS_STAFF,
)
"""Where a message may be whose attempt was given up for absent."""


def store_receipt(deps: Deps, tag: UUID | None, receipt: Receipt) -> bool:
    """Keep a receipt as it arrives; False where it was told before."""
    with deps.store.transaction() as tx:
        # Machine time: whether receipts arrive at all is judged against the attempts' own machine times.
        is_new = receipts.add_once(tx, deps.identity.new_id(), tag, receipt, now=deps.clock.machine_now())
    if is_new:
        deps.queue.hint([Job.APPLY_RECEIPTS])
    return is_new


def apply_receipts(deps: Deps) -> int:
    """Apply waiting receipts, a batch a transaction; return how many."""
    done = 0
    while batch := _apply_batch(deps):
        done += batch
    return done


def _apply_batch(deps: Deps) -> int:
    with deps.store.reading() as tx:
        ids = receipts.waiting_ids(tx, limit=AT_ONCE)
    if not ids:
        return 0
    return sum(together_or_apart(ids, lambda some: _apply_some(deps, some), lambda one: _pass_over(deps, one)))


def _pass_over(deps: Deps, receipt_id: UUID) -> None:
    """Leave a receipt that cannot be applied: what it says is found out by a look at the provider."""
    with deps.store.transaction() as tx:
        receipts.mark_applied(tx, [receipt_id], now=deps.clock.machine_now())


def _apply_some(deps: Deps, ids: Sequence[UUID]) -> int:
    with deps.store.transaction() as tx:
        waiting = receipts.lock_waiting(tx, ids)
        closing = [item for item in waiting if item.refusal in CLOSING]
        people = lock_concerned(tx, attempts.addressed(tx, *_names(closing))) if closing else set()
        attempts.lock_known(tx, *_names(waiting))
        for item in waiting:
            _apply(tx, deps, item)
        plan_concerned(tx, deps, people, now=deps.clock.now())
        receipts.mark_applied(tx, [item.id for item in waiting], now=deps.clock.machine_now())
    return len(waiting)


def _names(items: Sequence[StoredReceipt]) -> tuple[list[UUID], list[str]]:
    return [item.tag for item in items if item.tag], [item.provider_id for item in items]


def _apply(tx: Transaction, deps: Deps, item: StoredReceipt) -> None:
    known = attempts.by_receipt(tx, tag=item.tag, provider_id=item.provider_id)
    if known is None or item.status is None:
        return
    now = deps.clock.now()
    accepted = Accepted(item.provider_id, item.provider_status)
    if known.state is AttemptState.ABSENT and not accept_late(tx, known, accepted, now=now):
        return
    if known.state is AttemptState.REJECTED:
        return
    if known.state in attempts.OPEN:
        ending = Ending(
            known.tag, AttemptState.ACCEPTED, provider_id=item.provider_id, provider_status=item.provider_status
        )
        attempts.settle(tx, ending, now=now)
    advance_message(tx, deps, known.message_id, item.status, refusal=item.refusal, code=item.code)


def accept_late(tx: Transaction, known: Known, accepted: Accepted, *, now: datetime) -> bool:
    """The provider had taken an attempt that we gave up for absent; say whether it is the message's attempt again.

    It is where the second try has not begun, which then never begins. Else a possible double is counted.
    """
    messages.get_many(tx, [known.message_id], for_update=True)
    if known.state is not AttemptState.ABSENT:
        return False
    if attempts.has_live(tx, [known.message_id]):
        attempts.mark_late_accept(tx, known.tag, accepted.provider_id)
        return False
    attempts.revive(tx, known.tag, accepted.provider_id, accepted.provider_status, now=now)
    messages.move(tx, [Move(known.message_id, MessageState.ACCEPTED)], GIVEN_UP, now=now)
    return True


def advance_message(
    tx: Transaction,
    deps: Deps,
    message_id: MessageId,
    status: ReceiptStatus,
    *,
    refusal: Refusal | None = None,
    code: str | None = None,
) -> bool:
    """Move a message forward by what the provider says of it; False where that is old news."""
    now = deps.clock.now()
    held = messages.get_many(tx, [message_id], for_update=True)[message_id]
    state = advance(held.state, status)
    if state is held.state:
        return False
    move = Move(message_id, state, _reason(state, refusal))
    messages.move(tx, [move], [held.state], now=now)
    if refusal is not None and state is MessageState.UNDELIVERED:
        CONSEQUENCES[refusal](tx, held.draft, code or "", now)
    open_message_tasks(tx, deps.identity, [(held.draft, move)], now=now)
    return True


def _reason(state: MessageState, refusal: Refusal | None) -> Reason | None:
    if state is not MessageState.UNDELIVERED:
        return None
    reasons = {Refusal.OPTED_OUT: Reason.OPTED_OUT, Refusal.ADDRESS: Reason.ADDRESS_FAULT}
    return reasons.get(refusal, Reason.UNDELIVERED) if refusal is not None else Reason.UNDELIVERED


def _opt_out(tx: Transaction, draft: Draft, _code: str, now: datetime) -> None:
    contacts.opt_out(tx, [draft.contact_id], by="provider", now=now)


def _mark_fault(tx: Transaction, draft: Draft, code: str, now: datetime) -> None:
    contacts.mark_fault(tx, [draft.contact_id], code, now=now)


def _nothing(_tx: Transaction, _draft: Draft, _code: str, _now: datetime) -> None:
    """Nothing follows for the address."""


CONSEQUENCES: dict[Refusal, Callable[[Transaction, Draft, str, datetime], None]] = {
    Refusal.OPTED_OUT: _opt_out,
    Refusal.ADDRESS: _mark_fault,
    Refusal.CONTENT: _nothing,
    Refusal.TRANSIENT: _nothing,
    Refusal.EXPIRED: _nothing,
    Refusal.CONFIGURATION: _nothing,
    Refusal.UNLISTED: _nothing,
    Refusal.OTHER: _nothing,
}
