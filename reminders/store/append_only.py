"""Tables that are only added to: the database itself refuses to change or delete a row of theirs, whoever asks.

What an audit, a ledger of consents or a kept version once said is evidence (requirement 31 of (d)). One way is left
open, by its name: `forgetting`, for a purge that must delete what may be kept no longer. Of an event only its number
may be set, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, String, Table, delete, event, insert

from reminders.store.columns import metadata
from reminders.store.unit_of_work import Transaction

APPEND_ONLY = (
    "appointment_version",
    "audit_event",
    "check_in",
    "clinic_version",
    "consent_event",
    "correction",
    "escort_consent",
    "event",
    "permission_event",
)
OF_AN_EVENT = ("id", "clinic_id", "kind", "about", "patient_id", "detail", "happened_at")
"""What of an event stays as it was told when it gets its number."""

forgetting_pass = Table("forgetting", metadata, Column("reason", String(80), primary_key=True))
"""Empty but for the moment within a transaction that forgets: no other transaction ever sees a row."""

POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM forgetting) THEN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    RETURN NEW;
  END IF;
  RETURN OLD;
END $$
"""


@contextmanager
def forgetting(tx: Transaction, reason: str) -> Iterator[None]:
    """Let the caller's transaction change and delete rows of these tables until the block ends."""
    tx.connection.execute(insert(forgetting_pass).values(reason=reason))
    yield
    tx.connection.execute(delete(forgetting_pass).where(forgetting_pass.c.reason == reason))


def _in_postgres(table: str) -> Iterator[str]:
    same = (f"OLD.{name} IS NOT DISTINCT FROM NEW.{name}" for name in OF_AN_EVENT)
    numbers = " AND ".join(["OLD.number IS NULL", *same])
    unless = f"WHEN (NOT ({numbers})) " if table == "event" else ""
    refuse = "EXECUTE FUNCTION refuse_change()"
    yield f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table} FOR EACH ROW {refuse}"
    yield f"CREATE TRIGGER {table}_is_fixed BEFORE UPDATE ON {table} FOR EACH ROW {unless}{refuse}"
    yield f"CREATE TRIGGER {table}_is_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}"


def _in_sqlite(table: str) -> Iterator[str]:
    same = (f"OLD.{name} IS NEW.{name}" for name in OF_AN_EVENT)
    numbers = " AND ".join(["OLD.number IS NULL", *same])
    unless = f" AND NOT ({numbers})" if table == "event" else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    closed = "WHEN NOT EXISTS (SELECT 1 FROM forgetting)"
    yield f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table} {closed} {refuse}"
    yield f"CREATE TRIGGER {table}_is_fixed BEFORE UPDATE ON {table} {closed}{unless} {refuse}"


def _close(table: Table, connection: Connection, **_options: object) -> None:
    is_postgres = connection.dialect.name == "postgresql"
    statements = [POSTGRES_FUNCTION, *_in_postgres(table.name)] if is_postgres else _in_sqlite(table.name)
    for statement in statements:
        connection.exec_driver_sql(statement)


def close_tables() -> None:
    """Let each of these tables be closed as it is made from the models; the migrations say the same in their words."""
    for name in APPEND_ONLY:
        event.listen(metadata.tables[name], "after_create", _close)
