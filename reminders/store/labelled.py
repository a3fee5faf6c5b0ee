"""Texts as examples: the words, whose names may stand in them, and what had been asked when they came."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from reminders.core.cadences import QuestionKind
from reminders.core.content import language_of
from reminders.core.errors import NotReadyError, SpoiledError
from reminders.core.ids import InboundId
from reminders.core.patients import Channel
from reminders.core.retention import ERASED
from reminders.store.batches import in_batches
from reminders.store.conversation_rows import inbound, question
from reminders.store.rows import appointment, contact, message, patient
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with what its reader knew. `names` are those of whose phone it is and of who fetches them."""

    body: str
    language: str
    names: tuple[str, ...]
    open_question: QuestionKind | None


def texts(tx: Transaction, ids: Collection[InboundId]) -> dict[InboundId, Labelled]:
    """Return texts that can be opened, in as many statements for many as for few."""
    rows = [
        row
        for batch in in_batches(ids)
        for row in tx.connection.execute(select(inbound).where(inbound.c.id.in_(batch)))
    ]
    indexes = sorted({row.sender_index for row in rows})
    people = _people(tx, indexes)
    owners = _owners(tx, {row.patient_id for row in rows if row.link_id is not None})
    escorts = _escorts(tx, {one.id for group in (*people.values(), *owners.values()) for one in group})
    asked = _asked(tx, indexes)
    found = {}
    for row in rows:
        body = _opened(tx, "inbound.body", row.id, row.body)
        if body is None or body == ERASED:
            continue
        mine = owners.get(row.patient_id, ()) if row.link_id is not None else people.get(row.sender_index, ())
        names = [_opened(tx, "patient.name", one.id, one.name) for one in mine]
        names += [name for one in mine for name in escorts.get(one.id, ())]
        found[InboundId(row.id)] = Labelled(
            body=body,
            language=_language(tx, row, mine[0].language if mine else None),
            names=tuple(name for name in names if name),
            # Beside the button of a page nothing is asked.
            open_question=None if row.link_id is not None else _open_then(row, asked.get(row.sender_index, ())),
        )
    return found


def _people(tx: Transaction, indexes: Collection[bytes]) -> dict[bytes, list[Row[Any]]]:
    found: dict[bytes, list[Row[Any]]] = {}
    for batch in in_batches(indexes):
        for row in tx.connection.execute(select(patient).where(patient.c.phone_index.in_(batch))):
            found.setdefault(row.phone_index, []).append(row)
    return found


def _owners(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, list[Row[Any]]]:
    """Return whose pages were written on."""
    return {
        row.id: [row]
        for batch in in_batches(sorted(ids))
        for row in tx.connection.execute(select(patient).where(patient.c.id.in_(batch)))
    }


def _escorts(tx: Transaction, people: Collection[UUID]) -> dict[UUID, list[str | None]]:
    found: dict[UUID, list[str | None]] = {}
    columns = (appointment.c.id, appointment.c.patient_id, appointment.c.escort_name)
    for batch in in_batches(sorted(people)):
        here = appointment.c.patient_id.in_(batch) & appointment.c.escort_name.is_not(None)
        for row in tx.connection.execute(select(*columns).where(here)):
            name = _opened(tx, "appointment.escort_name", row.id, row.escort_name)
            found.setdefault(row.patient_id, []).append(name)
    return found


def _asked(tx: Transaction, indexes: Collection[bytes]) -> dict[bytes, list[Any]]:
    """Return what was ever asked of these phones, the newest first."""
    found: dict[bytes, list[Any]] = {}
    columns = (question.c.kind, question.c.answered_at, question.c.expires_at, message.c.left_at)
    for batch in in_batches(indexes):
        statement = (
            select(contact.c.address_index, *columns)
            .join(question, question.c.contact_id == contact.c.id)
            .join(message, message.c.id == question.c.message_id)
            .where(contact.c.address_index.in_(batch), contact.c.channel == Channel.SMS)
            .where(message.c.left_at.is_not(None), question.c.kind != QuestionKind.PICK_UP)
            .order_by(message.c.left_at.desc(), question.c.id)
        )
        for row in tx.connection.execute(statement):
            found.setdefault(row.address_index, []).append(row)
    return found


def _open_then(row: Row[Any], asked: Collection[Any]) -> QuestionKind | None:
    """Return what the newest message had asked, and nobody had answered, when a text came."""
    at = row.received_at
    return next(
        (
            one.kind
            for one in asked
            if one.left_at <= at < one.expires_at and (one.answered_at is None or one.answered_at >= at)
        ),
        None,
    )


def _language(tx: Transaction, row: Row[Any], recorded: str | None) -> str:
    if recorded is not None:
        return language_of(recorded)
    understood = _opened(tx, "inbound.understood", row.id, row.understood)
    return str(json.loads(understood)["language"]) if understood else language_of("")


def _opened(tx: Transaction, field: str, row: UUID, sealed: bytes | None) -> str | None:
    try:
        return tx.vault.open_optional(field, row, sealed)
    except (SpoiledError, NotReadyError):
        return None
