"""One trip: several questions that are asked at the same moment, or one right after the other, by one statement.

A trip to the database costs as much as what a small question reads.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    cast,
    func,
    literal_column,
    null,
    select,
    text,
    union_all,
)

from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

NOTHING: Any = text("NULL")


@dataclass(frozen=True, slots=True)
class _Part:
    """One question: its place among them, and how a row of it is made of a row of the answer."""

    name: str
    make: Callable[[Sequence[Any]], Any]
    pick: Callable[[Any], Any]


class OneTrip:
    """Questions whose rows come in one list: each fills columns that others of the same types fill too."""

    def __init__(self, questions: Mapping[str, Select[Any]]) -> None:
        """Put them together, none of them with an order: there is none among rows of several questions."""
        shown = {name: list(question.selected_columns) for name, question in questions.items()}
        places = {name: _places(columns) for name, columns in shown.items()}
        kinds = {key: column.type for name in questions for key, column in zip(places[name], shown[name], strict=True)}
        numbers = {key: number for number, key in enumerate(kinds, start=1)}
        self._parts: list[_Part] = []
        asked = []
        for part, (name, question) in enumerate(questions.items()):
            mine = dict(zip(places[name], shown[name], strict=True))
            # The first says what each column is called and holds; the driver reads a long statement anew at each trip.
            columns = (
                [mine.get(key, NOTHING) for key in kinds]
                if part
                else [mine.get(key, cast(null(), kind)).label(f"c{numbers[key]}") for key, kind in kinds.items()]
            )
            asked.append(question.with_only_columns(literal_column(str(part), Integer).label("part"), *columns))
            row: Any = namedtuple("row", [str(column.key) for column in shown[name]])  # type: ignore[misc] # noqa: PYI024 - a column may be of any type
            self._parts.append(_Part(name, row._make, itemgetter(*(numbers[key] for key in mine))))
        self._statement = union_all(*asked)

    def ask(self, tx: Transaction, given: Mapping[str, object]) -> Mapping[str, Sequence[Any]]:
        """Return the rows of each question by its name; all of them are given the same parameters."""
        found: dict[str, list[Any]] = {part.name: [] for part in self._parts}
        for answer in tx.connection.execute(self._statement, given).all():
            part = self._parts[answer[0]]
            found[part.name].append(part.make(part.pick(answer)))
        return found


def _places(columns: Sequence[ColumnElement[Any]]) -> list[tuple[str, int]]:
    """Return for each column its type, and how many of that type stand before it in its question."""
    so_far: dict[str, count[int]] = {}
    kinds = [repr(column.type) for column in columns]
    return [(kind, next(so_far.setdefault(kind, count()))) for kind in kinds]


def in_turn(questions: Mapping[str, Select[Any]]) -> dict[str, Select[Any]]:
    """Return questions that lock what they find so that each waits until the one before it holds all of its own.

    No order is promised among parts of a statement, but one that asks how many rows another found must wait for them.
    """
    found: dict[str, Select[Any]] = {}
    before: ColumnElement[int] | None = None
    for name, question in questions.items():
        held = (question if before is None else question.where(before >= plain(0))).cte(name)
        before = select(func.count()).select_from(held).scalar_subquery()
        found[name] = select(*held.c)
    return found
