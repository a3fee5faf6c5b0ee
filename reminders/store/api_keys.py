"""API keys as stored. Times are the machine's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from reminders.core.api_keys import SEEN_EVERY, ApiKey, Scope
from reminders.core.ids import ApiKeyId, ClinicId
from reminders.store.staff_rows import api_key
from reminders.store.unit_of_work import Transaction


def add(tx: Transaction, item: ApiKey, secret_hash: bytes) -> None:
    """Keep a new key."""
    values = {
        "id": item.id,
        "clinic_id": item.clinic_id,
        "name": item.name,
        "prefix": item.prefix,
        "secret_hash": secret_hash,
        "scopes": ",".join(sorted(item.scopes)),
        "made_by": item.made_by,
        "made_at": item.made_at,
        "expires_at": item.expires_at,
    }
    tx.connection.execute(insert(api_key).values(values))


def named(tx: Transaction, prefix: str) -> tuple[ApiKey, bytes] | None:
    """Return the key of a prefix, ended or not, with the hash of its secret."""
    row = tx.connection.execute(select(api_key).where(api_key.c.prefix == prefix)).one_or_none()
    return None if row is None else (_key(row), row.secret_hash)


def of_clinics(tx: Transaction, ids: Collection[ClinicId]) -> list[ApiKey]:
    """Return all keys of these clinics, the oldest first."""
    statement = select(api_key).where(api_key.c.clinic_id.in_(ids)).order_by(api_key.c.made_at, api_key.c.id)
    return [_key(row) for row in tx.connection.execute(statement)]


def mark_used(tx: Transaction, key_id: ApiKeyId, *, machine_now: datetime) -> None:
    """Remember that a key was used, once a minute at most."""
    is_old = or_(api_key.c.last_used_at.is_(None), api_key.c.last_used_at <= machine_now - SEEN_EVERY)
    tx.connection.execute(update(api_key).where(api_key.c.id == key_id, is_old).values(last_used_at=machine_now))


def end(tx: Transaction, key_id: ApiKeyId, *, by: str, machine_now: datetime) -> bool:
    """End a key for good; False where it was ended before."""
    here = (api_key.c.id == key_id) & api_key.c.ended_at.is_(None)
    return tx.connection.execute(update(api_key).where(here).values(ended_at=machine_now, ended_by=by)).rowcount == 1


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row.id),
        clinic_id=ClinicId(row.clinic_id),
        name=row.name,
        prefix=row.prefix,
        scopes=frozenset(Scope(word) for word in row.scopes.split(",")),
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
