"""What was last said to and heard from people, for pages and lists."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from reminders.core.ids import AppointmentId, PatientId
from reminders.store.batches import in_batches
from reminders.store.conversation_rows import inbound
from reminders.store.rows import message
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Line:
    """One message or reply: when, of which kind, and what became of it (`text` only where asked for)."""

    at: datetime
    kind: str
    state: str
    reason: str | None = None
    text: str | None = None


def last_messages(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, Line]:
    """Return the newest message about each appointment."""
    found: dict[AppointmentId, Line] = {}
    for batch in in_batches(ids):
        statement = select(message).where(message.c.appointment_id.in_(batch)).order_by(message.c.made_at, message.c.id)
        for row in tx.connection.execute(statement):
            found[AppointmentId(row.appointment_id)] = Line(row.left_at or row.due_at, row.kind, row.state, row.reason)
    return found


def last_replies(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, Line]:
    """Return the newest text of each patient, with its words and what was decided."""
    found: dict[PatientId, Line] = {}
    for batch in in_batches(ids):
        statement = select(inbound).where(inbound.c.patient_id.in_(batch)).order_by(inbound.c.received_at)
        for row in tx.connection.execute(statement):
            text = tx.vault.open("inbound.body", row.id, row.body)
            found[PatientId(row.patient_id)] = Line(row.received_at, row.intent or "", row.decision or "", text=text)
    return found
