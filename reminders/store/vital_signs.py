"""Signs of life of the processes, and what the schedule reader last saw."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import Update, bindparam, select, update

from reminders.store.once import insert_once
from reminders.store.service_rows import heartbeat, schedule_file
from reminders.store.unit_of_work import Transaction


def beat(tx: Transaction, name: str, *, machine_now: datetime) -> None:
    """Leave a sign of work done; the time is machine time."""
    given = {"its_name": name, "at": machine_now}
    if tx.connection.execute(_beat(), given).rowcount == 0:  # its very first
        insert_once(tx, heartbeat, {"name": name, "beat_at": machine_now})


@cache
def _beat() -> Update:
    at = bindparam("at", type_=heartbeat.c.beat_at.type)
    return update(heartbeat).where(heartbeat.c.name == bindparam("its_name")).values(beat_at=at)


def last_beats(tx: Transaction) -> dict[str, datetime]:
    """Return when each process last left a sign, in machine time."""
    return {row.name: row.beat_at for row in tx.connection.execute(select(heartbeat).order_by(heartbeat.c.name))}


def last_digest(tx: Transaction, path: str) -> bytes | None:
    """Return the digest of a watched schedule file when it was last read."""
    found: bytes | None = tx.connection.scalar(select(schedule_file.c.digest).where(schedule_file.c.path == path))
    return found


def remember_file(tx: Transaction, path: str, digest: bytes, outcome: str, *, now: datetime) -> None:
    """Remember that a watched file was read in this state."""
    values = {"path": path, "digest": digest, "outcome": outcome[:200], "read_at": now}
    if not insert_once(tx, schedule_file, values):
        tx.connection.execute(update(schedule_file).where(schedule_file.c.path == path).values(values))


def last_outcomes(tx: Transaction) -> dict[str, str]:
    """Return how the last reading of each watched schedule file ended."""
    return {
        row.path: row.outcome for row in tx.connection.execute(select(schedule_file).order_by(schedule_file.c.path))
    }
