"""seventh: what is only added to cannot be changed or deleted, by triggers

Expands only: code of 0006 changes no row of these tables but to number an event, which stays possible. Rows of
`forgetting`, seen by nobody else because they are gone before the transaction ends, open the tables to a purge.

Down again, the rows stay as they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

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


def in_postgres(table: str) -> list[str]:
    same = (f"OLD.{name} IS NOT DISTINCT FROM NEW.{name}" for name in OF_AN_EVENT)
    numbers = " AND ".join(["OLD.number IS NULL", *same])
    unless = f"WHEN (NOT ({numbers})) " if table == "event" else ""
    refuse = "EXECUTE FUNCTION refuse_change()"
    return [
        f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_is_fixed BEFORE UPDATE ON {table} FOR EACH ROW {unless}{refuse}",
        f"CREATE TRIGGER {table}_is_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def in_sqlite(table: str) -> list[str]:
    same = (f"OLD.{name} IS NEW.{name}" for name in OF_AN_EVENT)
    numbers = " AND ".join(["OLD.number IS NULL", *same])
    unless = f" AND NOT ({numbers})" if table == "event" else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    closed = "WHEN NOT EXISTS (SELECT 1 FROM forgetting)"
    return [
        f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table} {closed} {refuse}",
        f"CREATE TRIGGER {table}_is_fixed BEFORE UPDATE ON {table} {closed}{unless} {refuse}",
    ]


def upgrade() -> None:
    op.create_table(
        "forgetting",
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("reason", name=op.f("pk_forgetting")),
    )
    connection = op.get_bind()
    is_postgres = connection.dialect.name == "postgresql"
    if is_postgres:
        connection.exec_driver_sql(POSTGRES_FUNCTION)
    for table in APPEND_ONLY:
        for statement in in_postgres(table) if is_postgres else in_sqlite(table):
            connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    is_postgres = connection.dialect.name == "postgresql"
    for table in APPEND_ONLY:
        for name in ("is_kept", "is_fixed", *(("is_whole",) if is_postgres else ())):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_{name}" + (f" ON {table}" if is_postgres else ""))
    if is_postgres:
        connection.exec_driver_sql("DROP FUNCTION refuse_change()")
    op.drop_table("forgetting")
