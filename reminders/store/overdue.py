"""Messages that have been due for too long."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from reminders.core.delivery import MessageState
from reminders.core.examination.facts import OverdueFacts
from reminders.core.patients import Channel
from reminders.store.rows import message
from reminders.store.unit_of_work import Transaction

_MOST_COUNTED = 1000
_SHORT_ID = 8
"""So many characters of a message's id are what people name it by."""


def oldest_overdue(tx: Transaction, channels: Collection[Channel], *, due_before: datetime) -> OverdueFacts | None:
    """Return the message of these channels that has been due longest; None where none fell due before that time."""
    late = (
        select(message.c.id, message.c.due_at)
        .where(
            message.c.state == MessageState.DUE,
            message.c.channel.in_(sorted(channels)),
            message.c.due_at < due_before,
        )
        .order_by(message.c.due_at)
    )
    oldest = tx.connection.execute(late.limit(1)).first()
    if oldest is None:
        return None
    # Counted no further than that: a backlog of a million says nothing more to a person.
    counted = tx.connection.scalar(select(func.count()).select_from(late.limit(_MOST_COUNTED).subquery()))
    return OverdueFacts(str(oldest.id)[:_SHORT_ID], oldest.due_at, counted or 0)
