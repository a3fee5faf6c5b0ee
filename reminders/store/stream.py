"""Rows as the stream that PostgreSQL's COPY takes in its binary form: the cheapest way into a table, for both sides.

A value is its length and its bytes, so nothing need be escaped, and the server need not read times and ids from text.
Whole columns are written at a time: what is the same in many rows, such as the hour at which texts fall due, is written
once and used again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from struct import Struct
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Float, Integer, LargeBinary, String, Table, Uuid
from sqlalchemy.types import TypeEngine

from reminders.core.instants import as_utc
from reminders.store.types import UtcInstant

BEGINNING = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
COUNT, LENGTH = Struct(">h"), Struct(">i")
FOUR_BYTES, EIGHT_BYTES, DOUBLE = Struct(">ii"), Struct(">iq"), Struct(">id")
SIXTEEN = LENGTH.pack(16)
FALSE, TRUE = LENGTH.pack(1) + b"\0", LENGTH.pack(1) + b"\1"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""From which PostgreSQL counts, in microseconds."""
MICROSECOND = timedelta(microseconds=1)

Writer = Callable[[Any], bytes]


def copied(table: Table, rows: Sequence[Mapping[str, Any]], encoding: str) -> bytes:
    """Return rows of a table, all with the same columns, as one stream; `encoding` is the connection's for texts.

    Raises UnicodeEncodeError for a text that no database takes, NaiveDatetimeError for an instant without a zone.
    """
    names = list(rows[0])
    columns = (_written(_writer(table.c[name].type, encoding), [row[name] for row in rows]) for name in names)
    each = zip(repeat(COUNT.pack(len(names)), len(rows)), *columns, strict=True)
    return b"".join(chain((BEGINNING,), map(b"".join, each), (END,)))


def _written(write: Writer, values: Sequence[Any]) -> Iterable[bytes]:
    """Return a column's values, each written; what recurs is written once.

    Sealed bytes never recur. Ids do as the same object: to compare two of them by their value costs more than to write.
    """
    first = values[0]
    if values[-1] is first and values.count(first) == len(values):
        return repeat(NULL if first is None else write(first), len(values))
    if write is _bytes:
        return [NULL if value is None else write(value) for value in values]
    if write is _uuid:
        places = list(map(id, values))
        each = dict(zip(places, values, strict=True))
        written = {place: NULL if value is None else write(value) for place, value in each.items()}
        return map(written.__getitem__, places)
    known: dict[Any, bytes] = {value: write(value) for value in set(values) if value is not None}
    known[None] = NULL
    return map(known.__getitem__, values)


def _writer(kind: TypeEngine[Any], encoding: str) -> Writer:
    if isinstance(kind, String):  # our words are texts too, to Python and to the database
        return lambda value: _bytes(value.encode(encoding))
    return next(write for base, write in WRITERS if isinstance(kind, base))


def _uuid(value: UUID) -> bytes:
    return SIXTEEN + value.int.to_bytes(16)


def _bytes(value: bytes) -> bytes:
    return LENGTH.pack(len(value)) + value


def _instant(value: datetime) -> bytes:
    return EIGHT_BYTES.pack(8, (as_utc(value) - EPOCH) // MICROSECOND)


WRITERS: tuple[tuple[type[TypeEngine[Any]], Writer], ...] = (
    (Uuid, _uuid),
    (UtcInstant, _instant),
    (LargeBinary, _bytes),
    (Boolean, lambda value: TRUE if value else FALSE),
    (BigInteger, lambda value: EIGHT_BYTES.pack(8, value)),
    (Integer, lambda value: FOUR_BYTES.pack(4, value)),
    (Float, lambda value: DOUBLE.pack(8, value)),
    (Date, lambda value: FOUR_BYTES.pack(4, value.toordinal() - EPOCH.toordinal())),
)
"""How a value of each type that our tables have is written, texts apart."""
