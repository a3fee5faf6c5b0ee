"""In which order transactions committed, told by the database itself and by no clock.

Triggers write a word about each watched change into a table, in the transaction that makes the change. PostgreSQL's
logical decoding then tells these words in the order of the commit records in its log; SQLite has one writer at a time,
so there the order of the rows is that of the commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import Struct

from sqlalchemy import Connection

from reminders.store.unit_of_work import Store

TABLE, SLOT = "chaos_order", "chaos_order"
INTENT = """
    SELECT 'intent ' || new.tag || ' ' || {phone} || ' ' || c.id || ' ' || coalesce({patient}, '-') || ' '
        || coalesce({appointment}, '-') || ' ' || coalesce(m.version, 0) || ' ' || m.kind
    FROM message m JOIN contact c ON c.id = m.contact_id WHERE m.id = new.message_id
"""
OPTED_OUT, HAD_NOT = "new.opted_out_at IS NOT NULL", "old.opted_out_at IS NULL"
STOP = "SELECT 'stop ' || {new_phone}"
WATCHED = (
    ("attempt", "INSERT", "", INTENT),
    ("contact", "INSERT", OPTED_OUT, STOP),
    ("contact", "UPDATE", f"{OPTED_OUT} AND {HAD_NOT}", STOP),
    ("contact", "UPDATE", "new.fault_at IS NOT NULL AND old.fault_at IS NULL", "SELECT 'fault ' || new.id"),
    ("appointment", "UPDATE", "new.version > old.version", "SELECT 'version ' || new.id || ' ' || new.version"),
    ("pause", "INSERT", "new.patient_id IS NOT NULL", "SELECT 'pause ' || new.patient_id"),
)
"""Table, change, condition and what is told: an intent, a phone that opts out, an address that
fails, a session's new version, a pause."""
POSTGRES_WORDS = {
    "phone": "encode(c.address_index, 'hex')",
    "new_phone": "encode(new.address_index, 'hex')",
    "patient": "m.patient_id::text",
    "appointment": "m.appointment_id::text",
}
BEGAN = "(extract(epoch FROM now() - '2000-01-01 00:00+00') * 1000000)::bigint"
"""When a transaction began, counted as the log counts its end."""
SQLITE_WORDS = {
    "phone": "lower(hex(c.address_index))",
    "new_phone": "lower(hex(new.address_index))",
    "patient": "m.patient_id",
    "appointment": "m.appointment_id",
}
BEGIN, TUPLE_START, COLUMN = Struct(">cQqI"), Struct(">cIcH"), Struct(">cI")
"""What we read of protocol version 1 of `pgoutput`: a commit's place and time, and a row of one text column."""


class NoOrderError(RuntimeError):
    """The server does not tell in which order transactions commit."""


@dataclass(frozen=True, slots=True)
class Told:
    """A change that was committed.

    `began` and `at` say when its transaction began and ended, in the server's microseconds: for measuring how hard a
    race was, never for judging it.
    """

    place: int
    began: int
    at: int
    words: tuple[str, ...]


class CommitOrder:
    """Watches one database from `watch` on. `close` must be called before the database is dropped."""

    def __init__(self, store: Store) -> None:
        """Remember the database."""
        self._store = store

    def watch(self) -> None:
        """Begin to watch. Raises NoOrderError where PostgreSQL runs without `wal_level = logical`."""
        with self._store.transaction() as tx:
            if tx.is_postgres:
                _watch_postgres(tx.connection)
            else:
                _watch_sqlite(tx.connection)
        if self._store.engine.dialect.name == "postgresql":
            # A slot can be made only where nothing was written before in the same transaction.
            with self._store.transaction() as tx:
                tx.connection.exec_driver_sql(f"SELECT pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")

    def read(self) -> list[Told]:
        """Return what was committed since the last call, in the order of the commits."""
        with self._store.transaction() as tx:
            if not tx.is_postgres:
                rows = tx.connection.exec_driver_sql(f"SELECT n, told FROM {TABLE} ORDER BY n").all()  # noqa: S608 - ours
                tx.connection.exec_driver_sql(f"DELETE FROM {TABLE}")  # noqa: S608 - ours
                return [Told(row.n, row.n, row.n, tuple(row.told.split())) for row in rows]
            options = f"NULL, NULL, 'proto_version', '1', 'publication_names', '{TABLE}'"
            statement = f"SELECT data FROM pg_logical_slot_get_binary_changes('{SLOT}', {options})"  # noqa: S608 - ours
            return list(_decoded([bytes(data) for data in tx.connection.exec_driver_sql(statement).scalars()]))

    def close(self) -> None:
        """Watch no longer."""
        with self._store.transaction() as tx:
            if tx.is_postgres:
                tx.connection.exec_driver_sql(f"SELECT pg_drop_replication_slot('{SLOT}')")


def _decoded(data: Sequence[bytes]) -> Iterator[Told]:
    place = at = 0
    for item in data:
        match item[:1]:
            case b"B":
                _, place, at, _ = BEGIN.unpack_from(item)
            case b"I":
                _, length = COLUMN.unpack_from(item, TUPLE_START.size)
                start = TUPLE_START.size + COLUMN.size
                began, *words = item[start : start + length].decode().split()
                yield Told(place, int(began), at, tuple(words))
            case _:
                pass  # what a table looks like, and ends of transactions


def _watch_postgres(connection: Connection) -> None:
    if connection.exec_driver_sql("SHOW wal_level").scalar() != "logical":
        raise NoOrderError("PostgreSQL must run with wal_level = logical")
    run = connection.exec_driver_sql
    run(f"CREATE TABLE {TABLE} (told text)")
    run(f"CREATE PUBLICATION {TABLE} FOR TABLE {TABLE} WITH (publish = 'insert')")
    for number, (table, change, condition, told) in enumerate(WATCHED):
        body = f"INSERT INTO {TABLE} SELECT {BEGAN} || ' ' || told FROM ({told.format_map(POSTGRES_WORDS)}) t(told);"  # noqa: S608 - ours
        code = f"$$ BEGIN {body} RETURN NULL; END $$"
        run(f"CREATE FUNCTION {TABLE}_{number}() RETURNS trigger LANGUAGE plpgsql AS {code}")
        when = f"WHEN ({condition})" if condition else ""
        run(
            f"CREATE TRIGGER {TABLE}_{number} AFTER {change} ON {table} FOR EACH ROW {when} "
            f"EXECUTE FUNCTION {TABLE}_{number}()"
        )


def _watch_sqlite(connection: Connection) -> None:
    run = connection.exec_driver_sql
    run(f"CREATE TABLE {TABLE} (n INTEGER PRIMARY KEY AUTOINCREMENT, told TEXT)")
    for number, (table, change, condition, told) in enumerate(WATCHED):
        when = f"WHEN {condition}" if condition else ""
        body = f"INSERT INTO {TABLE} (told) {told.format_map(SQLITE_WORDS)};"
        run(f"CREATE TRIGGER {TABLE}_{number} AFTER {change} ON {table} FOR EACH ROW {when} BEGIN {body} END")
