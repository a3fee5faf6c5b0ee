"""Many lives from one: what a clinic lived through, copied into earlier weeks with other people and the same words.

A lived fortnight costs minutes, years of it seconds. Each copy has ids, addresses and keys of its own, its sealed
fields are sealed anew (they open for their own row only), and its instants lie so much earlier.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Uuid, insert, select

from reminders.store import rows
from reminders.store.unit_of_work import Store

SHARED = frozenset(
    {
        *(
            "clinic",
            "clinic_version",
            "staff",
            "staff_role",
            "staff_invitation",
            "staff_session",
            "api_key",
            "api_answer",
        ),
        *("circuit", "token_bucket", "heartbeat", "canary", "schedule_file", "audit_event"),
    }
)
"""Tables of the installation, not of what was lived in it."""
HASHED = ("_index", "_hash")
TOKENS = frozenset({"token"})
"""Numbers that stay: whoever has the same name at the same clinic is found by the same ones."""
KEYS = frozenset({"external_id", "provider_id", "request_key", "key", "task_key"})
"""Texts that differ between any two rows of a clinic."""
NUMBER_AT = 80
"""The bits of an id that a copy's number changes: those of our own ids that hold a time far from any."""
AT_ONCE = 20_000


def copy_into_the_past(store: Store, *, copies: int, every: timedelta) -> None:
    """Copy all that was lived so many times, each `every` earlier than the one before."""
    lived = {table: _read(store, table) for table in rows.metadata.sorted_tables if table.name not in SHARED}
    for number in range(1, copies + 1):
        for table, found in lived.items():
            made = [_copied(store, table, row, number, earlier=every * number, opened=opened) for row, opened in found]
            for some in _chunks(made):
                _write(store, table, some)


def _read(store: Store, table: Table) -> list[tuple[Mapping[str, Any], Mapping[str, str]]]:
    """Return the rows of a table, each with what its sealed fields say."""
    with store.reading() as tx:
        found = tx.connection.execute(select(table).order_by(*table.primary_key)).mappings().all()
    sealed = [column for column in table.c if _is_sealed(column)]
    return [
        (dict(row), {c.name: _open(store, table, c, dict(row)) for c in sealed if row[c.name] is not None})
        for row in found
    ]


def _open(store: Store, table: Table, column: Column[Any], row: Mapping[str, Any]) -> str:
    return store.vault.open(f"{table.name}.{column.name}", row["id"], row[column.name])


def _copied(
    store: Store,
    table: Table,
    row: Mapping[str, Any],
    number: int,
    *,
    earlier: timedelta,
    opened: Mapping[str, str],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in table.c:
        value = row[column.name]
        if column.name in opened:
            place = f"{table.name}.{column.name}"
            found[column.name] = store.vault.seal(place, found["id"], opened[column.name])
        else:
            found[column.name] = None if value is None else _other(column, value, number, earlier)
    return found


def _other(column: Column[Any], value: Any, number: int, earlier: timedelta) -> Any:  # noqa: ANN401 - any column
    if isinstance(column.type, Uuid):
        is_shared = any(key.column.table.name in SHARED for key in column.foreign_keys)
        return value if is_shared else UUID(int=value.int ^ number << NUMBER_AT)
    if isinstance(value, datetime):
        return value - earlier
    if isinstance(value, date):
        return value - timedelta(days=earlier.days)
    if column.name.endswith(HASHED):
        return hashlib.sha256(value + number.to_bytes(4)).digest()
    if isinstance(column.type, BigInteger) and column.name not in TOKENS:
        return value + number * 10_000_000
    if column.name in KEYS:
        return f"{value}~{number}"
    return value


def _is_sealed(column: Column[Any]) -> bool:
    return isinstance(column.type, LargeBinary) and not column.name.endswith(HASHED)


def _chunks(made: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(made), AT_ONCE):
        yield made[start : start + AT_ONCE]


def _write(store: Store, table: Table, made: Sequence[Mapping[str, Any]]) -> None:
    if store.engine.dialect.name != "postgresql":
        with store.transaction() as tx:
            tx.connection.execute(insert(table), list(made))
        return
    names = ", ".join(f'"{name}"' for name in made[0])
    statement = f'COPY "{table.name}" ({names}) FROM STDIN'
    with store.transaction() as tx:
        driver: Any = tx.connection.connection
        with driver.cursor() as cursor, cursor.copy(statement) as copying:
            for row in made:
                copying.write_row(tuple(row.values()))
