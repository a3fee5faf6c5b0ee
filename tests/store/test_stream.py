"""Rows as a stream: a value of any type that our tables have comes back as it was given, from both databases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
    select,
)
from sqlalchemy.exc import DBAPIError

from reminders.core.errors import NaiveDatetimeError
from reminders.core.patients import Channel
from reminders.store.bulk import FEWEST_TO_STREAM, insert_rows
from reminders.store.rows import metadata, patient
from reminders.store.stream import copied
from reminders.store.types import UtcInstant, word
from reminders.store.unit_of_work import Store

LONG_AGO = datetime(1969, 7, 20, 20, 17, 40, 123456, tzinfo=UTC)
HALF_PAST = timezone(timedelta(hours=5, minutes=30))
CLINIC = UUID(int=7)
every_type = Table(
    "every_type",
    MetaData(),
    Column("place", Integer, primary_key=True),
    Column("clinic_id", Uuid),
    Column("other_id", Uuid),
    Column("at", UtcInstant),
    Column("sealed", LargeBinary),
    Column("is_good", Boolean),
    Column("token", BigInteger),
    Column("channel", word(Channel, "channel")),
    Column("text", String(200)),
    Column("share", Float),
    Column("on_day", Date),
    prefixes=["TEMPORARY"],
)


def filled(place: int) -> dict[str, Any]:
    return {
        "place": place - 10,
        "clinic_id": CLINIC,
        "other_id": UUID(int=(1 << 127) + place % 3),
        "at": LONG_AGO + timedelta(days=7 * (place % 5)),
        "sealed": bytes([0, 255, 10, 92, place]),
        "is_good": place % 2 == 0,
        "token": (-1) ** place * ((1 << 62) + place),
        "channel": list(Channel)[place % 2],
        "text": ("", "\\N", "a\tb\nc", "José Álvarez 日本", "'")[place % 5],
        "share": place / 7,
        "on_day": date(1999, 12, 31) + timedelta(days=place),
    }


def stored(store: Store, rows: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    with store.transaction() as tx:
        every_type.create(tx.connection)
        insert_rows(tx, every_type, rows)
        found = tx.connection.execute(select(every_type).order_by(every_type.c.place)).mappings().all()
        every_type.drop(tx.connection)
        return [dict(row) for row in found]


@pytest.mark.both_databases
@pytest.mark.parametrize("count", [1, FEWEST_TO_STREAM - 1, FEWEST_TO_STREAM, 40])
def test_values_of_every_type_come_back_as_they_were_given(store: Store, count: int) -> None:
    rows = [filled(place) for place in range(count)]
    assert stored(store, rows) == rows


@pytest.mark.both_databases
def test_what_is_not_given_stays_empty_be_it_in_some_rows_or_in_all(store: Store) -> None:
    empty = dict.fromkeys(every_type.c.keys())
    rows = [{**(filled(place) if place % 3 else empty), "place": place, "share": None} for place in range(30)]
    assert stored(store, rows) == rows


@pytest.mark.both_databases
def test_an_instant_of_another_zone_is_stored_as_the_same_instant(store: Store) -> None:
    at = [LONG_AGO.astimezone(HALF_PAST) + timedelta(hours=place) for place in range(30)]
    found = stored(store, [{"place": place, "at": value} for place, value in enumerate(at)])
    assert [row["at"] for row in found] == at


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveDatetimeError):
        copied(every_type, [{"at": datetime(2027, 3, 1, 12)}], "utf-8")  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("table", metadata.tables.values(), ids=str)
def test_every_column_of_ours_can_be_written(table: Table) -> None:
    assert copied(table, [dict.fromkeys(table.c.keys())], "utf-8").endswith(b"\xff\xff")


def test_what_the_server_refuses_is_told_without_the_row(postgres_store: Store) -> None:
    row = {column.name: None for column in patient.c} | {"external_id": "Dana Rivers"}
    with pytest.raises(DBAPIError) as refused, postgres_store.transaction() as tx:
        insert_rows(tx, patient, [row] * FEWEST_TO_STREAM)
    assert "Dana" not in str(refused.value)
