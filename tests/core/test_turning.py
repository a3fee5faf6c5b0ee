"""Turning pages: nothing is skipped, whatever leaves the list between two pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.turning import leaf_at, leaf_from

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 99)), unique=True, max_size=60)


def level(row: tuple[int, int]) -> int:
    return row[0]


def place(row: tuple[int, int]) -> int:
    return row[1]


@pytest.mark.parametrize(
    ("count", "start", "shown", "before", "after"),
    [
        (0, 0, [], None, None),
        (3, 0, [0, 1, 2], None, None),
        (4, 0, [0, 1, 2], None, 3),
        (7, 3, [3, 4, 5], 0, 6),
        (7, 2, [2, 3, 4], 0, 5),
        (7, 6, [6], 3, None),
        (7, 7, [4, 5, 6], 1, None),
        (2, 9, [0, 1], None, None),
    ],
)
def test_a_page_knows_its_place_and_its_neighbours(
    count: int, start: int, shown: list[int], before: int | None, after: int | None
) -> None:
    leaf = leaf_at(range(count), start, 3)
    assert (list(leaf.rows), leaf.before, leaf.after, leaf.count) == (shown, before, after, count)
    assert (leaf.first, leaf.last) == ((shown[0] + 1, shown[-1] + 1) if shown else (0, 0))


@given(ROWS, st.integers(1, 9))
def test_turning_from_the_first_page_shows_every_row_once_in_order(rows: list[tuple[int, int]], room: int) -> None:
    leaf = leaf_from(rows, room, level=level, place=place, opening=None)
    seen, backwards = list(leaf.rows), list(leaf.rows[:0])
    while leaf.after is not None:
        leaf = leaf_from(rows, room, level=level, place=place, opening=leaf.after)
        assert leaf.first == len(seen) + 1
        seen += leaf.rows
    assert seen == sorted(rows)
    while leaf.before is not None:
        leaf = leaf_from(rows, room, level=level, place=place, opening=leaf.before)
        backwards = [*leaf.rows, *backwards]
    assert backwards == sorted(rows)[: len(backwards)]
    assert leaf.first <= 1


@given(ROWS, st.integers(1, 9), st.data())
def test_what_leaves_the_list_makes_no_other_row_be_skipped(
    rows: list[tuple[int, int]], room: int, data: st.DataObject
) -> None:
    first = leaf_from(rows, room, level=level, place=place, opening=None)
    gone = data.draw(st.sets(st.sampled_from(rows))) if rows else set()
    if first.after is None:
        return
    left = [row for row in rows if row not in gone]
    second = leaf_from(left, room, level=level, place=place, opening=first.after)
    behind = sorted(row for row in left if row >= first.after)
    assert list(second.rows) == (behind[:room] or sorted(left)[-room:])
