"""How Alembic reaches the database: the service's own engine settings, one transaction for each migration."""

from __future__ import annotations

from typing import Literal

from alembic import context
from sqlalchemy import text

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


def run() -> None:
    """Migrate the database given by the caller, else that of the environment."""
    url = context.config.attributes.get("url") or database_url()
    engine = make_engine(url)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            with connection.begin():
                connection.execute(ONE_AT_A_TIME)
                for statement in PATIENCE:
                    connection.execute(text(statement))
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            transaction_per_migration=True,
            compare_type=True,
            render_item=as_plain_type,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
