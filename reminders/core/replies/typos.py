"""Slips of the thumb: a word one letter away from one that is looked for; words spelt by ear; and familiar endings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

SHORTEST = 5
"""Letters that a word must have to be corrected: shorter ones have too many neighbours."""
SHORTEST_HEARD = 3
"""The same for words that are spelt by ear."""


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


class Sounds:
    """Finds the word that sounds like one that does not exist: "canselar", "yeva", "ermano".

    `rules` turn letters that are heard alike into one, in their order. Of words that sound the same, the first known
    is meant.
    """

    def __init__(self, rules: Mapping[str, str], known: Iterable[str], existing: frozenset[str]) -> None:
        self._rules = [(re.compile(letters), heard) for letters, heard in rules.items()]
        self._existing = existing
        self._by_sound: dict[str, str] = {}
        for word in known if self._rules else ():
            self._by_sound.setdefault(self._sound(word), word)

    def meant(self, word: str) -> str:
        """Return the word that is meant: itself where it exists or sounds like none."""
        if not self._rules or len(word) < SHORTEST_HEARD or not word.isalpha() or word in self._existing:
            return word
        return self._by_sound.get(self._sound(word), word)

    def _sound(self, word: str) -> str:
        for letters, heard in self._rules:
            word = letters.sub(heard, word)
        return word


class Endings:
    """Finds the word under an ending that changes no meaning: "mensajitos", "rapidisimo", "mareao", "hinchadas".

    `rules` give for an ending what may stand in its place; the first known word is meant.
    """

    def __init__(self, rules: Mapping[str, Iterable[str]], known: frozenset[str], existing: frozenset[str]) -> None:
        self._rules = [(re.compile(f"(?:{ending})$"), tuple(others)) for ending, others in rules.items()]
        self._known = known
        self._existing = existing

    def meant(self, word: str) -> str | None:
        """Return the word that is meant, or None; words that exist are what they are."""
        if len(word) < SHORTEST or word in self._existing:
            return None
        bare = ((ending.sub("", word), others) for ending, others in self._rules if ending.search(word))
        # The less is taken away the surer: "mareito" is "mareo", not "mar".
        longest = sorted(bare, key=lambda pair: -len(pair[0]))
        found = (stem + other for stem, others in longest if len(stem) >= SHORTEST_HEARD for other in others)
        return next((one for one in found if one in self._known), None)


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
