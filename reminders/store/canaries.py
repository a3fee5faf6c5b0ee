"""Canaries as stored; their receipts lie among all others, so that they are stored and applied like these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, delete, or_, select, update

from reminders.core.canaries import Canary
from reminders.store.once import insert_once
from reminders.store.receipts import CANARY
from reminders.store.rows import receipt
from reminders.store.service_rows import canary
from reminders.store.unit_of_work import Transaction


def name(canary_id: UUID) -> str:
    """Return what stands for the provider's id in a canary's receipt."""
    return f"{CANARY}{canary_id}"


def begin(tx: Transaction, canary_id: UUID, *, machine_now: datetime) -> bool:
    """Store a canary as begun; False where somebody did."""
    return insert_once(tx, canary, {"id": canary_id, "begun_at": machine_now})


def since(tx: Transaction, begun_at: datetime) -> list[Canary]:
    """Return the canaries that began since an instant, newest first."""
    rows = tx.connection.execute(_newest(), {"since": begun_at}).all()
    names = [name(row.id) for row in rows if row.called_at is not None and row.heard_at is None]
    received = _received(tx, names) if names else set()
    return [
        Canary(row.id, row.begun_at, row.called_at, name(row.id) in received, row.heard_at, row.told_at) for row in rows
    ]


@cache
def _newest() -> Select[Any]:
    is_late_enough = canary.c.begun_at >= bindparam("since", type_=canary.c.begun_at.type)
    return select(canary).where(is_late_enough).order_by(canary.c.begun_at.desc())


def _received(tx: Transaction, names: Sequence[str]) -> set[str]:
    return set(tx.connection.scalars(select(receipt.c.provider_id).where(receipt.c.provider_id.in_(names))))


def take_unflown(tx: Transaction, *, begun_since: datetime, machine_now: datetime) -> UUID | None:
    """Take the newest canary that was not flown yet; None where there is none, or somebody else took it."""
    statement = select(canary.c.id).where(canary.c.begun_at >= begun_since).order_by(canary.c.begun_at.desc()).limit(1)
    found: UUID | None = tx.connection.scalar(statement)
    taken = update(canary).where(canary.c.id == found, canary.c.called_at.is_(None)).values(called_at=machine_now)
    return found if found is not None and tx.connection.execute(taken).rowcount else None


def is_awaited(tx: Transaction, canary_id: UUID) -> bool:
    """Say whether a canary's receipt is of any use: it was flown, and not heard of yet."""
    here = and_(canary.c.id == canary_id, canary.c.called_at.is_not(None), canary.c.heard_at.is_(None))
    return tx.connection.scalar(select(canary.c.id).where(here)) is not None


def hear_applied(tx: Transaction, *, begun_since: datetime, machine_now: datetime) -> int:
    """Mark as heard those canaries whose receipt was applied; return how many."""
    waiting = select(canary.c.id).where(
        canary.c.begun_at >= begun_since, canary.c.called_at.is_not(None), canary.c.heard_at.is_(None)
    )
    names = {name(key): key for key in tx.connection.scalars(waiting)}
    applied = select(receipt.c.provider_id).where(receipt.c.provider_id.in_(names), receipt.c.applied_at.is_not(None))
    heard = [names[found] for found in tx.connection.scalars(applied)] if names else []
    if not heard:
        return 0
    marked = update(canary).where(canary.c.id.in_(heard), canary.c.heard_at.is_(None))
    return tx.connection.execute(marked.values(heard_at=machine_now)).rowcount


def take_untold(tx: Transaction, *, begun_since: datetime, machine_now: datetime) -> UUID | None:
    """Take the newest canary to tell of it outside; None where it was told, or is not heard of yet."""
    heard = select(canary.c.id).where(canary.c.begun_at >= begun_since, canary.c.heard_at.is_not(None))
    found: UUID | None = tx.connection.scalar(heard.order_by(canary.c.begun_at.desc()).limit(1))
    taken = update(canary).where(canary.c.id == found, canary.c.told_at.is_(None)).values(told_at=machine_now)
    return found if found is not None and tx.connection.execute(taken).rowcount else None


def give_back_untold(tx: Transaction, canary_id: UUID) -> None:
    """Note that telling of a canary failed after all."""
    tx.connection.execute(update(canary).where(canary.c.id == canary_id).values(told_at=None))


def forget(tx: Transaction, *, before: datetime, after: datetime) -> int:
    """Delete old canaries and those of a clock that was ahead, with their receipts; return how many canaries."""
    gone = or_(canary.c.begun_at < before, canary.c.begun_at > after)
    keys = list(tx.connection.scalars(select(canary.c.id).where(gone).limit(1000)))
    if keys:
        tx.connection.execute(delete(receipt).where(receipt.c.provider_id.in_([name(key) for key in keys])))
        tx.connection.execute(delete(canary).where(canary.c.id.in_(keys)))
    return len(keys)
