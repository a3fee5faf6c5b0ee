"""Doubles: attempts given up that the provider had after all, while another was taken too; and calls it took twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select

from reminders.core.delivery import AttemptState
from reminders.store.rows import attempt, message
from reminders.store.unit_of_work import Transaction

SPAN = timedelta(days=7)

other = attempt.alias("other")
IS_DOUBLE: ColumnElement[bool] = attempt.c.is_late_accept & (
    (attempt.c.state == AttemptState.ACCEPTED)
    | exists().where(
        other.c.message_id == attempt.c.message_id, other.c.tag != attempt.c.tag, other.c.state == AttemptState.ACCEPTED
    )
)
"""Proven: the provider took two, by two calls of ours or by one."""


def count(tx: Transaction, *, now: datetime, after: datetime | None) -> tuple[int, int]:
    """Return how many attempts of the last week, begun after an instant, proved doubles, and how many messages left."""
    since = now - SPAN if after is None else max(now - SPAN, after)
    doubled = select(func.count()).select_from(attempt).where(IS_DOUBLE, attempt.c.begun_at >= since)
    left = select(func.count()).select_from(message).where(message.c.left_at >= since)
    return tx.connection.scalar(doubled) or 0, tx.connection.scalar(left) or 0
