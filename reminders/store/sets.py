"""Many rows in one statement: lists of values, and rows to change.

SQLite runs one prepared statement for each row, which costs it nothing. PostgreSQL takes whole columns as arrays: one
text for any number of rows, so that neither side parses it again, and one trip there and back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    Table,
    Update,
    any_,
    bindparam,
    column,
    func,
    literal,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from reminders.store.unit_of_work import Transaction

Given = Mapping[str, ColumnElement[Any]]
"""What is given for each row, by name, as it stands in the statement."""


def among(tx: Transaction, of: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of these values."""
    if tx.is_postgres:
        return of == any_(literal(list(values), array_of(of.type)))
    return of.in_(values)


def listed(of: ColumnElement[Any], name: str, *, is_postgres: bool) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the values given under a name: for statements made once.

    To make one anew for each call, and to find out that it is the same as the last, costs as much as to run it.
    """
    if is_postgres:
        return of == any_(bindparam(name, type_=array_of(of.type)))
    return of.in_(bindparam(name, expanding=True))


def picked(given: Given, *names: str) -> dict[str, ColumnElement[Any]]:
    """Return some of what is given, to be stored as it is."""
    return {name: given[name] for name in names}


class Changes:
    """An update of many rows, each by its key and with values of its own."""

    def __init__(
        self,
        table: Table,
        key: str,
        given: Mapping[str, Any],
        where: Callable[[Given], ColumnElement[bool]],
        values: Callable[[Given], Mapping[str, Any]],
    ) -> None:
        """Prepare it. `given` names what is given for each row besides its `key`, with the types."""
        self._table = table
        types = {key: table.c[key].type, **given}
        source = unnested(table, types)
        bound: Given = {name: bindparam(_bound(name), type_=kind) for name, kind in types.items()}
        self._at_once = self._statement(key, {name: source.c[name] for name in types}, where, values)
        self._one_by_one = self._statement(key, bound, where, values)

    def apply(self, tx: Transaction, rows: Sequence[Mapping[str, Any]], **common: object) -> None:
        """Change the rows. `common` are parameters that all of them share, which the statement names itself."""
        if not rows:
            return
        if tx.is_postgres:
            tx.connection.execute(self._at_once, {**in_columns(rows), **common})
        else:
            each = [{_bound(name): value for name, value in row.items()} | common for row in rows]
            tx.connection.execute(self._one_by_one, each)

    def _statement(
        self,
        key: str,
        given: Given,
        where: Callable[[Given], ColumnElement[bool]],
        values: Callable[[Given], Mapping[str, Any]],
    ) -> Update:
        return update(self._table).where(self._table.c[key] == given[key], where(given)).values(**values(given))


def array_of(kind: TypeEngine[Any]) -> ARRAY[Any]:
    """Return the type of a list of such values. Of texts no length is told: a cast to one would cut them silently."""
    return ARRAY(String() if type(kind) is String else kind)


def unnested(table: Table, types: Mapping[str, Any]) -> FromClause:
    """Return columns that are given as arrays, as a table to select from."""
    arrays = [bindparam(_bound(name), type_=array_of(kind)) for name, kind in types.items()]
    columns = [column(name, kind) for name, kind in types.items()]
    return func.unnest(*arrays).table_valued(*columns, name=f"given_{table.name}").render_derived()


def in_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return rows as the parameters that `unnested` takes."""
    return {_bound(name): [row[name] for row in rows] for name in rows[0]}


def _bound(name: str) -> str:
    """Return the name of a parameter: never that of a column, which an update would set."""
    return f"b_{name}"
