"""Conversations as stored: what phones wrote, what was sent to them, newest first. A thread is a phone at a clinic."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, select

from reminders.core.conversation.thread import Way
from reminders.core.delivery import MessageState
from reminders.core.errors import NotReadyError, SpoiledError
from reminders.core.gate import Origin
from reminders.core.ids import ClinicId, ContactId, InboundId, PatientId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.store.batches import in_batches
from reminders.store.conversation_rows import inbound
from reminders.store.rows import contact, message, task
from reminders.store.unit_of_work import Transaction

NEWEST = (inbound.c.received_at.desc(), inbound.c.id.desc())
FROM_STAFF = "staff"
"""What leads a text of staff's own about an alarm: no conversation with a patient."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text from a phone, with what was understood and done. `kind` leads, or says who wrote where no patient did.

    `index` tells phones apart without opening them. `text` is None where it cannot be opened.
    """

    id: InboundId
    clinic_id: ClinicId | None
    patient_id: PatientId | None
    index: bytes
    text: str | None
    at: datetime
    kind: str
    intents: tuple[str, ...]
    understood: str | None
    decision: str
    media_count: int
    is_read: bool
    is_page: bool = False
    """Whether it was written on the patient's own page."""
    answer: str | None = None
    """What the page answered."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A text to a phone, with what became of it. `at` is when it left, or is to leave."""

    id: UUID
    kind: str
    text: str
    at: datetime
    state: MessageState
    reason: Reason | None
    origin: Origin
    author: str


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone at a clinic: what a thread is about. Or a mailbox, for what was written on pages that were mailed."""

    id: ContactId
    clinic_id: ClinicId
    channel: Channel
    index: bytes
    address: str
    is_opted_out: bool


@dataclass(frozen=True, slots=True)
class Sought:
    """Which texts are wanted: of these clinics (and of none yet), with an open task, or not understood."""

    clinics: Collection[ClinicId]
    has_clinicless: bool = False
    needs_person: bool = False
    is_unclear: bool = False
    before: datetime | None = None


def newest(tx: Transaction, sought: Sought, *, limit: int) -> list[Written]:
    """Return texts, the newest first."""
    mine = inbound.c.clinic_id.in_(sought.clinics)
    here = mine | inbound.c.clinic_id.is_(None) if sought.has_clinicless else mine
    statement = select(inbound).where(here, inbound.c.intent.is_distinct_from(FROM_STAFF))
    if sought.needs_person:
        statement = statement.where(exists().where(task.c.inbound_id == inbound.c.id, task.c.resolved_at.is_(None)))
    if sought.is_unclear:
        statement = statement.where(inbound.c.intents.contains("unclear"))
    if sought.before is not None:
        statement = statement.where(inbound.c.received_at < sought.before)
    return _written(tx, statement.order_by(*NEWEST).limit(limit))


def of_phone(tx: Transaction, phone: Phone, *, has_clinicless: bool, limit: int) -> list[Written]:
    """Return what a phone wrote to a clinic, the newest first; with `has_clinicless` also what is no clinic's."""
    mine = inbound.c.clinic_id == phone.clinic_id
    here = mine | inbound.c.clinic_id.is_(None) if has_clinicless else mine
    statement = select(inbound).where(inbound.c.sender_index == phone.index, here)
    wrote = statement.where(inbound.c.intent.is_distinct_from(FROM_STAFF)).order_by(*NEWEST).limit(limit)
    return _written(tx, wrote)


def sent_to(tx: Transaction, phone: ContactId, *, limit: int) -> list[Sent]:
    """Return what was sent to a phone or waits to be, the newest first; notices to staff are none of it."""
    statement = select(message).where(message.c.contact_id == phone, message.c.origin != Origin.ALERT)
    rows = tx.connection.execute(statement.order_by(message.c.made_at.desc(), message.c.id.desc()).limit(limit))
    return [
        Sent(
            id=row.id,
            kind=row.kind,
            text=tx.vault.open("message.body", row.id, row.body),
            at=row.left_at or row.due_at,
            state=row.state,
            reason=row.reason,
            origin=row.origin,
            author=row.author or "",
        )
        for row in rows
    ]


def phone(tx: Transaction, contact_id: ContactId, clinics: Collection[ClinicId]) -> Phone | None:
    """Return a phone of one of these clinics."""
    here = (contact.c.id == contact_id) & contact.c.clinic_id.in_(clinics)
    row = tx.connection.execute(select(contact).where(here)).one_or_none()
    return None if row is None else _phone(tx, row)


def phones(
    tx: Transaction, indexes: Collection[bytes], clinics: Collection[ClinicId]
) -> Mapping[bytes, Sequence[Phone]]:
    """Return the rows of phones at some clinics, by what tells them apart."""
    found: dict[bytes, list[Phone]] = {}
    for batch in in_batches(sorted(indexes)):
        here = contact.c.address_index.in_(batch) & contact.c.clinic_id.in_(clinics)
        for row in tx.connection.execute(select(contact).where(here).order_by(contact.c.clinic_id)):
            found.setdefault(row.address_index, []).append(_phone(tx, row))
    return found


def wrote(tx: Transaction, text_id: InboundId) -> Written | None:
    """Return one text."""
    found = _written(tx, select(inbound).where(inbound.c.id == text_id))
    return found[0] if found else None


def _phone(tx: Transaction, row: Row[Any]) -> Phone:
    address = tx.vault.open("contact.address", row.id, row.address)
    return Phone(
        ContactId(row.id),
        ClinicId(row.clinic_id),
        row.channel,
        row.address_index,
        address,
        row.opted_out_at is not None,
    )


def _written(tx: Transaction, statement: Select[Any]) -> list[Written]:
    return [
        Written(
            id=InboundId(row.id),
            clinic_id=None if row.clinic_id is None else ClinicId(row.clinic_id),
            patient_id=None if row.patient_id is None else PatientId(row.patient_id),
            index=row.sender_index,
            text=_opened(tx, "inbound.body", row.id, row.body),
            at=row.received_at,
            kind=row.intent or "",
            intents=tuple((row.intents or row.intent or "").replace(",", " ").split()),
            understood=_opened(tx, "inbound.understood", row.id, row.understood),
            decision=row.decision or "",
            media_count=row.media_count,
            is_read=row.handled_at is not None,
            is_page=row.channel is Way.PAGE,
            answer=_opened(tx, "inbound.answer", row.id, row.answer),
        )
        for row in tx.connection.execute(statement)
    ]


def _opened(tx: Transaction, field: str, row: UUID, sealed: bytes | None) -> str | None:
    """Open a field, or return None: one text that does not open must not hide the others."""
    try:
        return tx.vault.open_optional(field, row, sealed)
    except (SpoiledError, NotReadyError):
        return None
