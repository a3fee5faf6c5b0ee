"""What was last said to and heard from people, for pages and lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Row, Select, func, select, true

from reminders.core.appointments import Meant
from reminders.core.errors import NotReadyError, SpoiledError
from reminders.core.ids import AppointmentId, InboundId, MessageId, PatientId
from reminders.core.replies import Intent
from reminders.store.batches import in_batches
from reminders.store.conversation_rows import inbound
from reminders.store.rows import appointment, message, patient
from reminders.store.sets import among
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

TOLD_OF_TEXTS = (
    inbound.c.id,
    inbound.c.received_at,
    inbound.c.body,
    inbound.c.sender,
    inbound.c.media_count,
    inbound.c.intent,
    inbound.c.intents,
    inbound.c.decision,
)

TOLD_OF_NEWEST = (
    inbound.c.id,
    inbound.c.patient_id,
    inbound.c.appointment_id,
    inbound.c.received_at,
    inbound.c.intent,
    inbound.c.decision,
    inbound.c.body,
)
NEWEST_FIRST = (inbound.c.received_at.desc(), inbound.c.id.desc())


OF_SESSION = (appointment.c.starts_at, appointment.c.timezone)


@dataclass(frozen=True, slots=True)
class Line:
    """One message or reply: when, of which kind, and what became of it (`text` only where asked for)."""

    at: datetime
    kind: str
    state: str
    reason: str | None = None
    text: str | None = None
    meant: Meant | None = None
    """Which session a reply was for, where that is known."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One text from outside as staff read it: its words, all that was understood of them, and what was done.

    `understood` says which words led to which intent, as JSON; None for a text that nobody has read yet, and for those
    that were read before that was kept. `text` is None where it cannot be opened.
    """

    at: datetime
    text: str | None
    intents: tuple[Intent, ...]
    decision: str
    understood: str | None = None
    media_count: int = 0
    sender: str | None = None
    """The phone it came from; None where it cannot be opened."""


def last_messages(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, Line]:
    """Return the newest message about each appointment."""
    told = (message.c.left_at, message.c.due_at, message.c.kind, message.c.state, message.c.reason)
    order = (message.c.made_at.desc(), message.c.id.desc())
    return {
        AppointmentId(row.appointment_id): Line(row.left_at or row.due_at, row.kind, row.state, row.reason)
        for batch in in_batches(ids)
        for row in tx.connection.execute(_newest(message.c.appointment_id, batch, order, told))
    }


def last_replies(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, Line]:
    """Return the newest text of each patient, with its words, what was decided, and which session it was for."""
    newest_texts = _newest_texts_at_once() if tx.is_postgres else _newest_texts_one_by_one()
    found: dict[PatientId, Line] = {}
    for batch in in_batches(ids):
        for row in tx.connection.execute(newest_texts.where(among(tx, patient.c.id, batch))):
            text = tx.vault.open("inbound.body", row.id, row.body)
            found[PatientId(row.patient_id)] = Line(
                row.received_at, row.intent or "", row.decision or "", text=text, meant=_meant(row)
            )
    return found


def _meant(row: Row[Any]) -> Meant | None:
    is_known = row.appointment_id is not None
    return Meant(AppointmentId(row.appointment_id), row.starts_at, row.timezone) if is_known else None


def _newest_texts_at_once() -> Select[Any]:
    """Return the newest text of each patient: the index leads to one row of each, however much they ever wrote."""
    mine = select(*TOLD_OF_NEWEST).where(inbound.c.patient_id == patient.c.id)
    newest = mine.order_by(*NEWEST_FIRST).limit(1).lateral("newest")
    visit = newest.c.appointment_id == appointment.c.id
    return select(newest, *OF_SESSION).select_from(patient.join(newest, true()).outerjoin(appointment, visit))


def _newest_texts_one_by_one() -> Select[Any]:
    """Return the same where no row may look at the one beside it, as on SQLite: first which text, then what it says."""
    other = inbound.alias("other")
    its = select(other.c.id).where(other.c.patient_id == patient.c.id)
    newest = its.order_by(other.c.received_at.desc(), other.c.id.desc()).limit(1).scalar_subquery()
    texts = select(*TOLD_OF_NEWEST, *OF_SESSION).join_from(patient, inbound, inbound.c.id == newest)
    return texts.outerjoin(appointment, inbound.c.appointment_id == appointment.c.id)


def _newest(
    of: Column[Any], ids: Collection[UUID], order: Sequence[ColumnElement[Any]], told: Sequence[Column[Any]]
) -> Select[Any]:
    """Return the first row in this order of each of these ids: the database reads the others, we do not."""
    place = func.row_number().over(partition_by=of, order_by=order).label("place")
    each = select(of, *told, place).where(of.in_(ids)).subquery()
    return select(each).where(each.c.place == plain(1))


def messages_by_id(tx: Transaction, ids: Collection[MessageId]) -> dict[MessageId, Line]:
    """Return what became of these messages."""
    columns = (message.c.id, message.c.left_at, message.c.due_at, message.c.kind, message.c.state, message.c.reason)
    found: dict[MessageId, Line] = {}
    for batch in in_batches(ids):
        for row in tx.connection.execute(select(*columns).where(message.c.id.in_(batch))):
            found[MessageId(row.id)] = Line(row.left_at or row.due_at, row.kind, row.state, row.reason)
    return found


def heard(tx: Transaction, ids: Collection[InboundId], *, has_reading: bool = True) -> dict[InboundId, Heard]:
    """Return these texts, opened; without `has_reading` that is spared which words led to which intent."""
    columns = [*TOLD_OF_TEXTS, inbound.c.understood] if has_reading else TOLD_OF_TEXTS
    found: dict[InboundId, Heard] = {}
    for batch in in_batches(ids):
        for row in tx.connection.execute(select(*columns).where(inbound.c.id.in_(batch))):
            found[InboundId(row.id)] = Heard(
                at=row.received_at,
                text=_opened(tx, "inbound.body", row.id, row.body),
                intents=_intents(row.intents or row.intent or ""),
                decision=row.decision or "",
                understood=_opened(tx, "inbound.understood", row.id, row.understood) if has_reading else None,
                media_count=row.media_count,
                sender=_opened(tx, "inbound.sender", row.id, row.sender),
            )
    return found


def _opened(tx: Transaction, field: str, row: UUID, sealed: bytes | None) -> str | None:
    """Open a field, or return None: one text that does not open must not hide the worklist, whose task it is."""
    try:
        return tx.vault.open_optional(field, row, sealed)
    except (SpoiledError, NotReadyError):
        return None


def _intents(words: str) -> tuple[Intent, ...]:
    known = {intent.value: intent for intent in Intent}
    return tuple(known[word] for word in words.replace(",", " ").split() if word in known)
