"""How Alembic reaches the database: the service's own engine settings, one transaction for each migration."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, text

from reminders.bootstrap import database_url
from reminders.store.engine import make_engine
from reminders.store.rows import metadata
from reminders.store.types import UtcInstant

ONE_AT_A_TIME = text("SELECT pg_advisory_lock(7236311)")
"""Two machines that start at once must not both migrate."""
PATIENCE = ("SET lock_timeout = '4s'", "SET statement_timeout = '60s'")


def as_plain_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own column types as what they are in the database, so that old migrations outlive them."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcInstant) else False


def let_tables_be_remade(connection: Connection) -> None:
    """Switch SQLite's foreign keys off: a table made anew is dropped first, and others point at it."""
    # Behind SQLAlchemy's back: it would begin a transaction, and within one the pragma does nothing.
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute("PRAGMA foreign_keys=OFF")


def refuse_orphans(ctx: MigrationContext, *_step: object, **_named: object) -> None:
    """Check what SQLite did not check meanwhile. Raises CommandError, which rolls the migration back."""
    connection = ctx.connection
    if connection is None or connection.dialect.name != "sqlite":
        return
    orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
    if orphans:
        tables = ", ".join(sorted({orphan[0] for orphan in orphans}))
        raise CommandError(f"the migration would leave rows that point at nothing, in: {tables}")


def run() -> None:
    """Migrate the database given by the caller, else that of the environment."""
    engine = make_engine(context.config.attributes.get("url") or database_url())
    try:
        with engine.connect() as connection:
            migrate(connection)
    finally:
        engine.dispose()


def migrate(connection: Connection) -> None:
    """Run the migrations asked for, each in a transaction of its own."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        let_tables_be_remade(connection)
    else:
        with connection.begin():
            connection.execute(ONE_AT_A_TIME)
            for statement in PATIENCE:
                connection.execute(text(statement))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=is_sqlite,
        transaction_per_migration=True,
        compare_type=True,
        render_item=as_plain_type,
        on_version_apply=refuse_orphans,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
