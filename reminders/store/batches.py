"""Long lists of values, cut to what one statement takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
MOST_VALUES = 500
"""Well below the number of variables that either database takes in one statement."""


def in_batches(values: Iterable[T], size: int = MOST_VALUES) -> Iterator[list[T]]:
    """Yield the values in lists of at most `size`."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
