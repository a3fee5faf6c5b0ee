"""What is only added to stays as it was written: both databases refuse to change it, but for a purge by its name."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from reminders.store import events
from reminders.store.append_only import APPEND_ONLY, forgetting, forgetting_pass
from reminders.store.console_rows import event
from reminders.store.rows import metadata
from reminders.store.unit_of_work import Store
from tests.store.prepared import REFERRED, a_row, key

REFUSED = "append-only"


@pytest.fixture
def filled(store: Store) -> Store:
    """Return a database with a row in each of these tables; the event has no number yet."""
    with store.transaction() as tx:
        for name in (*REFERRED, *APPEND_ONLY):
            table = metadata.tables[name]
            row = a_row(table, set(table.c.keys()))
            own = {"version": 1, "appointment_id": key("appointment"), "clinic_id": key("clinic")}
            tx.connection.execute(insert(table).values({**row, **{k: own[k] for k in own.keys() & row.keys()}}))
        assert tx.connection.scalar(select(event.c.number)) is None
    return store


def test_no_row_is_changed_or_deleted_whatever_the_statement(filled: Store) -> None:
    for name in APPEND_ONLY:
        table = metadata.tables[name]
        column = next(column for column in table.c if not column.primary_key)
        for statement in (delete(table), update(table).values({column: column}).where(column.is_not(None))):
            if name == "event" and statement.is_update:
                continue  # see below
            with pytest.raises(IntegrityError, match=REFUSED), filled.transaction() as tx:
                tx.connection.execute(statement)
        with filled.reading() as tx:
            assert tx.connection.scalar(select(func.count()).select_from(table)) == 1


def test_an_event_gets_its_number_once_and_nothing_else_of_it_changes(filled: Store) -> None:
    with pytest.raises(IntegrityError, match=REFUSED), filled.transaction() as tx:
        tx.connection.execute(update(event).values(number=1, kind="task.taken"))
    with filled.transaction() as tx:
        assert events.number(tx, limit=9) == 1
    for change in ({"number": 2}, {"number": None}, {"detail": "{}"}):
        with pytest.raises(IntegrityError, match=REFUSED), filled.transaction() as tx:
            tx.connection.execute(update(event).values(change))


def test_a_purge_that_says_so_may_forget_and_only_as_long_as_it_says_so(filled: Store) -> None:
    audit = metadata.tables["audit_event"]
    with filled.transaction() as tx:
        with forgetting(tx, "past its time"):
            tx.connection.execute(update(audit).values(by="nobody"))
            tx.connection.execute(delete(metadata.tables["check_in"]))
        assert tx.connection.scalar(select(func.count()).select_from(forgetting_pass)) == 0
    with pytest.raises(IntegrityError, match=REFUSED):
        forget_too_late(filled)
    with filled.reading() as tx:
        assert tx.connection.scalar(select(audit.c.by)) == "nobody"


def forget_too_late(store: Store) -> None:
    with store.transaction() as tx:
        with forgetting(tx, "past its time"):
            pass
        tx.connection.execute(delete(metadata.tables["audit_event"]))


def test_postgres_empties_no_such_table_at_one_stroke(postgres_store: Store) -> None:
    for name in APPEND_ONLY:
        with pytest.raises(IntegrityError, match=REFUSED), postgres_store.transaction() as tx:
            tx.connection.execute(text(f"TRUNCATE {name} CASCADE"))
