"""Empty a database between tests."""

from __future__ import annotations

from reminders.store.rows import metadata
from reminders.store.unit_of_work import Store


def wipe(store: Store) -> None:
    """Delete every row, those that others refer to last."""
    with store.transaction() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.connection.execute(table.delete())
