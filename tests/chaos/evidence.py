"""Reads the logs of a run: the provider's from the simulator, the database's from the tables themselves."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import func, select

from reminders.core.reminders import ReminderState
from reminders.store import ledger
from reminders.store.rows import appointment, attempt, contact, message, receipt, reminder, task
from reminders.store.unit_of_work import Store, Transaction
from tests.chaos.logs import AttemptRow, Call, MessageRow, ReceiptRow, ReminderRow, Seen, Stored, Text

PATIENCE = 60.0


def read_provider(base_url: str) -> Seen:
    """Ask the simulator for every call and every text that it took."""
    calls = httpx.get(f"{base_url}/control/calls", timeout=PATIENCE).raise_for_status().json()["calls"]
    texts = httpx.get(f"{base_url}/control/messages", timeout=PATIENCE).raise_for_status().json()["messages"]
    return Seen(calls=[_call(item) for item in calls], texts=[_text(item) for item in texts])


def _call(item: dict[str, Any]) -> Call:
    at = datetime.fromisoformat(item["at"])
    return Call(at, item["to"], item["tag"], item["fault"], item["sid"], item["status"])


def _text(item: dict[str, Any]) -> Text:
    at = datetime.fromisoformat(item["created_at"])
    return Text(item["sid"], item["to"], item["body"], _tag(item["status_callback"]), at, item["status"])


def _tag(address: str | None) -> str | None:
    return address.partition("#")[0].rsplit("/", 1)[-1] if address else None


def read_database(store: Store) -> Stored:
    """Read every reminder, message, attempt and receipt in one snapshot."""
    with store.reading() as tx:
        return Stored(
            reminders=_reminders(tx),
            messages=_messages(tx),
            attempts=_attempts(tx),
            receipts=_receipts(tx),
            contradictions=ledger.read(tx).contradictions,
        )


def _reminders(tx: Transaction) -> list[ReminderRow]:
    columns = (appointment.c.external_id, reminder.c.step, reminder.c.state, reminder.c.reason, reminder.c.message_id)
    joined = reminder.join(appointment, appointment.c.id == reminder.c.appointment_id)
    return [
        ReminderRow(f"{row.external_id}/{row.step}", str(row.state), _word(row.reason), _word(row.message_id))
        for row in tx.connection.execute(select(*columns).select_from(joined))
    ]


def _messages(tx: Transaction) -> list[MessageRow]:
    with_task = set(tx.connection.scalars(select(task.c.message_id).where(task.c.message_id.is_not(None))))
    columns = (message.c.id, message.c.state, message.c.reason, contact.c.id.label("contact_id"), contact.c.address)
    joined = message.join(contact, contact.c.id == message.c.contact_id)
    return [
        MessageRow(
            id=str(row.id),
            to=tx.vault.open("contact.address", row.contact_id, row.address),
            state=str(row.state),
            reason=_word(row.reason),
            has_task=row.id in with_task,
        )
        for row in tx.connection.execute(select(*columns).select_from(joined))
    ]


def _attempts(tx: Transaction) -> list[AttemptRow]:
    return [
        AttemptRow(
            tag=str(row.tag),
            message_id=str(row.message_id),
            state=str(row.state),
            begun_at=row.machine_begun_at,
            provider_id=row.provider_id,
            detail=row.detail,
            empty_looks=row.empty_looks,
            last_look_at=row.last_look_at,
            is_late_accept=row.is_late_accept,
        )
        for row in tx.connection.execute(select(attempt))
    ]


def _receipts(tx: Transaction) -> list[ReceiptRow]:
    return [
        ReceiptRow(_word(row.tag), row.provider_id, row.provider_status, row.received_at)
        for row in tx.connection.execute(select(receipt))
    ]


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def read_states(store: Store) -> Counter[str]:
    """Count messages by state, reminders that are still planned (`planned`), and attempts (`attempts`)."""
    with store.reading() as tx:
        states = select(message.c.state, func.count()).group_by(message.c.state)
        found = Counter({str(state): number for state, number in tx.connection.execute(states)})
        waiting = select(func.count()).select_from(reminder).where(reminder.c.state == ReminderState.PLANNED)
        found["planned"] = tx.connection.scalar(waiting) or 0
        found["attempts"] = tx.connection.scalar(select(func.count()).select_from(attempt)) or 0
    return found
