"""The small language that lexicons are written in, and how it is matched against the words of a phrase.

    stop texting            these words, one after the other
    (stop|quit) texting     one of these; each may be several words
    no [more] texts         a part that may be missing
    no ... texts            up to four words of any kind between
    suicid*                 any word that begins so
    #                       a word that begins with a digit: 7, 20mg, 9:30
    <person>                one of the words that the lexicon lists under [groups]
    ^yes                    only where the phrase begins, apart from greetings and politeness
    please$                 only where the phrase ends, apart from the same
    _                       any one word

A pattern is matched by the set of places it may have come to, word by word: nothing is tried twice, so that the time
a match takes grows with the length of text and pattern only, whatever somebody types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

LEXEME = re.compile(r"<[a-z_]+>|\.\.\.|[()\[\]|^$_#]|[^\s()\[\]|^$]+")
GAP = 4
SHORTEST_BEGINNING = 4
"""Letters that a beginning must have: a shorter one would match half the language."""
PLACEHOLDERS = frozenset({"<email>", "<url>", "<phone>"})
"""What reading puts in place of addresses; they are written like groups."""
TELLING_SIGNS = frozenset("👎🙅❌✖❎🚫⛔🛑🔇✋🤔🤷🤞❓❔💊🔪🔫🪦⚰🚗🚙🏎🚘🚕🚖🚌🚎🚍🚐🚇🚆👍👌✅☑✔🆗💯🙆🤙🫡")
"""Signs that answer, refuse, doubt or warn."""
Places = frozenset[int]
MOST_TEXTS = """
    i im ive id my me we you your it its is are was be been to the a an and of in on at for from this that not no dont
    cant wont have has had do can will just so but up out off am if or with as get got go need want now what when how
    de la el que en y mi se un una por para con lo es su al
"""
COMMON = frozenset(MOST_TEXTS.split())
"""Words that most texts hold: a pattern is better looked for by any other word of it."""
WEIGHT_OF_COMMON = 30
NOWHERE: Places = frozenset()
NO_ROWS: Mapping[str, tuple[tuple[str, ...], ...]] = {}


class PatternError(ValueError):
    """A pattern cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """The words of a phrase, and which of them are politeness."""

    words: tuple[str, ...]
    fillers: frozenset[str]

    def begins(self, place: int) -> bool:
        """Say whether only politeness stands before a place."""
        return all(word in self.fillers or is_mere_sign(word) for word in self.words[:place])

    def ends(self, place: int) -> bool:
        """Say whether only politeness follows from a place on."""
        return all(word in self.fillers or is_mere_sign(word) for word in self.words[place:])


@cache
def is_mere_sign(word: str) -> bool:
    """Say whether a word is an emoji or the like that changes nothing: nobody lists all of them."""
    return word not in TELLING_SIGNS and word not in PLACEHOLDERS and not any(map(str.isalnum, word))


class Part(Protocol):
    """A piece of a pattern."""

    @property
    def needed(self) -> frozenset[str] | None:
        """Return the words of which one must occur; None where nothing must."""

    @property
    def first(self) -> frozenset[str] | None:
        """Return the words that it may begin with; None where it may be any."""

    def reach(self, row: Row, place: int) -> Places:
        """Return the places that a match from `place` on may end at."""


@dataclass(frozen=True, slots=True)
class Words:
    """One of some words, or of some rows of words, which are kept by the word they begin with."""

    needed: frozenset[str]
    single: frozenset[str]
    longer: Mapping[str, tuple[tuple[str, ...], ...]]

    @property
    def first(self) -> frozenset[str]:
        """Return the words that it may begin with: the same that it needs."""
        return self.needed

    def reach(self, row: Row, place: int) -> Places:
        """Return the places after each alternative that stands here."""
        words = row.words
        if place >= len(words) or words[place] not in self.needed:
            return NOWHERE
        found = {place + 1} if words[place] in self.single else set()
        for one in self.longer.get(words[place], ()):
            if words[place : place + len(one)] == one:
                found.add(place + len(one))
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A word that begins with some letters; `needed` holds them with a star."""

    letters: str
    needed: frozenset[str]
    first: None = None

    def reach(self, row: Row, place: int) -> Places:
        """Return the place after such a word."""
        is_here = place < len(row.words) and row.words[place].startswith(self.letters)
        return frozenset({place + 1}) if is_here else NOWHERE


@dataclass(frozen=True, slots=True)
class Number:
    """A word that begins with a digit."""

    needed: None = None
    first: None = None

    def reach(self, row: Row, place: int) -> Places:
        """Return the place after such a word."""
        is_here = place < len(row.words) and row.words[place][0].isdigit()
        return frozenset({place + 1}) if is_here else NOWHERE


@dataclass(frozen=True, slots=True)
class Anything:
    """From `least` to `most` words of any kind."""

    least: int = 1
    most: int = 1
    needed: None = None
    first: None = None

    def reach(self, row: Row, place: int) -> Places:
        """Return every place within reach."""
        return frozenset(range(place + self.least, min(place + self.most, len(row.words)) + 1))


@dataclass(frozen=True, slots=True)
class Edge:
    """The beginning or the end of the phrase, apart from politeness."""

    is_end: bool
    needed: None = None
    first: None = None

    def reach(self, row: Row, place: int) -> Places:
        """Stay where this is the edge."""
        return frozenset({place}) if (row.ends(place) if self.is_end else row.begins(place)) else NOWHERE


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts one after the other."""

    parts: tuple[Part, ...]
    needed: frozenset[str] | None
    first: frozenset[str] | None

    def reach(self, row: Row, place: int) -> Places:
        """Follow every part from wherever the one before may have ended."""
        places = self.parts[0].reach(row, place)
        for part in self.parts[1:]:
            if not places:
                return NOWHERE
            if len(places) == 1:
                (at,) = places
                places = part.reach(row, at)
            else:
                places = NOWHERE.union(*[part.reach(row, at) for at in places])
        return places


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several parts, or with `may_miss` none."""

    parts: tuple[Part, ...]
    may_miss: bool
    needed: frozenset[str] | None
    first: frozenset[str] | None

    def reach(self, row: Row, place: int) -> Places:
        """Return the places that any alternative leads to."""
        found = self.parts[0].reach(row, place)
        for part in self.parts[1:]:
            found |= part.reach(row, place)
        return found | {place} if self.may_miss else found


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of a lexicon. A text without any of `needed` cannot match; `words` are all that it names."""

    part: Part
    needed: frozenset[str]
    words: frozenset[str]

    def matches(self, row: Row) -> list[tuple[int, int]]:
        """Return where it matches, each time as far as it reaches."""
        found: list[tuple[int, int]] = []
        first, place = self.part.first, 0
        if first is not None and first.isdisjoint(row.words):
            return found
        for at, word in enumerate(row.words):
            if at < place or (first is not None and word not in first):
                continue
            end = max(self.part.reach(row, at), default=at)
            if end > at:
                found.append((at, end))
                place = end
        return found


def read_pattern(text: str, groups: Mapping[str, Part]) -> Pattern:
    """Read one pattern. Raises PatternError."""
    reader = _Reader(LEXEME.findall(text), groups, set())
    part = reader.choice()
    if reader.rest:
        raise PatternError(f"{reader.rest[0]!r} closes what nothing opened")
    if not part.needed:
        raise PatternError("no word of it must occur, so that it would match anything")
    return Pattern(part, part.needed, frozenset(reader.words))


def group_part(texts: Sequence[str]) -> Part:
    """Return a list of words or rows of words as a part of patterns."""
    return _one_of([_row_of_words(tuple(text.split())) for text in texts])


@dataclass(slots=True)
class _Reader:
    rest: list[str]
    groups: Mapping[str, Part]
    words: set[str]

    def choice(self, *, may_miss: bool = False) -> Part:
        """Read alternatives up to a closing bracket or the end."""
        options = [self._row()]
        while self.rest and self.rest[0] == "|":
            self.rest.pop(0)
            options.append(self._row())
        return _one_of(options, may_miss=may_miss)

    def _row(self) -> Part:
        parts: list[Part] = []
        while self.rest and self.rest[0] not in {"|", ")", "]"}:
            parts.append(self._item(self.rest.pop(0)))
        if not parts:
            raise PatternError("a part of it is empty")
        return _in_a_row(parts)

    def _item(self, lexeme: str) -> Part:
        if lexeme.isalnum():  # as nearly all are; each of the questions below would be asked a hundred thousand times
            self.words.add(lexeme)
            return _row_of_words((lexeme,))
        match lexeme:
            case "(" | "[":
                return self._bracket(lexeme)
            case "^" | "$":
                return Edge(is_end=lexeme == "$")
            case "...":
                return Anything(least=0, most=GAP)
            case "_":
                return Anything()
            case "#":
                return Number()
            case _:
                return self._word(lexeme)

    def _word(self, lexeme: str) -> Part:
        if lexeme.startswith("<") and lexeme.endswith(">") and lexeme not in PLACEHOLDERS:
            return self._group(lexeme[1:-1])
        if lexeme.endswith("*") and len(lexeme) > SHORTEST_BEGINNING:
            return Beginning(lexeme[:-1], frozenset({lexeme}))
        self.words.add(lexeme)
        return _row_of_words((lexeme,))

    def _bracket(self, opened: str) -> Part:
        part = self.choice(may_miss=opened == "[")
        closed = self.rest.pop(0) if self.rest else ""
        if (opened, closed) not in {("(", ")"), ("[", "]")}:
            raise PatternError(f"{opened!r} is not closed")
        return part

    def _group(self, name: str) -> Part:
        if name not in self.groups:
            raise PatternError(f"there is no group <{name}> in [groups]")
        return self.groups[name]


@cache
def _row_of_words(row: tuple[str, ...]) -> Words:
    needed = frozenset(row[:1])
    return Words(needed, needed, NO_ROWS) if len(row) == 1 else Words(needed, frozenset(), {row[0]: (row,)})


def _in_a_row(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, Words) and len(part.single) == 1 and not part.longer for part in parts):
        return _row_of_words(tuple(word for part in parts if isinstance(part, Words) for word in part.single))
    sure = [part.needed for part in parts if part.needed is not None]
    needed = min(sure, key=_expected) if sure else None
    return Chain(tuple(parts), needed, _first(parts))


def _expected(words: frozenset[str]) -> tuple[int, int]:
    """Return how often some words are to be expected: of what must occur, the rarest is looked for."""
    return len(words) + WEIGHT_OF_COMMON * len(words & COMMON), -max(map(len, words))


def _first(parts: Sequence[Part]) -> frozenset[str] | None:
    """Return the words that parts in a row may begin with, past edges and what may be missing."""
    found: frozenset[str] = frozenset()
    for part in parts:
        if isinstance(part, Edge):
            continue
        if part.first is None:
            return None
        found |= part.first
        if not (isinstance(part, Choice) and part.may_miss):
            return found
    return None


def _one_of(options: Sequence[Part], *, may_miss: bool = False) -> Part:
    if len(options) == 1 and not may_miss:
        return options[0]
    plain = [part for part in options if isinstance(part, Words)]
    rest = [part for part in options if not isinstance(part, Words)]
    merged = [_merged(plain), *rest] if plain else rest
    if len(merged) == 1 and not may_miss:
        return merged[0]
    needed = None if may_miss else _union([part.needed for part in options])
    return Choice(tuple(merged), may_miss, needed, _union([part.first for part in options]))


def _merged(parts: Sequence[Words]) -> Words:
    longer: dict[str, tuple[tuple[str, ...], ...]] = {}
    for part in parts:
        for word, rows in part.longer.items():
            longer[word] = longer.get(word, ()) + rows
    single = frozenset().union(*(part.single for part in parts))
    return Words(frozenset(single | longer.keys()), single, longer)


def _union(sets: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    return None if None in sets else frozenset().union(*(words for words in sets if words is not None))
