"""Messages that come forward by what the provider reports, many by one statement; nothing sealed is opened."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, literal, select, update

from reminders.core.delivery import MessageState
from reminders.core.feed import SETTLED
from reminders.core.ids import MessageId
from reminders.store.message_news import tell_settled
from reminders.store.rows import message
from reminders.store.sets import among
from reminders.store.unit_of_work import Transaction


def lock_states(tx: Transaction, ids: Collection[MessageId]) -> dict[MessageId, MessageState]:
    """Return in which states these messages are, and keep them there until this transaction ends."""
    statement = select(message.c.id, message.c.state).where(among(tx, message.c.id, ids)).order_by(message.c.id)
    rows = tx.connection.execute(statement.with_for_update(key_share=True))
    return {MessageId(row.id): row.state for row in rows}


def advance(tx: Transaction, ids: Collection[MessageId], state: MessageState, *, now: datetime) -> None:
    """Move messages, whose states this transaction holds, to one that the provider reported."""
    values = {"state": state, "reason": None, "changed_at": now, "claim": None, "lease_until": None}
    statement = update(message).where(among(tx, message.c.id, ids))
    tx.connection.execute(
        statement.values(**values, left_at=func.coalesce(message.c.left_at, literal(now, message.c.left_at.type)))
    )
    if state in SETTLED:
        tell_settled(tx, ids, now=now)
