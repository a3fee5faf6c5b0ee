"""Empty a database between tests."""

from __future__ import annotations

from reminders.store.append_only import forgetting, forgetting_pass
from reminders.store.rows import metadata
from reminders.store.unit_of_work import Store


def wipe(store: Store) -> None:
    """Delete every row, those that others refer to last."""
    every = [table.name for table in reversed(metadata.sorted_tables) if table is not forgetting_pass]
    # Most tests fill few tables: to ask once which ones costs less than to empty them all.
    fills = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in every]  # noqa: S608 - our own names
    with store.transaction() as tx, forgetting(tx, "the next test"):
        filled = set(tx.connection.exec_driver_sql(" UNION ALL ".join(fills)).scalars())
        deletions = [f"DELETE FROM {name}" for name in every if name in filled]  # noqa: S608 - our own names
        # PostgreSQL takes all of them in one round trip.
        for statement in ["; ".join(deletions)] if tx.is_postgres and deletions else deletions:
            tx.connection.exec_driver_sql(statement)
