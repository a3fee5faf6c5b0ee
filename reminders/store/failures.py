"""Failures as stored: which messages did not reach their address, and what was last said of an address."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from reminders.core.delivery import REACHES, MessageState, ReceiptStatus
from reminders.core.fallback import MOST_OUT_OF_REACH, has_failed
from reminders.core.ids import ContactId, MessageId
from reminders.store.batches import in_batches
from reminders.store.rows import attempt, message, receipt
from reminders.store.unit_of_work import Transaction

HAS_A_LAST_WORD = (MessageState.DELIVERED, MessageState.UNDELIVERED)
BAD_NEWS = [status for status in ReceiptStatus if REACHES[status] is MessageState.UNDELIVERED]


def failed(tx: Transaction, ids: Collection[MessageId]) -> set[MessageId]:
    """Return which of these messages ended so that what they said may go by another channel."""
    columns = (message.c.id, message.c.state, message.c.reason, message.c.redeliveries)
    return {
        MessageId(row.id)
        for batch in in_batches(ids)
        for row in tx.connection.execute(select(*columns).where(message.c.id.in_(batch)))
        if has_failed(row.state, row.reason, row.redeliveries)
    }


def last_words(tx: Transaction, contact_id: ContactId) -> list[str | None]:
    """Return the provider's last word on each of the latest messages to an address that came to an end, newest first.

    The word is a code, or None for one that arrived or of which no receipt came.
    """
    latest = (
        select(message.c.id, message.c.left_at)
        .where(message.c.contact_id == contact_id, message.c.state.in_(HAS_A_LAST_WORD))
        .order_by(message.c.left_at.desc(), message.c.id.desc())
        .limit(MOST_OUT_OF_REACH)
        .subquery()
    )
    statement = (
        select(latest.c.id, receipt.c.code)
        .outerjoin(attempt, attempt.c.message_id == latest.c.id)
        .outerjoin(receipt, (receipt.c.provider_id == attempt.c.provider_id) & receipt.c.status.in_(BAD_NEWS))
        .order_by(latest.c.left_at.desc(), latest.c.id.desc(), attempt.c.fence.desc(), receipt.c.received_at.desc())
    )
    words: dict[MessageId, str | None] = {}
    for row in tx.connection.execute(statement):
        words.setdefault(MessageId(row.id), row.code)
    return list(words.values())
