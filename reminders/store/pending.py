"""Whether there is anything to do: a small question, asked every few seconds before the work that finds out in full.

Nearly always there is nothing. A question is built once, because building costs more than asking it.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, or_, select

from reminders.core.delivery import AttemptState, MessageState
from reminders.store.messages import ENDS_UNLESS_LEFT
from reminders.store.reminders import IS_PLANNED
from reminders.store.rows import attempt, message, reminder
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction


def is_past_use(tx: Transaction, *, now: datetime) -> bool:
    """Say whether a reminder or a message that waits is of no use any more."""
    return bool(tx.connection.scalar(_past_use(), {"now": now}))


def is_in_doubt(tx: Transaction, *, machine_now: datetime) -> bool:
    """Say whether a lease or a deadline is over, or an attempt is in doubt already."""
    return bool(tx.connection.scalar(_in_doubt(), {"now": machine_now}))


@cache
def _past_use() -> Select[tuple[bool]]:
    return _any(
        exists().where(IS_PLANNED, reminder.c.expires_at <= _at(reminder.c.expires_at)),
        exists().where(ENDS_UNLESS_LEFT, message.c.expires_at <= _at(message.c.expires_at)),
    )


@cache
def _in_doubt() -> Select[tuple[bool]]:
    is_claimed = message.c.state == plain(MessageState.CLAIMED)
    has_no_outcome = attempt.c.state.in_([plain(AttemptState.SENDING), plain(AttemptState.UNKNOWN)])
    is_late = attempt.c.deadline_at < _at(attempt.c.deadline_at)
    return _any(
        exists().where(is_claimed, message.c.lease_until < _at(message.c.lease_until)),
        exists().where(has_no_outcome, or_(is_late, attempt.c.state == plain(AttemptState.UNKNOWN))),
    )


def _any(*found: ColumnElement[bool]) -> Select[tuple[bool]]:
    return select(or_(*found))


def _at(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return bindparam("now", type_=column.type)
