"""The words that replies are read by: data beside this module, checked when they are loaded.

A lexicon has `[groups]` (words that patterns name together), `[spellings]` (how people write a word), `[numbers]` and
entries. An entry says what its patterns mean: an `intent`, or a `mark` for what is no intent itself but changes the
meaning of what stands beside it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

from reminders.core.cadences import QuestionKind
from reminders.core.replies.intents import Intent
from reminders.core.replies.nets import WITHIN, Net
from reminders.core.replies.patterns import (
    LEXEME,
    SHORTEST_BEGINNING,
    Part,
    Pattern,
    PatternError,
    group_part,
    read_pattern,
)
from reminders.core.replies.typos import Endings, Sounds, Typos

T = TypeVar("T", bound=StrEnum)
Spellings = Mapping[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]
"""By the first word: how people write some words, longest first, and how they are compared."""
WORD = re.compile(r"[^\W\d_]+")
SIGNS = frozenset("()[]|^$_#")
"""What is no word in a pattern."""
QUOTED = r"""["'\u00ab].{0,1600}?(?:["'\u00bb]|\.)$"""
"""A closed quotation that ends a text, or one that was cut short: an ellipsis is read as a full stop."""
LANGUAGES = ("en", "es")
FILES = {"en": ("en", "en_nets"), "es": ("es", "es_nets")}
"""The files that each language is written in."""
SHARED = "any"
UNASKED = "nothing"
FIELDS = frozenset(
    {"id", "intent", "mark", "patterns", "examples", "near", "under", "survives", "whole", "bare", "instead", "guards"}
)
FIELDS_OF_NETS = frozenset({"id", "intent", "parts", "without", "within", "told", "last", "examples", "near"})
FUZZY = frozenset({Intent.CONFIRM, Intent.RESCHEDULE, Intent.OPT_OUT, Intent.RED_FLAG, Intent.LATE, Intent.SYMPTOM})
"""Intents towards which a slip of the thumb may be corrected: nothing is lost by them. Never 'cancel the visit'."""


class Mark(StrEnum):
    """What words may do other than mean an intent."""

    YES = "yes"  # an answer to whatever is open
    OK = "ok"  # the same, but mere politeness beside anything else
    NO = "no"
    CODE = "code"  # the letter that our texts ask for, to confirm
    THANKS = "thanks"
    CHATTER = "chatter"  # greetings and the like: nothing to understand
    NOTHING = "nothing"  # a turn of phrase whose words must not be taken one by one
    GUARD = "guard"  # the same, but only for the intents that it guards against
    IDIOM = "idiom"  # a red flag's words in a turn of phrase
    ASKED = "asked"  # begins a question
    CONDITIONAL = "conditional"  # what stands beside it may not happen
    HEDGE = "hedge"  # what stands beside it is not sure
    GUESS = "guess"  # what stands beside it is thought, hoped or told, not known
    ZERO = "zero"  # a score of nothing
    TAG = "tag"  # asks whether what was said before it is all right
    ASIDE = "aside"  # tells of something else than the visit, so that a "yes" before it answers that
    PROXY = "proxy"  # somebody writes for the patient


class Mood(StrEnum):
    """What may stand between words and their meaning; an entry says which of these it survives."""

    ASKED = "asked"
    CONDITIONAL = "conditional"
    HEDGED = "hedged"
    GUESSED = "guessed"
    NEGATED = "negated"


class LexiconError(ValueError):
    """A lexicon cannot be used; the message names the file, the entry and what would be right."""


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """What a handful of patterns mean, with texts that prove it.

    `under`: only where this was asked, or nothing (None; empty: always). `is_whole`: only of a text that holds
    nothing else but politeness; `is_bare`: only of one that holds nothing else at all. `survives`: the moods that
    leave its meaning (None: what is usual for its intent). `near`: texts that look alike and do not mean it.
    `guards`: the intents that a guard takes its words from. `instead`: what an idiom says, or a red
    flag that is clearly denied ("no chest pain").
    """

    id: str
    means: Intent | Mark
    patterns: tuple[Pattern, ...]
    examples: tuple[str, ...]
    near: tuple[str, ...]
    under: frozenset[QuestionKind | None]
    survives: frozenset[Mood] | None
    is_whole: bool
    is_bare: bool
    instead: Intent | None
    guards: frozenset[Intent]


@dataclass(frozen=True, slots=True, repr=False)
class Lexicon:
    """All that is known of one language, with the shared part; and by which word each pattern is found."""

    language: str
    entries: tuple[Entry, ...]
    nets: tuple[Net, ...]
    spellings: Spellings
    numbers: Mapping[str, int]
    groups: Mapping[str, frozenset[str]]
    vocabulary: frozenset[str]
    by_word: Mapping[str, tuple[tuple[Entry, Pattern], ...]]
    by_beginning: Mapping[str, tuple[tuple[Entry, Pattern], ...]]
    typos: Typos
    sounds: Sounds
    endings: Endings

    @property
    def pain(self) -> frozenset[str]:
        """Return the words that speak of pain."""
        return self.groups["pain"]

    @property
    def before_score(self) -> frozenset[str]:
        """Return the words that lead up to a score: "I'd call it a"."""
        return self.groups["before_score"]

    @property
    def after_score(self) -> frozenset[str]:
        """Return the words that may follow a score; any other is what a number counts."""
        return self.groups["after_score"]

    def candidates(self, words: Iterable[str]) -> list[tuple[Entry, Pattern]]:
        """Return the patterns that words may match, each once."""
        found: dict[int, tuple[Entry, Pattern]] = {}
        for word in words:
            for pair in self.by_word.get(word, ()):
                found[id(pair[1])] = pair
            for pair in self.by_beginning.get(word[:SHORTEST_BEGINNING], ()):
                found[id(pair[1])] = pair
        return list(found.values())


@cache
def lexicon(language: str) -> Lexicon:
    """Return a language's lexicon together with the shared one. Raises LexiconError."""
    others = frozenset(
        word
        for other in LANGUAGES
        if other != language
        for file in FILES[other]
        for word in WORD.findall(_text(f"{file}.toml"))
    )
    documents = [(language, load(file)) for file in FILES[language]]
    return build(language, [(SHARED, load(SHARED)), *documents], _real_words() | others)


def build(language: str, documents: Sequence[tuple[str, Mapping[str, Any]]], real_words: frozenset[str]) -> Lexicon:
    """Make a lexicon of documents. Raises LexiconError."""
    groups: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, int] = {}
    variants: dict[tuple[str, ...], tuple[str, ...]] = {}
    heard: dict[str, str] = {}
    endings: dict[str, Sequence[str]] = {}
    for file, document in documents:
        groups |= {name: _texts(f"{file}.toml", name, words) for name, words in document.get("groups", {}).items()}
        numbers |= document.get("numbers", {})
        heard |= document.get("sounds", {})
        endings |= document.get("endings", {})
        for right, wrong in document.get("spellings", {}).items():
            # What is spelt right stays: "ahi nos vemos" has the slip "nos vemos" in it.
            variants.setdefault(tuple(right.split()), tuple(right.split()))
            for text in _texts(f"{file}.toml", right, wrong):
                variants[tuple(text.split())] = tuple(right.split())
    spellings = _by_first_word(variants)
    groups = {name: (*texts, *(_respelt(text, spellings) for text in texts)) for name, texts in groups.items()}
    parts = {name: group_part(texts) for name, texts in groups.items()}
    entries = [_entry(file, row, parts, spellings) for file, document in documents for row in document.get("entry", ())]
    _refuse_doubles(entries)
    nets = [_net(file, row, parts, spellings) for file, document in documents for row in document.get("net", ())]
    words = _words_of(entries, nets) | set(numbers) | {word for right in variants.values() for word in right}
    words |= {word for texts in groups.values() for text in texts for word in text.split()}
    typed = {word for wrong in variants for word in wrong}
    return Lexicon(
        language=language,
        entries=tuple(entries),
        nets=tuple(nets),
        spellings=spellings,
        numbers=MappingProxyType(numbers),
        groups=MappingProxyType({name: frozenset(texts) for name, texts in groups.items()}),
        vocabulary=frozenset(words),
        by_word=_index(entries, lambda word: None if word.endswith("*") else word),
        by_beginning=_index(entries, lambda word: word[:-1][:SHORTEST_BEGINNING] if word.endswith("*") else None),
        typos=Typos(_correctable(entries), frozenset(words | typed) | real_words),
        sounds=Sounds(heard, (*sorted(words), *sorted(typed)), frozenset(words | typed) | real_words),
        endings=Endings(endings, frozenset(words | typed), frozenset(words | typed) | real_words),
    )


def _words_of(entries: Sequence[Entry], nets: Sequence[Net]) -> set[str]:
    """Return the words that entries and nets look for."""
    found = {word for entry in entries for pattern in entry.patterns for word in pattern.words}
    return found | {word for net in nets for word in net.words}


@cache
def shared_texts(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the expressions of whole texts that phones write, by the rule that each stands for."""
    rows = load(SHARED)[table]
    return tuple((rule, re.compile(row["text"].replace("QUOTED", QUOTED), re.DOTALL)) for rule, row in rows.items())


def load(name: str) -> Mapping[str, Any]:
    """Return a lexicon's file as it stands. Raises LexiconError."""
    try:
        return tomllib.loads(_text(f"{name}.toml"))
    except tomllib.TOMLDecodeError as error:
        raise LexiconError(f"{name}.toml: {error}") from error


def _text(file: str) -> str:
    return files(__package__).joinpath("lexicons", file).read_text(encoding="utf-8")


def _real_words() -> frozenset[str]:
    lines = _text("real_words.txt").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _entry(file: str, row: Mapping[str, Any], groups: Mapping[str, Part], spellings: Spellings) -> Entry:
    name = row.get("id", "")
    where = f"{file}.toml, entry {name or row!r}"
    if not re.fullmatch(r"[a-z0-9_.]+", name):
        raise LexiconError(f"{where}: `id` must be small letters, digits, dots and underscores, such as 'breathing'")
    if unknown := sorted(row.keys() - FIELDS):
        raise LexiconError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(sorted(FIELDS))}")
    means = _meaning(where, row)
    examples = _texts(where, "examples", row.get("examples"))
    prefix = f"{file}.{means}." if isinstance(means, Intent) else f"{file}."
    survives = row.get("survives")
    return Entry(
        id=f"{prefix}{name}",
        means=means,
        patterns=tuple(
            _pattern(where, _respelt(text, spellings), groups)
            for text in _texts(where, "patterns", row.get("patterns"))
        ),
        examples=examples,
        near=tuple(row.get("near", ())),
        under=_asked(where, row.get("under", ())),
        survives=None if survives is None else _members(where, "survives", Mood, survives),
        is_whole=bool(row.get("whole")),
        is_bare=bool(row.get("bare")),
        guards=_members(where, "guards", Intent, row.get("guards", ())),
        instead=Intent(row["instead"]) if "instead" in row else None,
    )


def _net(file: str, row: Mapping[str, Any], groups: Mapping[str, Part], spellings: Spellings) -> Net:
    name = row.get("id", "")
    where = f"{file}.toml, net {name or row!r}"
    if unknown := sorted(row.keys() - FIELDS_OF_NETS):
        raise LexiconError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(sorted(FIELDS_OF_NETS))}")
    [intent] = _members(where, "intent", Intent, [row.get("intent", "")])

    def read(texts: Sequence[str]) -> tuple[Pattern, ...]:
        return tuple(_pattern(where, _respelt(text, spellings), groups) for text in texts)

    return Net(
        id=f"{file}.{intent}.{name}",
        intent=intent,
        parts=tuple(read(_texts(where, "parts", part)) for part in row.get("parts", [])),
        without=read(row.get("without", ())),
        within=row.get("within", WITHIN),
        is_told=bool(row.get("told")),
        is_last=bool(row.get("last")),
        examples=_texts(where, "examples", row.get("examples")),
        near=tuple(row.get("near", ())),
    )


def _meaning(where: str, row: Mapping[str, Any]) -> Intent | Mark:
    if ("intent" in row) == ("mark" in row):
        raise LexiconError(f"{where}: give it either an `intent` or a `mark`")
    kind: type[Intent | Mark] = Intent if "intent" in row else Mark
    [meaning] = _members(where, "intent" if "intent" in row else "mark", kind, [row.get("intent") or row["mark"]])
    return meaning


def _asked(where: str, words: Sequence[str]) -> frozenset[QuestionKind | None]:
    """Return the questions under which an entry counts; the word "nothing" stands for none."""
    kinds = _members(where, "under", QuestionKind, [word for word in words if word != UNASKED])
    return kinds | {None} if UNASKED in words else kinds


def _members(where: str, name: str, kind: type[T], words: Sequence[str]) -> frozenset[T]:
    try:
        return frozenset(kind(word) for word in words)
    except ValueError as error:
        raise LexiconError(f"{where}: {name}: {error}; known are {', '.join(kind)}") from error


def _texts(where: str, name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(text, str) and text.strip() for text in value):
        raise LexiconError(f'{where}: `{name}` must be a list of texts, such as ["chest hurts"], at least one')
    return tuple(value)


def _pattern(where: str, text: str, groups: Mapping[str, Part]) -> Pattern:
    try:
        return read_pattern(text, groups)
    except PatternError as error:
        raise LexiconError(f"{where}: pattern {text!r}: {error}") from error


def _refuse_doubles(entries: Sequence[Entry]) -> None:
    names = [entry.id for entry in entries]
    if double := next((name for name in names if names.count(name) > 1), None):
        raise LexiconError(f"two entries are called {double}; give one of them another `id`")


def _respelt(text: str, spellings: Spellings) -> str:
    """Return a pattern with its words as a text's are spelt before they are compared: no other form is ever met."""
    lexemes = LEXEME.findall(text)
    if spellings.keys().isdisjoint(lexemes):  # as of most: this is done for thousands before the first text is read
        return " ".join(lexemes)
    found: list[str] = []
    place = 0
    while place < len(lexemes):
        rows = spellings.get(lexemes[place], ()) if lexemes[place] not in SIGNS else ()
        wrong, right = _slip_at(lexemes, place, rows) if rows else ((), ())
        found += right or lexemes[place : place + 1]
        place += len(wrong) or 1
    return " ".join(found)


def _slip_at(
    lexemes: Sequence[str], place: int, rows: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what stands at a place and how it is spelt right; nothing where none of these rows does."""
    for wrong, right in rows:
        if len(wrong) == 1 or tuple(lexemes[place : place + len(wrong)]) == wrong:
            return wrong, right
    return (), ()


def _by_first_word(variants: Mapping[tuple[str, ...], tuple[str, ...]]) -> Spellings:
    found: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for wrong, right in sorted(variants.items(), key=lambda pair: -len(pair[0])):
        found.setdefault(wrong[0], []).append((wrong, right))
    return MappingProxyType({word: tuple(rows) for word, rows in found.items()})


def _index(
    entries: Sequence[Entry], key_of: Callable[[str], str | None]
) -> Mapping[str, tuple[tuple[Entry, Pattern], ...]]:
    found: dict[str, list[tuple[Entry, Pattern]]] = {}
    for entry in entries:
        for pattern in entry.patterns:
            for key in {key_of(word) for word in pattern.needed} - {None}:
                found.setdefault(str(key), []).append((entry, pattern))
    return MappingProxyType({word: tuple(rows) for word, rows in found.items()})


def _correctable(entries: Sequence[Entry]) -> frozenset[str]:
    return frozenset(
        word for entry in entries if entry.means in FUZZY for item in entry.patterns for word in item.words
    )
