"""Corrected readings as stored: append-only, and the newest of a text holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from reminders.core.ids import ClinicId, InboundId
from reminders.core.replies import Intent
from reminders.store.batches import in_batches
from reminders.store.console_rows import correction
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody says a text means; `before` is how it was read until then."""

    id: UUID
    inbound_id: InboundId
    clinic_id: ClinicId | None
    before: tuple[Intent, ...]
    intents: tuple[Intent, ...]
    score: int | None
    made_by: str
    made_at: datetime


def add(tx: Transaction, item: Correction) -> None:
    """Keep a correction."""
    tx.connection.execute(
        insert(correction).values(
            id=item.id,
            inbound_id=item.inbound_id,
            clinic_id=item.clinic_id,
            intents_before=",".join(item.before),
            intents=",".join(item.intents),
            score=item.score,
            made_by=item.made_by,
            made_at=item.made_at,
        )
    )


def of_texts(tx: Transaction, ids: Collection[InboundId]) -> dict[InboundId, list[Correction]]:
    """Return the corrections of texts, each list in the order in which they were made."""
    found: dict[InboundId, list[Correction]] = {}
    for batch in in_batches(ids):
        statement = select(correction).where(correction.c.inbound_id.in_(batch))
        for row in tx.connection.execute(statement.order_by(correction.c.made_at, correction.c.id)):
            found.setdefault(InboundId(row.inbound_id), []).append(_correction(row))
    return found


def since(tx: Transaction, at: datetime | None) -> list[Correction]:
    """Return every correction since an instant, or all, oldest first."""
    statement = select(correction).order_by(correction.c.made_at, correction.c.id)
    if at is not None:
        statement = statement.where(correction.c.made_at >= at)
    return [_correction(row) for row in tx.connection.execute(statement)]


def _correction(row: Row[Any]) -> Correction:
    return Correction(
        id=row.id,
        inbound_id=InboundId(row.inbound_id),
        clinic_id=None if row.clinic_id is None else ClinicId(row.clinic_id),
        before=_intents(row.intents_before),
        intents=_intents(row.intents),
        score=row.score,
        made_by=row.made_by,
        made_at=row.made_at,
    )


def _intents(words: str) -> tuple[Intent, ...]:
    return tuple(Intent(word) for word in words.split(",") if word)
