"""Whose fault an error is: the database's own troubles are blamed on no row."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from reminders.core.errors import NotReadyError
from reminders.services.expire_overdue import expire_overdue
from reminders.store.unit_of_work import Store
from tests.world import CONFIRM_AT, World, only, some_entries


def test_a_lock_that_somebody_else_holds_for_long_is_blamed_on_no_message(postgres_store: Store) -> None:
    world = World(postgres_store, only("remind_confirm"))
    world.sync(*some_entries(3))
    world.at(CONFIRM_AT)
    world.claim()
    world.resolve_for(2 * world.deps.policy.lease, every=world.deps.policy.lease)
    with postgres_store.transaction() as holding:
        holding.connection.execute(text("LOCK TABLE contact IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(NotReadyError, match="lock timeout"):
            world.pump()
    assert [row.crashes for row in world.messages()] == [0, 0, 0]
    assert world.pump() == 3, "given back at once, not at the end of a lease"
    expire_overdue(world.deps)
    world.check()


def test_what_is_wrong_with_a_row_is_not_the_databases_fault(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)constraint|null") as caught, store.transaction() as tx:
        tx.connection.execute(text("INSERT INTO clinic (id) VALUES (NULL)"))
    assert not isinstance(caught.value, NotReadyError)
