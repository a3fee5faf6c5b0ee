"""Receipts as stored: each kept once, applied later."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update

from reminders.core.delivery import ReceiptStatus, Refusal
from reminders.ports import Receipt
from reminders.store.bulk import insert_new
from reminders.store.once import insert_once
from reminders.store.rows import receipt
from reminders.store.sets import among
from reminders.store.unit_of_work import Transaction

CANARY = "canary:"
"""How the name of a receipt begins that is our own canary's and no provider's."""


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt that waits to be applied."""

    id: UUID
    tag: UUID | None
    provider_id: str
    status: ReceiptStatus | None
    provider_status: str
    code: str | None
    refusal: Refusal | None


def add_once(tx: Transaction, new_id: UUID, tag: UUID | None, item: Receipt, *, now: datetime) -> bool:
    """Keep a receipt; False where the same status of the same message was told before."""
    return insert_once(tx, receipt, _values(new_id, tag, item, now))


def add_many_once(tx: Transaction, arrived: Sequence[tuple[UUID, UUID | None, Receipt]], *, now: datetime) -> set[UUID]:
    """Keep receipts, each with a new id and the tag of its attempt; return the ids of those not told before."""
    ordered = sorted(arrived, key=lambda each: (each[2].provider_id, each[2].provider_status))
    return insert_new(tx, receipt, [_values(*each, now) for each in ordered])


def _values(new_id: UUID, tag: UUID | None, item: Receipt, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id,
        "tag": tag,
        "provider_id": item.provider_id,
        "provider_status": item.provider_status,
        "status": item.status,
        "code": item.error_code,
        "refusal": item.refusal,
        "received_at": now,
    }


def waiting_ids(tx: Transaction, *, limit: int) -> list[UUID]:
    """Return the ids of receipts that were not applied yet, oldest first."""
    return list(tx.connection.scalars(_waiting(), {"most": limit}))


@cache
def _waiting() -> Select[tuple[UUID]]:
    oldest = select(receipt.c.id).where(receipt.c.applied_at.is_(None)).order_by(receipt.c.received_at, receipt.c.id)
    return oldest.limit(bindparam("most"))


def lock_waiting(tx: Transaction, ids: Collection[UUID]) -> list[StoredReceipt]:
    """Return those of these receipts that still wait, oldest first; those another worker holds are left to it."""
    statement = select(receipt).where(among(tx, receipt.c.id, ids), receipt.c.applied_at.is_(None))
    ordered = statement.order_by(receipt.c.received_at, receipt.c.id)
    rows = tx.connection.execute(ordered.with_for_update(skip_locked=True, key_share=True))
    return [
        StoredReceipt(row.id, row.tag, row.provider_id, row.status, row.provider_status, row.code, row.refusal)
        for row in rows
    ]


def mark_applied(
    tx: Transaction, ids: Collection[UUID], *, now: datetime, received_before: datetime | None = None
) -> None:
    """Remember that these were applied, or those of them that arrived before an instant."""
    if not ids:
        return
    statement = update(receipt).where(among(tx, receipt.c.id, ids))
    if received_before is not None:
        statement = statement.where(receipt.c.received_at < received_before)
    tx.connection.execute(statement.values(applied_at=now))


def heard_since(tx: Transaction, since: datetime) -> bool:
    """Say whether any receipt of a provider's arrived since an instant: a canary's is no proof that these reach us."""
    theirs = receipt.c.provider_id.not_like(f"{CANARY}%")
    found = tx.connection.execute(select(receipt.c.id).where(receipt.c.received_at >= since, theirs).limit(1))
    return found.first() is not None
