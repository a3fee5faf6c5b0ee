"""Differences of two documents: every value that one has and the other has not, or has otherwise, by its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ABSENT = None
"""What stands for a value that is not there; no value of a clinic's file is None."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value under its path, such as `window.saturday`: before and after, None where it is not there."""

    path: str
    before: Any
    after: Any


def document_diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return what differs, in the order of the paths; a list is one value."""
    olds, news = dict(_values(before)), dict(_values(after))
    return [
        Difference(".".join(path), olds.get(path, ABSENT), news.get(path, ABSENT))
        for path in sorted(olds.keys() | news.keys())
        if olds.get(path, ABSENT) != news.get(path, ABSENT)
    ]


def _values(document: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _values(value, (*path, key))
        else:
            yield (*path, key), value
