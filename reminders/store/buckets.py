"""Buckets of tokens as stored: what may still leave a sender, and how many second tries are paid for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, bindparam, delete, func, select, update

from reminders.core.pacing import Bucket
from reminders.store.once import insert_once
from reminders.store.service_rows import token_bucket
from reminders.store.unit_of_work import Transaction

NAMED = select(token_bucket.c.tokens, token_bucket.c.filled_at).where(token_bucket.c.name == bindparam("b_name"))
TO_LOCK = NAMED.with_for_update()
FILLED = (
    update(token_bucket)
    .where(token_bucket.c.name == bindparam("b_name"))
    .values(tokens=bindparam("b_tokens"), filled_at=bindparam("b_filled_at", type_=token_bucket.c.filled_at.type))
)


def read(tx: Transaction, name: str) -> Bucket | None:
    """Return a bucket, None where nobody filled one yet; locks nothing."""
    return _bucket(tx, NAMED, name)


def lock(tx: Transaction, name: str) -> Bucket | None:
    """Return a bucket, locked until the transaction ends; so is one that does not exist yet."""
    found = _bucket(tx, TO_LOCK, name)
    if found is None and tx.is_postgres:
        # There is no row to lock: without this two workers would each begin with a bucket of their own.
        tx.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"token_bucket:{name}", 0))))
        found = _bucket(tx, TO_LOCK, name)
    return found


def write(tx: Transaction, name: str, bucket: Bucket) -> None:
    """Store a bucket that this transaction has locked."""
    given = {"name": name, "tokens": bucket.tokens, "filled_at": bucket.at}
    if tx.connection.execute(FILLED, {f"b_{key}": value for key, value in given.items()}).rowcount == 0:
        insert_once(tx, token_bucket, given)


def forget(tx: Transaction, prefix: str, *, before: datetime) -> int:
    """Delete the buckets whose names begin so and that nobody used since an instant; return how many."""
    old = token_bucket.c.name.startswith(prefix, autoescape=True) & (token_bucket.c.filled_at < before)
    return tx.connection.execute(delete(token_bucket).where(old)).rowcount


def _bucket(tx: Transaction, statement: Select[tuple[float, datetime]], name: str) -> Bucket | None:
    row = tx.connection.execute(statement, {"b_name": name}).one_or_none()
    return None if row is None else Bucket(row.tokens, row.filled_at)
