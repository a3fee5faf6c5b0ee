"""The whole database as values, to prove that something changed nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from reminders.core.tries import PAGES
from reminders.store.rows import metadata
from reminders.store.service_rows import token_bucket
from tests.world import World

COUNTED = f"tries:{PAGES.name}:"


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, but how often an address answered: that is counted whatever comes of it."""
    found = {
        table.name: [tuple(row) for row in world.all(select(table).order_by(*table.primary_key.columns))]
        for table in metadata.sorted_tables
    }
    buckets = [row for row in found[token_bucket.name] if not str(row[0]).startswith(COUNTED)]
    return {**found, token_bucket.name: buckets}
