"""Signed-in browsers as stored, by the hash of their cookie. Times are the machine's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, insert, select, update

from reminders.core.ids import SessionId, StaffId
from reminders.core.sign_in import IDLE, LONGEST, Session
from reminders.store.batches import in_batches
from reminders.store.staff_rows import staff_session
from reminders.store.unit_of_work import Transaction
from reminders.store.vault import token_hash

IS_OPEN = staff_session.c.ended_at.is_(None)


def begin(tx: Transaction, item: Session, token: str) -> None:
    """Store a session; only the hash of its cookie is kept."""
    values = {
        "id": item.id,
        "staff_id": item.staff_id,
        "token_hash": token_hash(token),
        "form_key": item.form_key,
        "begun_at": item.begun_at,
        "seen_at": item.seen_at,
    }
    tx.connection.execute(insert(staff_session).values(values))


def find(tx: Transaction, token: str) -> Session | None:
    """Return a session that nobody ended; whether it is still alive is for the rules to say."""
    here = select(staff_session).where(staff_session.c.token_hash == token_hash(token), IS_OPEN)
    row = tx.connection.execute(here).one_or_none()
    if row is None:
        return None
    return Session(SessionId(row.id), StaffId(row.staff_id), row.form_key, row.begun_at, row.seen_at)


def see(tx: Transaction, session_id: SessionId, *, now: datetime) -> None:
    """Write down that somebody used it just now."""
    tx.connection.execute(update(staff_session).where(staff_session.c.id == session_id, IS_OPEN).values(seen_at=now))


def end(tx: Transaction, session_id: SessionId, *, now: datetime) -> None:
    """Let a cookie open nothing any more."""
    tx.connection.execute(update(staff_session).where(staff_session.c.id == session_id, IS_OPEN).values(ended_at=now))


def end_all(tx: Transaction, staff_id: StaffId, *, now: datetime) -> int:
    """End every session of a person that still opens, and those that time ended; return how many still opened."""
    open_now = len(_alive_of(tx, [staff_id], now=now))
    here = update(staff_session).where(staff_session.c.staff_id == staff_id, IS_OPEN)
    tx.connection.execute(here.values(ended_at=now))
    return open_now


def alive(tx: Transaction, staff_ids: Collection[StaffId], *, now: datetime) -> dict[StaffId, int]:
    """Return how many sessions of each of these people still open; those with none are left out."""
    found: dict[StaffId, int] = {}
    for staff_id in _alive_of(tx, staff_ids, now=now):
        found[staff_id] = found.get(staff_id, 0) + 1
    return found


def last_seen(tx: Transaction, staff_ids: Collection[StaffId]) -> dict[StaffId, datetime]:
    """Return when each of these people was last here; those who never were are left out."""
    found = {}
    for batch in in_batches(staff_ids):
        columns = (staff_session.c.staff_id, func.max(staff_session.c.seen_at).label("seen_at"))
        statement = select(*columns).where(staff_session.c.staff_id.in_(batch)).group_by(staff_session.c.staff_id)
        for row in tx.connection.execute(statement):
            found[StaffId(row.staff_id)] = row.seen_at
    return found


def _alive_of(tx: Transaction, staff_ids: Collection[StaffId], *, now: datetime) -> list[StaffId]:
    found: list[StaffId] = []
    in_time = (staff_session.c.seen_at > now - IDLE) & (staff_session.c.begun_at > now - LONGEST)
    for batch in in_batches(staff_ids):
        statement = select(staff_session.c.staff_id).where(IS_OPEN, in_time, staff_session.c.staff_id.in_(batch))
        found += [StaffId(key) for key in tx.connection.scalars(statement)]
    return found
