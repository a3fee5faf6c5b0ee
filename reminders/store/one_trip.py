"""One trip: several questions that are asked at the same moment, answered by one statement.

A trip to the database costs as much as what a small question reads.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, cast, literal, null, union_all

from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class _Part:
    """Where the columns of one question stand in each row, and what a row of it is called by."""

    name: str
    row: Any
    columns: slice


class OneTrip:
    """Questions whose rows come side by side: each fills the columns of its own and leaves those of the others null."""

    def __init__(self, questions: Mapping[str, Select[Any]]) -> None:
        """Put them together, none of them with an order: there is none among rows of several questions."""
        columns = [column for question in questions.values() for column in question.selected_columns]
        self._parts: list[_Part] = []
        asked = []
        first = 0
        for place, (name, question) in enumerate(questions.items()):
            keys = [str(column.key) for column in question.selected_columns]
            last = first + len(keys)
            row = namedtuple("row", keys)  # type: ignore[misc] # noqa: PYI024 - a column may be of any type
            self._parts.append(_Part(name, row, slice(first + 1, last + 1)))
            shown = [
                (column if first <= at < last else cast(null(), column.type)).label(f"c{at}")
                for at, column in enumerate(columns)
            ]
            asked.append(question.with_only_columns(literal(place, Integer).label("part"), *shown))
            first = last
        self._statement = union_all(*asked)

    def ask(self, tx: Transaction, given: Mapping[str, object]) -> Mapping[str, Sequence[Any]]:
        """Return the rows of each question by its name; all of them are given the same parameters."""
        found: dict[str, list[Any]] = {part.name: [] for part in self._parts}
        for answer in tx.connection.execute(self._statement, given).all():
            part = self._parts[answer.part]
            found[part.name].append(part.row._make(answer[part.columns]))
        return found
