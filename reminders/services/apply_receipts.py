"""Receipts: store each once when it arrives, apply it later; they only move a message forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from reminders.core.delivery import AttemptState, MessageState, ReceiptStatus, Refusal, advance
from reminders.core.ids import MessageId
from reminders.core.messages import Draft
from reminders.core.reminders import Reason
from reminders.ports import Job, Receipt
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_task
from reminders.store import attempts, contacts, messages, receipts
from reminders.store.attempts import Ending, Known
from reminders.store.messages import Move
from reminders.store.receipts import StoredReceipt
from reminders.store.unit_of_work import Transaction

AT_ONCE = 100


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
    with deps.store.transaction() as tx:
        waiting = receipts.waiting(tx, limit=AT_ONCE)
        for item in waiting:
            _apply(tx, deps, item)
        receipts.mark_applied(tx, [item.id for item in waiting], now=deps.clock.machine_now())
    return len(waiting)


def _apply(tx: Transaction, deps: Deps, item: StoredReceipt) -> None:
    known = attempts.by_receipt(tx, tag=item.tag, provider_id=item.provider_id)
    if known is None or item.status is None:
        return
    now = deps.clock.now()
    if known.state in attempts.OPEN:
        ending = Ending(
            known.tag, AttemptState.ACCEPTED, provider_id=item.provider_id, provider_status=item.provider_status
        )
        attempts.settle(tx, ending, now=now)
    elif known.state is AttemptState.ABSENT:
        _accept_late(tx, deps, known, item, now)
        return
    elif known.state is AttemptState.REJECTED:
        return
    advance_message(tx, deps, known.message_id, item.status, refusal=item.refusal, code=item.code)


def _accept_late(tx: Transaction, deps: Deps, known: Known, item: StoredReceipt, now: datetime) -> None:
    """The provider had taken what we took for lost: stop the second try if it has not begun, else count a double."""
    if known.message_id in attempts.has_live(tx, [known.message_id]):
        attempts.mark_late_accept(tx, known.tag, item.provider_id)
        return
    attempts.revive(tx, known.tag, item.provider_id, item.provider_status, now=now)
    waiting = [
        MessageState.DUE,
        MessageState.HELD,
        MessageState.CLAIMED,
        MessageState.EXPIRED,
        MessageState.NEEDS_STAFF,
    ]
    state = advance(MessageState.ACCEPTED, item.status) if item.status is not None else MessageState.ACCEPTED
    messages.move(tx, [Move(known.message_id, state)], waiting, now=now)


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
    open_message_task(tx, deps.identity, held.draft, move, now=now)
    return True


def _reason(state: MessageState, refusal: Refusal | None) -> Reason | None:
    if state is not MessageState.UNDELIVERED:
        return None
    reasons = {Refusal.OPTED_OUT: Reason.OPTED_OUT, Refusal.ADDRESS: Reason.ADDRESS_FAULT}
    return reasons.get(refusal, Reason.UNDELIVERED) if refusal is not None else Reason.UNDELIVERED


def _opt_out(tx: Transaction, draft: Draft, _code: str, now: datetime) -> None:
    contacts.opt_out(tx, [draft.contact_id], by="provider", now=now)


def _mark_fault(tx: Transaction, draft: Draft, code: str, now: datetime) -> None:
    contacts.mark_fault(tx, draft.contact_id, code, now=now)


def _nothing(_tx: Transaction, _draft: Draft, _code: str, _now: datetime) -> None:
    """Nothing follows for the address."""


CONSEQUENCES: dict[Refusal, Callable[[Transaction, Draft, str, datetime], None]] = {
    Refusal.OPTED_OUT: _opt_out,
    Refusal.ADDRESS: _mark_fault,
    Refusal.CONTENT: _nothing,
    Refusal.OTHER: _nothing,
}
