"""Slips of the thumb: a word that is none, one letter away from a word that is looked for."""

from __future__ import annotations

from collections.abc import Iterator

SHORTEST = 5
"""Letters that a word must have to be corrected: shorter ones have too many neighbours."""


class Typos:
    """Finds the word that was meant. Words that exist are never corrected, however close they are."""

    def __init__(self, wanted: frozenset[str], existing: frozenset[str]) -> None:
        self._existing = existing
        self._by_gap: dict[str, list[str]] = {}
        for word in sorted(wanted):
            if len(word) >= SHORTEST and word.isalpha():
                for gap in {word, *_gaps(word)}:
                    self._by_gap.setdefault(gap, []).append(word)

    def meant(self, word: str) -> str | None:
        """Return the word that this one is a slip of, or None."""
        if len(word) < SHORTEST or not word.isalpha() or word in self._existing:
            return None
        near = {found for gap in (word, *_gaps(word)) for found in self._by_gap.get(gap, ())}
        # Where several are as close, the one with the same first letter, then the first by name: always the same one.
        close = sorted(
            (found for found in near if is_close(word, found)), key=lambda found: (found[0] != word[0], found)
        )
        return close[0] if close else None


def _gaps(word: str) -> Iterator[str]:
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def is_close(one: str, other: str) -> bool:
    """Say whether a letter was added, left out, changed, or swapped with its neighbour."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return one == other
    start = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    rest, its_rest = one[start:], other[start:]
    return (
        rest[1:] == its_rest[1:]
        or rest[1:] == its_rest
        or rest == its_rest[1:]
        or (rest[:2] == its_rest[1::-1] and rest[2:] == its_rest[2:])
    )
