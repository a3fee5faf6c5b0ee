from __future__ import annotations

import time
from threading import Event, Thread

import pytest
from sqlalchemy import insert, select, text

from reminders.core.errors import NotReadyError
from reminders.store import rows
from reminders.store.unit_of_work import Store
from reminders.store.vault import Vault
from tests.builders import NOON, an_id


def add(store: Store, name: str) -> None:
    values = {"id": an_id(name), "slug": name, "document": "{}", "version": 1, "applied_at": NOON}
    with store.transaction() as tx:
        tx.connection.execute(insert(rows.clinic).values(values))


def slugs(store: Store) -> list[str]:
    with store.reading() as tx:
        return list(tx.connection.scalars(select(rows.clinic.c.slug).order_by(rows.clinic.c.slug)))


def clear_and_die(store: Store) -> None:
    with store.transaction() as tx:
        tx.connection.execute(text("DELETE FROM clinic"))
        raise KeyboardInterrupt


def test_a_transaction_that_raises_leaves_nothing_behind(store: Store) -> None:
    add(store, "one")
    with pytest.raises(KeyboardInterrupt):
        clear_and_die(store)
    assert slugs(store) == ["one"]


def test_what_is_written_while_reading_is_not_kept(sqlite_store: Store) -> None:
    add(sqlite_store, "one")
    with sqlite_store.reading() as tx:
        tx.connection.execute(text("DELETE FROM clinic"))
    assert slugs(sqlite_store) == ["one"]


def test_reading_may_not_write(postgres_store: Store) -> None:
    with pytest.raises(NotReadyError, match="read-only"), postgres_store.reading() as tx:
        tx.connection.execute(text("DELETE FROM clinic"))


def test_reading_sees_one_moment(store: Store) -> None:
    add(store, "one")
    with store.reading() as tx:
        count = select(rows.clinic.c.slug)
        before = tx.connection.execute(count).all()
        add(store, "two")
        assert tx.connection.execute(count).all() == before
    assert slugs(store) == ["one", "two"]


def test_a_look_sees_what_was_written_since_it_began(postgres_store: Store) -> None:
    """Each statement by itself: no moment is kept for it, so nothing that was taken meanwhile must be."""
    held = text("SELECT count(*) FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()")
    with postgres_store.looking() as tx:
        assert tx.connection.scalars(select(rows.clinic.c.slug)).all() == []
        add(postgres_store, "one")
        assert tx.connection.scalars(select(rows.clinic.c.slug)).all() == ["one"]
        with postgres_store.reading() as other:
            assert other.connection.scalar(held) == 0


def test_after_a_look_a_transaction_is_one_again(store: Store) -> None:
    add(store, "one")
    with store.looking() as tx:
        assert tx.connection.scalar(select(rows.clinic.c.slug)) == "one"
    with pytest.raises(KeyboardInterrupt):
        clear_and_die(store)
    assert slugs(store) == ["one"]


def test_what_is_written_in_a_look_at_sqlite_is_not_kept(sqlite_store: Store) -> None:
    add(sqlite_store, "one")
    with sqlite_store.looking() as tx:
        tx.connection.execute(text("DELETE FROM clinic"))
    assert slugs(sqlite_store) == ["one"]


def test_sqlite_is_set_so_that_the_promises_hold(sqlite_store: Store) -> None:
    with sqlite_store.reading() as tx:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = {name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_postgresql_is_set_so_that_the_promises_hold(postgres_store: Store) -> None:
    names = ("synchronous_commit", "statement_timeout", "lock_timeout", "TimeZone")
    with postgres_store.reading() as tx:
        found = {name: tx.connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names}
        idle = tx.connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
    assert found == {"synchronous_commit": "on", "statement_timeout": "30s", "lock_timeout": "5s", "TimeZone": "UTC"}
    assert idle == "30s"


def test_a_writing_transaction_of_sqlite_is_alone_from_its_beginning(sqlite_store: Store) -> None:
    """One that read first and wrote later would fail under load, however long it waited."""
    has_begun, order = Event(), list[str]()

    def second() -> None:
        has_begun.wait()
        with sqlite_store.transaction():
            order.append("second")

    other = Thread(target=second)
    other.start()
    with sqlite_store.transaction():
        has_begun.set()
        time.sleep(0.1)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_reading_sqlite_waits_for_no_writer(sqlite_store: Store) -> None:
    add(sqlite_store, "one")
    with sqlite_store.transaction() as tx:
        tx.connection.execute(text("DELETE FROM clinic"))
        assert slugs(sqlite_store) == ["one"]


def test_nothing_is_opened_before_the_first_transaction(vault: Vault) -> None:
    """A process that forks after its start must not share a connection with its child."""
    store = Store("postgresql://nobody@127.0.0.1:1/none", vault)
    store.close()
    with pytest.raises(NotReadyError), store.reading():
        pass
