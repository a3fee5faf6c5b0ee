"""What the database server is, how it keeps what is committed, and how its tables stand to this code. Reads only."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import URL, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from reminders.core.errors import NotReadyError, RemindersError
from reminders.core.examination.facts import DatabaseFacts, Standing
from reminders.store import database_clock, revisions
from reminders.store.rows import patient
from reminders.store.unit_of_work import Store, Transaction

_PATIENCE = "5s"
_SYNCHRONOUS = {0: "off", 1: "normal", 2: "full", 3: "extra"}
"""SQLite's numbers (PRAGMA synchronous)."""


@dataclass(frozen=True, slots=True)
class ServerReading:
    """The facts, and the database's time at the moment of reading; None where it was not read."""

    facts: DatabaseFacts
    at: datetime | None = None


def read_server(store: Store) -> ServerReading:
    """Read everything about the server; a file that is not there is not made. Raises nothing of the database's."""
    try:
        url = make_url(store.url)
    except ArgumentError:
        return ServerReading(DatabaseFacts("REMINDERS_DATABASE_URL", "it is no address of a database"))
    facts = DatabaseFacts(_place(url), is_postgres=url.get_backend_name() == "postgresql")
    file = _file(url)
    if file is not None and not file.exists():
        return ServerReading(facts)
    try:
        with store.reading() as tx:
            return ServerReading(_read(tx, facts, file), database_clock.read(tx))
    except (NotReadyError, SQLAlchemyError) as error:
        return ServerReading(replace(facts, problem=_first_line(error)))


def _read(tx: Transaction, facts: DatabaseFacts, file: Path | None) -> DatabaseFacts:
    if tx.is_postgres:
        tx.connection.execute(text(f"SET LOCAL statement_timeout = '{_PATIENCE}'"))
    revision, newest, standing = _standing(tx)
    has_patients = inspect(tx.connection).has_table(patient.name)
    sealed = tx.connection.execute(select(patient.c.id, patient.c.name).limit(1)).first() if has_patients else None
    return replace(
        facts,
        version=tuple(int(part) for part in tx.connection.dialect.server_version_info or () if isinstance(part, int)),
        revision=revision,
        newest_revision=newest,
        standing=standing,
        settings=_postgres_settings(tx) if tx.is_postgres else _sqlite_settings(tx),
        is_read_only=_refuses_writes(tx, file),
        opens_with_our_key=None if sealed is None else _opens(tx, sealed.id, sealed.name),
    )


def _standing(tx: Transaction) -> tuple[str | None, str | None, Standing]:
    """Return the revision of the tables, the newest that this code knows, and how they stand to each other."""
    newest, revision = revisions.newest(), revisions.current(tx)
    if revision is None:
        return None, newest, Standing.EMPTY
    if revision == newest:
        return revision, newest, Standing.CURRENT
    return revision, newest, Standing.BEHIND if revision in revisions.known() else Standing.NEWER


def _postgres_settings(tx: Transaction) -> dict[str, str]:
    names = ("fsync", "synchronous_commit", "full_page_writes")
    return {
        name: tx.connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one()
        for name in names
    }


def _sqlite_settings(tx: Transaction) -> dict[str, str]:
    journal = tx.connection.execute(text("PRAGMA journal_mode")).scalar_one()
    synchronous = tx.connection.execute(text("PRAGMA synchronous")).scalar_one()
    return {"journal_mode": str(journal), "synchronous": _SYNCHRONOUS.get(synchronous, str(synchronous))}


def _refuses_writes(tx: Transaction, file: Path | None) -> bool:
    if tx.is_postgres:
        asked = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
        return bool(tx.connection.execute(text(asked)).scalar_one())
    # SQLite makes files beside its own, so it must be able to write to the folder too.
    return file is not None and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def _opens(tx: Transaction, row: UUID, sealed: bytes) -> bool:
    try:
        tx.vault.open("patient.name", row, sealed)
    except RemindersError:
        return False
    return True


def _place(url: URL) -> str:
    """Return where a database is, without user and password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    hosts = url.query.get("host")
    host = url.host or (hosts if isinstance(hosts, str) else ", ".join(hosts or ())) or "localhost"
    return f"{url.database} at {host}" + (f":{url.port}" if url.port else "")


def _file(url: URL) -> Path | None:
    is_file = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(url.database or "") if is_file else None


def _first_line(error: Exception) -> str:
    words = str(error).removeprefix("the database does not answer: ")
    return " ".join(words.partition("\n")[0].split())
