"""Many rows in one statement, on both databases: what is written is what was given, for any number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError

from reminders.store.bulk import insert_rows
from reminders.store.rows import metadata
from reminders.store.sets import Changes, among, picked
from reminders.store.unit_of_work import Store

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
bucket = metadata.tables["token_bucket"]
FILLS = Changes(
    bucket,
    "name",
    {"tokens": bucket.c.tokens.type, "filled_at": bucket.c.filled_at.type},
    where=lambda given: bucket.c.filled_at < given["filled_at"],
    values=lambda given: picked(given, "tokens", "filled_at"),
)


def rows(count: int) -> list[Mapping[str, object]]:
    return [{"name": f"b{n}, 'it''s' {{x}} \\ NULL", "tokens": n / 7, "filled_at": NOON} for n in range(count)]


def stored(store: Store) -> list[Mapping[str, object]]:
    with store.reading() as tx:
        found = tx.connection.execute(select(bucket).order_by(bucket.c.tokens)).mappings()
        return [dict(row) for row in found]


@pytest.mark.parametrize("count", [0, 1, 1200])
def test_rows_are_stored_as_they_were_given(store: Store, count: int) -> None:
    with store.transaction() as tx:
        insert_rows(tx, bucket, rows(count))
    assert stored(store) == rows(count)


def test_what_is_there_already_is_left_as_it_is_where_that_is_wanted(store: Store) -> None:
    with store.transaction() as tx:
        insert_rows(tx, bucket, rows(2))
        insert_rows(tx, bucket, [{**row, "tokens": 99.0} for row in rows(3)], is_once=True)
    assert [row["tokens"] for row in stored(store)] == [0.0, 1 / 7, 99.0]


def test_each_row_is_changed_by_its_own_values_and_condition(store: Store) -> None:
    earlier, later = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
    names = [str(row["name"]) for row in rows(3)]
    with store.transaction() as tx:
        insert_rows(tx, bucket, rows(3))
        FILLS.apply(
            tx,
            [
                {"name": names[0], "tokens": 10.0, "filled_at": later},
                {"name": names[1], "tokens": 20.0, "filled_at": earlier},
                {"name": names[2], "tokens": 30.0, "filled_at": later},
                {"name": "nobody", "tokens": 40.0, "filled_at": later},
            ],
        )
    assert {row["tokens"]: row["filled_at"] for row in stored(store)} == {10.0: later, 1 / 7: NOON, 30.0: later}


def test_a_list_finds_its_values_and_an_empty_one_nothing(store: Store) -> None:
    names = [str(row["name"]) for row in rows(4)]
    with store.transaction() as tx:
        insert_rows(tx, bucket, rows(4))
        here = select(bucket.c.tokens).order_by(bucket.c.tokens)
        assert list(tx.connection.scalars(here.where(among(tx, bucket.c.name, names[:2])))) == [0.0, 1 / 7]
        assert list(tx.connection.scalars(here.where(among(tx, bucket.c.name, [])))) == []
        assert list(tx.connection.scalars(here.where(among(tx, bucket.c.filled_at, {NOON})))) != []


def test_the_statement_of_postgres_does_not_grow_with_the_rows(store: Store) -> None:
    texts: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *said: texts.append(said[2]))
    with store.transaction() as tx:
        for count in (1, 50):
            insert_rows(tx, bucket, [{**row, "name": f"{count} {row['name']}"} for row in rows(count)])
            tx.connection.execute(select(bucket.c.name).where(among(tx, bucket.c.name, [str(n) for n in range(count)])))
        is_postgres = tx.is_postgres
    mine = [text for text in texts if "token_bucket" in text]
    assert (len(set(mine)) == 2) is is_postgres


@pytest.mark.parametrize("count", [1, 30])
def test_a_text_that_is_too_long_is_refused_and_never_cut(postgres_store: Store, count: int) -> None:
    long = [{"name": f"{n:081}", "tokens": 1.0, "filled_at": NOON} for n in range(count)]
    with pytest.raises(DBAPIError), postgres_store.transaction() as tx:
        insert_rows(tx, bucket, long)
    assert stored(postgres_store) == []
