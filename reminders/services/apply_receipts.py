"""Receipts: store each once when it arrives, apply it later; they only move a message forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from reminders.core.delivery import (
    GIVEN_UP,
    IN_FLIGHT,
    LEFT,
    MOST_REDELIVERIES,
    REACHES,
    Accepted,
    AttemptState,
    MessageState,
    ReceiptStatus,
    Refusal,
    advance,
    after_failure,
)
from reminders.core.ids import AttemptTag, MessageId
from reminders.core.late_proof import MAY_REVIVE, LateAccept, is_old_news, late_accept
from reminders.core.messages import Draft, Message
from reminders.core.patients import Channel
from reminders.failpoints import Failpoint, reach
from reminders.ports import Job, Receipt
from reminders.services.advance_usual import advance_usual
from reminders.services.apart import together_or_apart
from reminders.services.close_addresses import CLOSING, lock_concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.services.fall_back import fall_back
from reminders.services.mind_circuit import hold_if_doubled, note_arrival, note_refused_later
from reminders.services.opt_out import opt_out_by_provider
from reminders.services.read_time import read_moment
from reminders.services.report_unlisted import report_unlisted
from reminders.store import attempts, contacts, messages, outcomes, receipts
from reminders.store.attempts import Known
from reminders.store.messages import Move
from reminders.store.outcomes import Ending
from reminders.store.receipts import StoredReceipt
from reminders.store.unit_of_work import Transaction

AT_ONCE = 100
PASSED_OVER_AFTER = timedelta(minutes=15)
"""How long a receipt that cannot be applied is tried again."""


def store_receipt(deps: Deps, tag: UUID | None, receipt: Receipt) -> bool:
    """Keep a receipt as it arrives; False where it was told before."""
    reach(Failpoint.RECEIPT_ARRIVED)
    with deps.store.transaction() as tx:
        # Machine time: whether receipts arrive at all is judged against the attempts' own machine times.
        is_new = receipts.add_once(tx, deps.identity.new_id(), tag, receipt, now=deps.clock.machine_now())
    reach(Failpoint.RECEIPT_STORED)
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
    with deps.store.looking() as tx:
        ids = receipts.waiting_ids(tx, limit=AT_ONCE)
    if not ids:
        return 0
    return sum(together_or_apart(ids, lambda some: _apply_some(deps, some), lambda one: _pass_over(deps, one)))


def _pass_over(deps: Deps, receipt_id: UUID) -> None:
    """Leave a receipt that cannot be applied, once it is old: a deadlock or an older release pass, an opt-out must not.

    What one that is left says is found out by a look at the provider.
    """
    machine_now = deps.clock.machine_now()
    with deps.store.transaction() as tx:
        receipts.mark_applied(tx, [receipt_id], now=machine_now, received_before=machine_now - PASSED_OVER_AFTER)


def _apply_some(deps: Deps, ids: Sequence[UUID]) -> int:
    with deps.store.transaction() as tx:
        waiting = receipts.lock_waiting(tx, ids)
        closing = [item for item in waiting if item.refusal in CLOSING or _is_bad_news(item)]
        people = lock_concerned(tx, attempts.addressed(tx, *_names(closing))) if closing else set()
        known = attempts.lock_known(tx, *_names(waiting))
        for item in advance_usual(tx, deps, waiting, known):
            _apply(tx, deps, item)
        plan_concerned(tx, deps, people, now=deps.clock.now())
        receipts.mark_applied(tx, [item.id for item in waiting], now=deps.clock.machine_now())
        reach(Failpoint.RECEIPT_BEFORE_COMMIT)
    return len(waiting)


def _is_bad_news(item: StoredReceipt) -> bool:
    return item.status is not None and REACHES[item.status] is MessageState.UNDELIVERED


def _names(items: Sequence[StoredReceipt]) -> tuple[list[UUID], list[str]]:
    return [item.tag for item in items if item.tag], [item.provider_id for item in items]


def _apply(tx: Transaction, deps: Deps, item: StoredReceipt) -> None:
    known = attempts.by_receipt(tx, tag=item.tag, provider_id=item.provider_id)
    if known is None or item.status is None or known.state is AttemptState.REJECTED:
        return
    now = deps.clock.now()
    accepted = Accepted(item.provider_id, item.provider_status)
    if known.provider_id is not None and known.provider_id != item.provider_id:
        # Signed, with our tag, and not the message we know of: the provider made two of one call.
        attempts.mark_twice(tx, known.tag)
        hold_if_doubled(tx, deps, now=now)
        return
    if is_old_news(known.state, item.status):
        return
    if known.state in GIVEN_UP and not accept_late(tx, deps, known, accepted, now=now):
        return
    if known.state in attempts.OPEN:
        ending = Ending(
            known.tag, AttemptState.ACCEPTED, provider_id=item.provider_id, provider_status=item.provider_status
        )
        outcomes.settle(tx, ending, now=now)
        if attempts.late_accepted(tx, [known.message_id]):
            hold_if_doubled(tx, deps, now=now)
    news = News(known.tag, known.message_id, item.status, item.refusal, item.code)
    if advance_message(tx, deps, news) and item.status is ReceiptStatus.DELIVERED:
        note_arrival(tx, deps, Channel.SMS, known.begun_at, read_moment(tx, deps))


def accept_late(tx: Transaction, deps: Deps, known: Known, accepted: Accepted, *, now: datetime) -> bool:
    """The provider had taken an attempt that we gave up; say whether it is the message's attempt again.

    It is where the second try has not begun, which then never begins. Else a possible double is counted.
    """
    messages.get_many(tx, [known.message_id], for_update=True)
    lives_another = known.state in GIVEN_UP and bool(attempts.has_live(tx, [known.message_id]))
    match late_accept(known.state, lives_another=lives_another):
        case LateAccept.KNOWN:
            return False
        case LateAccept.DOUBLES:
            attempts.mark_late_accept(tx, known.tag, accepted.provider_id)
            hold_if_doubled(tx, deps, now=now)
            return False
        case LateAccept.REVIVES:
            attempts.revive(tx, known.tag, accepted.provider_id, accepted.provider_status, now=now)
            messages.move(tx, [Move(known.message_id, MessageState.ACCEPTED)], MAY_REVIVE, now=now)
            return True


@dataclass(frozen=True, slots=True)
class News:
    """What the provider says of an attempt that it took: by a receipt, or because we asked."""

    tag: AttemptTag
    message_id: MessageId
    status: ReceiptStatus
    refusal: Refusal | None = None
    code: str | None = None


def advance_message(tx: Transaction, deps: Deps, news: News) -> bool:
    """Move a message forward by what the provider says of it; False where that is old news."""
    now = deps.clock.now()
    held = messages.get_many(tx, [news.message_id], for_update=True)[news.message_id]
    state = advance(held.state, news.status)
    if state is held.state:
        return False
    move = Move(held.id, state)
    if state is MessageState.UNDELIVERED:
        move = _not_delivered(tx, deps, held, news, now)
    messages.move(tx, [move], [held.state], now=now)
    fall_back(tx, deps, [(held.draft, move)], now=now)
    return True


def _not_delivered(tx: Transaction, deps: Deps, held: Message, news: News, now: datetime) -> Move:
    """Return where a message goes that did not arrive; what that says of address and account is remembered."""
    follows = after_failure(
        news.refusal,
        redeliveries=held.redeliveries if held.state in LEFT | IN_FLIGHT else MOST_REDELIVERIES,
        jitter=deps.identity.jitter(),
        expires_at=held.draft.expires_at,
        now=now,
    )
    if news.refusal is not None:
        CONSEQUENCES[news.refusal](tx, deps, held.draft, news, now)
    if follows.state is MessageState.UNDELIVERED:
        return Move(held.id, MessageState.UNDELIVERED, follows.reason)
    attempts.fail(tx, news.tag, code=news.code, now=now)
    messages.count_redelivery(tx, held.id)
    return Move(held.id, follows.state, due_at=follows.due_at, is_unsent=True)


def _opt_out(tx: Transaction, deps: Deps, draft: Draft, _news: News, now: datetime) -> None:
    opt_out_by_provider(tx, deps, [draft.contact_id], now=now)


def _mark_fault(tx: Transaction, _deps: Deps, draft: Draft, news: News, now: datetime) -> None:
    contacts.mark_fault(tx, [draft.contact_id], news.code or "", now=now)


def _open_circuit(tx: Transaction, deps: Deps, draft: Draft, _news: News, _now: datetime) -> None:
    """What the carriers refuse of us as a sender they will refuse of every other message too (requirement 21)."""
    note_refused_later(tx, deps, draft.channel, read_moment(tx, deps))


def _report(tx: Transaction, deps: Deps, _draft: Draft, news: News, now: datetime) -> None:
    report_unlisted(tx, deps, [news.code], now=now)


def _nothing(_tx: Transaction, _deps: Deps, _draft: Draft, _news: News, _now: datetime) -> None:
    """Nothing follows for address or account."""


CONSEQUENCES: dict[Refusal, Callable[[Transaction, Deps, Draft, News, datetime], None]] = {
    Refusal.OPTED_OUT: _opt_out,
    Refusal.ADDRESS: _mark_fault,
    Refusal.CONTENT: _nothing,
    Refusal.TRANSIENT: _nothing,
    Refusal.EXPIRED: _nothing,
    Refusal.CONFIGURATION: _open_circuit,
    Refusal.UNLISTED: _report,
    Refusal.OTHER: _nothing,
}
