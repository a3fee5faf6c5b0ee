"""The whole database as values, to prove that something changed nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from reminders.store.rows import metadata
from tests.world import World


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    return {
        table.name: [tuple(row) for row in world.all(select(table).order_by(*table.primary_key.columns))]
        for table in metadata.sorted_tables
    }
