"""Circuits as stored: a row for each provider account, shared by all workers."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import bindparam, select, update

from reminders.core.circuit import Circuit, Result
from reminders.store import database_clock
from reminders.store.once import insert_once
from reminders.store.service_rows import circuit
from reminders.store.unit_of_work import Transaction

moment = select(database_clock.POSTGRES_NOW.label("clock")).cte("moment").prefix_with("MATERIALIZED")
NAMED = select(circuit).where(circuit.c.name == bindparam("b_name"))
WITH_CLOCK = select(moment.c.clock, circuit).outerjoin_from(moment, circuit, circuit.c.name == bindparam("b_name"))


def read(tx: Transaction, name: str) -> Circuit:
    """Return the circuit of an account, closed where none was stored; locks nothing."""
    row = tx.connection.execute(NAMED, {"b_name": name}).one_or_none()
    return Circuit() if row is None else Circuit(row.cause, row.opened_at, row.probe_at, _results(row.results))


def read_with_clock(tx: Transaction, name: str) -> tuple[Circuit, datetime]:
    """Return the circuit of an account and the database's time (see `database_clock`), on PostgreSQL in one trip."""
    if not tx.is_postgres:
        return read(tx, name), database_clock.read(tx)
    row = tx.connection.execute(WITH_CLOCK, {"b_name": name}).one()
    found = Circuit() if row.name is None else Circuit(row.cause, row.opened_at, row.probe_at, _results(row.results))
    return found, row.clock.astimezone(UTC)


def lock(tx: Transaction, name: str) -> Circuit:
    """Return the circuit of an account, locked until the transaction ends."""
    if read(tx, name) == Circuit():
        insert_once(tx, circuit, {"name": name, "results": ""})
    tx.connection.execute(select(circuit.c.name).where(circuit.c.name == name).with_for_update())
    return read(tx, name)


def write(tx: Transaction, name: str, item: Circuit) -> None:
    """Store a circuit that this transaction has locked."""
    values = {
        "cause": item.cause,
        "opened_at": item.opened_at,
        "probe_at": item.probe_at,
        "results": " ".join(f"{found.at.timestamp():.3f}{'+' if found.is_good else '-'}" for found in item.results),
    }
    tx.connection.execute(update(circuit).where(circuit.c.name == name).values(values))


def every(tx: Transaction) -> dict[str, Circuit]:
    """Return all circuits by the account they belong to."""
    rows = tx.connection.execute(select(circuit).order_by(circuit.c.name))
    return {row.name: Circuit(row.cause, row.opened_at, row.probe_at, _results(row.results)) for row in rows}


def holds_unknown_since(tx: Transaction, name: str) -> datetime | None:
    """Return since when doubtful messages of an account are held instead of sent again; None where they are not."""
    found: datetime | None = tx.connection.scalar(select(circuit.c.holds_unknown_since).where(circuit.c.name == name))
    return found


def hold_unknown(tx: Transaction, name: str, since: datetime) -> None:
    """Hold doubtful messages of an account from now on."""
    lock(tx, name)
    tx.connection.execute(update(circuit).where(circuit.c.name == name).values(holds_unknown_since=since))


def allow_resends(tx: Transaction, name: str, *, now: datetime) -> None:
    """Hold doubtful messages of an account no longer; what doubled before counts no more."""
    lock(tx, name)
    values = {"holds_unknown_since": None, "resends_allowed_at": now}
    tx.connection.execute(update(circuit).where(circuit.c.name == name).values(values))


def resends_allowed_at(tx: Transaction, name: str) -> datetime | None:
    """Return when a person last let doubtful messages of an account be sent again."""
    found: datetime | None = tx.connection.scalar(select(circuit.c.resends_allowed_at).where(circuit.c.name == name))
    return found


def _results(text: str) -> tuple[Result, ...]:
    return tuple(Result(datetime.fromtimestamp(float(word[:-1]), UTC), word.endswith("+")) for word in text.split())
