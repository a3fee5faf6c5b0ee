"""Turning pages: which rows of a list that is too long for one page stand on it, and where its neighbours begin.

A page begins with a row, not with a number: what left the list since, or joined it, moves no other row past the reader.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

_Row = TypeVar("_Row")
_Key = Callable[[_Row], Any]
"""What rows are put in order by."""


@dataclass(frozen=True, slots=True)
class Leaf(Generic[_Row]):
    """One page of a list of `count` rows. `first` is the place of its first row, counted from 1, and 0 without rows.

    `before` and `after` are the rows with which the pages beside it begin; None where there is no such page.
    """

    rows: Sequence[_Row]
    first: int
    count: int
    before: _Row | None
    after: _Row | None

    @property
    def last(self) -> int:
        """The place of its last row."""
        return self.first + len(self.rows) - 1 if self.rows else 0


def leaf_at(rows: Sequence[_Row], start: int, room: int) -> Leaf[_Row]:
    """Return the page of so many rows that begins at an index; the last page where that lies behind all."""
    begin = start if start < len(rows) else max(0, len(rows) - room)
    end = begin + room
    return Leaf(
        rows=rows[begin:end],
        first=begin + 1 if rows else 0,
        count=len(rows),
        before=rows[max(0, begin - room)] if begin else None,
        after=rows[end] if end < len(rows) else None,
    )


def leaf_from(
    rows: Sequence[_Row], room: int, *, level: _Key[_Row], place: _Key[_Row], opening: _Row | None
) -> Leaf[_Row]:
    """Return the page that begins with a row, or with what took its place where it has left; the first for None.

    `level` orders coarsely and is cheap; `place` orders the rows of one level, of as many levels as the page needs.
    """
    ordered: list[_Row] = []
    start = 0 if opening is None else None
    for its, group in groupby(sorted(rows, key=level), key=level):
        same = list(group)
        if start is None or len(ordered) <= start + room:
            same.sort(key=place)
        if start is None and opening is not None and its >= level(opening):
            start = len(ordered) + (bisect_left(same, place(opening), key=place) if its == level(opening) else 0)
        ordered += same
    return leaf_at(ordered, len(ordered) if start is None else start, room)
