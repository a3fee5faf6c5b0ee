"""How messages that wait come to their end, and what the feed is told of every end.

What staff get is not the clinic's news.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from reminders.core.delivery import WAITING, MessageState
from reminders.core.feed import SETTLED, FeedEvent
from reminders.core.ids import ClinicId, MessageId, PatientId
from reminders.core.patients import Recipient
from reminders.core.reminders import Reason
from reminders.store import events
from reminders.store.batches import in_batches
from reminders.store.rows import message
from reminders.store.sets import among
from reminders.store.unit_of_work import Transaction


def cancel(tx: Transaction, which: ColumnElement[bool], *, reason: Reason, now: datetime) -> list[MessageId]:
    """End those of these messages that wait to leave, and tell of it; returns them."""
    statement = update(message).where(which, message.c.state.in_(WAITING))
    values = {"state": MessageState.CANCELLED, "reason": reason, "changed_at": now, "claim": None, "lease_until": None}
    ended = [MessageId(row.id) for row in tx.connection.execute(statement.values(values).returning(message.c.id))]
    tell_settled(tx, ended, now=now)
    return ended


def tell_settled(tx: Transaction, ids: Collection[MessageId], *, now: datetime) -> None:
    """Tell of those of these messages that came to their end just now."""
    for batch in in_batches(ids):
        mine = among(tx, message.c.id, batch) & (message.c.changed_at == now) & (message.c.recipient != Recipient.STAFF)
        rows = tx.connection.execute(select(message).where(mine, message.c.state.in_(SETTLED)))
        events.add(tx, [_event(row, now) for row in rows])


def _event(row: Row[Any], now: datetime) -> FeedEvent:
    visit = {} if row.appointment_id is None else {"appointment": str(row.appointment_id)}
    return FeedEvent(
        kind=SETTLED[row.state],
        clinic_id=ClinicId(row.clinic_id),
        subject="message",
        row=row.id,
        happened_at=now,
        patient_id=None if row.patient_id is None else PatientId(row.patient_id),
        facts={"channel": row.channel.value, "reason": None if row.reason is None else row.reason.value, **visit},
    )
