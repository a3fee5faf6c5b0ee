"""The oldest of everything that waits, each found by an index: what the second watcher looks at. Counts nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from reminders.core.gate import Origin
from reminders.core.ids import ClinicId
from reminders.core.patients import Channel
from reminders.store.attempts import IS_OPEN, OPEN_MESSAGE
from reminders.store.conversation_rows import inbound
from reminders.store.messages import CLAIMABLE
from reminders.store.reminders import IS_PLANNED
from reminders.store.rows import attempt, message, receipt, reminder
from reminders.store.unit_of_work import Transaction


def waiting_message(tx: Transaction, channel: Channel) -> datetime | None:
    """Return the due time (the clinic's) of the oldest message that may be taken."""
    found: datetime | None = tx.connection.scalar(
        select(func.min(message.c.due_at)).where(CLAIMABLE, message.c.channel == channel)
    )
    return found


def open_attempts(tx: Transaction) -> dict[Channel, datetime]:
    """Return by channel the deadline (machine time) of the oldest attempt without an outcome."""
    joined = attempt.join(message, message.c.id == attempt.c.message_id)
    oldest = func.min(attempt.c.deadline_at).label("at")
    # One whose message a person was asked about is nobody's doubt any more; it stays open for a late receipt.
    here = (IS_OPEN, message.c.state.in_(OPEN_MESSAGE))
    statement = select(message.c.channel, oldest).select_from(joined).where(*here)
    return {Channel(row.channel): row.at for row in tx.connection.execute(statement.group_by(message.c.channel))}


def waiting_receipt(tx: Transaction) -> datetime | None:
    """Return when (machine time) the oldest receipt came that was not applied."""
    found: datetime | None = tx.connection.scalar(
        select(func.min(receipt.c.received_at)).where(receipt.c.applied_at.is_(None))
    )
    return found


def waiting_text(tx: Transaction) -> datetime | None:
    """Return when (the clinic's time) the oldest text came in that was not read."""
    found: datetime | None = tx.connection.scalar(
        select(func.min(inbound.c.received_at)).where(inbound.c.handled_at.is_(None))
    )
    return found


def planned_reminder(tx: Transaction, clinic_id: ClinicId, *, now: datetime) -> datetime | None:
    """Return the due time (the clinic's) of a clinic's oldest reminder of use that became no message."""
    here = (IS_PLANNED, reminder.c.clinic_id == clinic_id, reminder.c.due_at <= now, reminder.c.expires_at > now)
    found: datetime | None = tx.connection.scalar(select(func.min(reminder.c.due_at)).where(*here))
    return found


def has_made_since(tx: Transaction, clinic_id: ClinicId, since: datetime) -> bool:
    """Say whether any of a clinic's reminders became a message since an instant of the clinic's time."""
    recent = (message.c.clinic_id == clinic_id, message.c.made_at >= since, message.c.origin == Origin.REMINDER)
    return tx.connection.execute(select(message.c.id).where(*recent).limit(1)).first() is not None
