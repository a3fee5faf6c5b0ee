"""Meanings that no row of words carries, but words far apart do: pills and saving them up, a jaw and sweat.

A net has parts; each is a list of patterns, of which one must match. Where every part is found within a stretch of
words, in whatever order and across commas and full stops, the text means what the net says. So a few classes of words
know thousands of wordings that nobody listed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product

from reminders.core.replies.intents import Intent
from reminders.core.replies.patterns import Pattern, Row

WITHIN = 10
"""Words that may lie between the first and the last part, where a net says nothing else."""
MOST_PLACES = 6
"""Places of one part that are tried: who repeats a word more often says no more by it."""
Span = tuple[int, int]
Hooks = tuple[frozenset[str], tuple[str, ...]]
"""The words, and the beginnings of words, of which a text must hold one for a part to be found in it."""


@dataclass(frozen=True, slots=True, repr=False)
class Net:
    """What some classes of words mean together.

    `without`: words with which it means nothing. `within`: the stretch of words that holds all parts. `is_told`: not
    where any part is asked. `is_last`: only where the text says nothing else that this could be about.
    """

    id: str
    intent: Intent
    parts: tuple[tuple[Pattern, ...], ...]
    without: tuple[Pattern, ...]
    within: int
    is_told: bool
    is_last: bool
    examples: tuple[str, ...]
    near: tuple[str, ...]
    hooks: tuple[Hooks, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Gather what each part hangs on: nearly every net is let go by that, before any pattern of it is tried."""
        object.__setattr__(self, "hooks", tuple(_hooks(part) for part in self.parts))

    @property
    def words(self) -> frozenset[str]:
        """Return every word that its patterns name."""
        return frozenset(word for part in (*self.parts, self.without) for pattern in part for word in pattern.words)

    def caught(self, row: Row, words: Collection[str], counts: Callable[[int, int], bool]) -> Span | None:
        """Return the stretch that holds all parts, of those matches that count."""
        if not all(_hangs_on(hooks, words) for hooks in self.hooks):
            return None
        places: list[list[Span]] = []
        for part in self.parts:
            found = [(start, end) for start, end in _places(part, row, words) if counts(start, end)]
            if not found:
                return None
            places.append(found[:MOST_PLACES])
        if any(True for _ in _places(self.without, row, words)):
            return None
        return max(self._stretches(places), key=lambda stretch: stretch[1] - stretch[0], default=None)

    def _stretches(self, places: Sequence[Sequence[Span]]) -> Iterator[Span]:
        for chosen in product(*places):
            first, last = min(start for start, _ in chosen), max(end for _, end in chosen)
            if last - first <= self.within and len({start for start, _ in chosen}) == len(chosen):
                yield first, last


def _hooks(patterns: Sequence[Pattern]) -> Hooks:
    needed = frozenset().union(*(pattern.needed for pattern in patterns))
    return frozenset(word for word in needed if not word.endswith("*")), _beginnings(needed)


def _hangs_on(hooks: Hooks, words: Collection[str]) -> bool:
    whole, letters = hooks
    return not whole.isdisjoint(words) or (bool(letters) and any(word.startswith(letters) for word in words))


def _places(patterns: Sequence[Pattern], row: Row, words: Collection[str]) -> Iterator[Span]:
    for pattern in patterns:
        if not pattern.needed.isdisjoint(words) or _has_beginning(pattern.needed, words):
            yield from pattern.matches(row)


def _has_beginning(needed: frozenset[str], words: Collection[str]) -> bool:
    letters = _beginnings(needed)
    return bool(letters) and any(word.startswith(letters) for word in words)


@cache
def _beginnings(needed: frozenset[str]) -> tuple[str, ...]:
    return tuple(word[:-1] for word in sorted(needed) if word.endswith("*"))
