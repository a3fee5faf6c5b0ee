"""What was lately sent to addresses, as far as a reply from there depends on it: for many by one statement."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select

from reminders.core.gate import Origin
from reminders.core.ids import ContactId
from reminders.store.rows import message
from reminders.store.sets import listed
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Lately:
    """Automatic answers to an address, and when the last text left there that staff wrote, and that asked something."""

    answers: int = 0
    by_staff: datetime | None = None
    asked: datetime | None = None


def sent_to(
    tx: Transaction, contacts: Collection[ContactId], *, answered_since: datetime, left_since: datetime
) -> dict[ContactId, Lately]:
    """Return what was sent to addresses: answers made since one instant, and texts that left since another."""
    given = {"ids": list(contacts), "answered_since": answered_since, "left_since": left_since}
    rows = tx.connection.execute(_lately(is_postgres=tx.is_postgres), given).all()
    return {ContactId(row.contact_id): Lately(row.answers, row.by_staff, row.asked) for row in rows}


@cache
def _lately(*, is_postgres: bool) -> Select[Any]:
    columns = message.c
    is_made = columns.made_at >= bindparam("answered_since", type_=columns.made_at.type)
    has_left = columns.left_at >= bindparam("left_since", type_=columns.left_at.type)

    def last(which: ColumnElement[bool]) -> ColumnElement[datetime | None]:
        return func.max(case((which & has_left, columns.left_at)))

    return (
        select(
            columns.contact_id,
            func.sum(case(((columns.origin == plain(Origin.ANSWER)) & is_made, 1), else_=0)).label("answers"),
            last(columns.origin == plain(Origin.STAFF)).label("by_staff"),
            last(columns.asks.is_not(None)).label("asked"),
        )
        .where(listed(columns.contact_id, "ids", is_postgres=is_postgres), is_made | has_left)
        .group_by(columns.contact_id)
    )
