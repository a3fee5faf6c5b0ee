"""Intents: attempts as they are recorded before their calls, together with what becomes of their messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import false, select
from sqlalchemy.dialects import postgresql

from reminders.core.delivery import AttemptState
from reminders.core.ids import AttemptTag, ClinicId, MessageId
from reminders.store.bulk import insert_rows
from reminders.store.messages import sending_begun
from reminders.store.rows import attempt
from reminders.store.sets import in_columns, unnested
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

GIVEN = ("tag", "clinic_id", "message_id", "fence", "begun_at", "machine_begun_at", "deadline_at")
ALIKE = {"state": AttemptState.SENDING, "empty_looks": 0, "is_late_accept": False}
"""What an intent has of its own, and what is the same in all of them."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt about to be recorded. `machine_begun_at` and `deadline_at` are machine time."""

    tag: AttemptTag
    clinic_id: ClinicId
    message_id: MessageId
    fence: int
    begun_at: datetime
    machine_begun_at: datetime
    deadline_at: datetime


def record_intents(tx: Transaction, intents: Sequence[Intent], *, now: datetime) -> None:
    """Record intents, and take their messages to sending, which this transaction has locked.

    On PostgreSQL in one trip. The database refuses a second live attempt of one message.
    """
    if not intents:
        return
    rows = [{name: getattr(item, name) for name in GIVEN} for item in intents]
    if tx.is_postgres:
        tx.connection.execute(_begins(), {**in_columns(rows), "now": now})
    else:
        insert_rows(tx, attempt, [row | ALIKE for row in rows])
        ids = [item.message_id for item in intents]
        tx.connection.execute(sending_begun("ids", is_postgres=False), {"ids": ids, "now": now})


@cache
def _begins() -> postgresql.Insert:
    given = unnested(attempt, {name: attempt.c[name].type for name in GIVEN})
    alike = (plain(AttemptState.SENDING), plain(0), false())
    rows = select(*(given.c[name] for name in GIVEN), *alike)
    recorded = postgresql.insert(attempt).from_select([*GIVEN, *ALIKE], rows, include_defaults=False)
    return recorded.add_cte(sending_begun("b_message_id", is_postgres=True).cte("begun"))
