"""A text as one language spells it: words in their usual spelling, cut into phrases that have a mood of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reminders.core.replies.lexicon import Lexicon
from reminders.core.replies.reading import Clause, Word

REPEATED = re.compile(r"(.)\1+")
OPENING = 3
"""Words within which a question has only begun."""
THRICE = re.compile(r"(.)\1{2,}")
LONGEST_ASIDE = (3, 2, 1)
"""Words that politeness in the midst of a sentence may have."""
SHORTEST_IN = 4
"""Letters of the shortest word whose dropped g is put back, as in "ridin"; a word that is known stays."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word as the lexicon spells it; `first` and `last` are the words of the text that it stands for."""

    text: str
    first: int
    last: int
    after_comma: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """A part of a sentence. `is_asked` where it is the part that a question mark belongs to."""

    sentence: int
    tokens: tuple[Token, ...]
    is_asked: bool = False
    follows_list: bool = False

    @property
    def text(self) -> str:
        """Return its words as patterns are matched against them: each ends in a blank."""
        return "".join(f"{token.text} " for token in self.tokens)


def phrases_of(sentences: Sequence[Clause], known: Lexicon) -> tuple[Phrase, ...]:
    """Spell a text by a lexicon and cut it at commas and at words that begin a new thought."""
    found: list[Phrase] = []
    first = 0
    for number, sentence in enumerate(sentences):
        parts = _cut(_without_asides(_spell(sentence.words, first, known), known), known)
        first += len(sentence.words)
        asked = _asked_part(parts, known) if sentence.is_asked else set()
        found += [
            Phrase(number, tuple(part), place in asked, place > 0 and part[0].after_comma)
            for place, part in enumerate(parts)
        ]
    return tuple(found)


def _spell(words: Sequence[Word], first: int, known: Lexicon) -> list[Token]:
    plain = [known.sounds.meant(word.text.replace("'", "")) for word in words]
    tokens: list[Token] = []
    place = 0
    while place < len(words):
        span, right = _spelling(words, plain, place, known)
        comma = words[place].after_comma
        kept = _kept(plain[place : place + span], right)
        for part, text in enumerate(right):
            # "ill uber" is "i will" and "uber": what a spelling leaves as it is stands for itself alone.
            begin, end = (part - len(right) + span,) * 2 if part >= len(right) - kept else (0, span - 1 - kept)
            tokens.append(Token(text, first + place + begin, first + place + end, comma and part == 0))
        place += span
    return tokens


def _without_asides(tokens: Sequence[Token], known: Lexicon) -> list[Token]:
    """Leave out politeness in the midst of a sentence: "no me manden por favor más mensajes"."""
    asides = known.groups.get("asides", frozenset())
    kept: list[Token] = []
    place, is_cut = 0, False
    while place < len(tokens):
        token = tokens[place]
        span = next((n for n in LONGEST_ASIDE if " ".join(one.text for one in tokens[place : place + n]) in asides), 0)
        if span and 0 < place < len(tokens) - span:
            is_cut = is_cut or token.after_comma
            place += span
            continue
        kept.append(replace(token, after_comma=token.after_comma or is_cut))
        place, is_cut = place + 1, False
    return kept


def _kept(typed: Sequence[str], right: Sequence[str]) -> int:
    """Return how many words at the end a spelling leaves as they were typed; at least the first is another."""
    longest = min(len(typed), len(right)) - 1
    return next((count for count in range(longest) if typed[-1 - count] != right[-1 - count]), longest)


def _spelling(words: Sequence[Word], plain: Sequence[str], place: int, known: Lexicon) -> tuple[int, Sequence[str]]:
    """Return how many words are spelt anew, and how."""
    typed = words[place].text
    for begin, row in ((typed, [typed, *plain[place + 1 :]]), (plain[place], plain[place:])):
        for wrong, right in known.spellings.get(begin, ()):
            # A comma ends a word: "can't make it, is there" holds no "it is".
            is_torn = any(word.after_comma for word in words[place + 1 : place + len(wrong)])
            if not is_torn and tuple(row[: len(wrong)]) == wrong:
                return len(wrong), right
    stem = plain[place].removesuffix("s")
    may_be_short = any(stem in known.groups.get(name, ()) for name in ("person", "on_wheels"))
    if may_be_short and _tells_of(stem, plain[place:], known):
        return 1, (stem, "is")
    return 1, _corrected(plain[place], known)


def _tells_of(stem: str, row: Sequence[str], known: Lexicon) -> bool:
    """Say whether an s is short for "is": "mom's driving me", "my sons got me", but not "my mom's phone"."""
    if row[0] == stem or len(row) == 1:
        return False
    return row[1].endswith(("ing", "in")) or row[1] in known.groups.get("after_is", ())


def _corrected(word: str, known: Lexicon) -> tuple[str, ...]:
    if word in known.vocabulary or word.isnumeric():
        return (word,)
    for shorter in (THRICE.sub(r"\1\1", word), THRICE.sub(r"\1", word), REPEATED.sub(r"\1", word)):
        if shorter in known.vocabulary:
            return (shorter,)
        for wrong, right in known.spellings.get(shorter, ()):
            if wrong == (shorter,):
                return right
    if len(word) >= SHORTEST_IN and word.endswith("in") and f"{word}g" in known.vocabulary:
        return (f"{word}g",)
    if stem := known.endings.meant(word):
        return next((right for wrong, right in known.spellings.get(stem, ()) if wrong == (stem,)), (stem,))
    return (known.typos.meant(THRICE.sub(r"\1\1", word)) or word,)


def _cut(tokens: Sequence[Token], known: Lexicon) -> list[list[Token]]:
    parts: list[list[Token]] = []
    for place, token in enumerate(tokens):
        if not parts or token.after_comma or (_begins(tokens, place, known) and not _asks_already(parts[-1], known)):
            parts.append([])
        parts[-1].append(token)
    return parts


def _asks_already(part: Sequence[Token], known: Lexicon) -> bool:
    """Say whether a part has only begun to ask, so that "is it" in "which door is it" begins nothing new."""
    return len(part) <= OPENING and " ".join(token.text for token in part[:2]) in _words(known, "openings")


def _begins(tokens: Sequence[Token], place: int, known: Lexicon) -> bool:
    """Say whether a new thought begins here: at 'but', at 'and can you', at 'what time' in the midst of words."""
    text = tokens[place].text
    if text in _words(known, "breaks"):
        return True
    before = tokens[place - 1].text
    after = " ".join(token.text for token in tokens[place + 1 : place + 3])
    if text in _words(known, "joins") and after:
        return after.split()[0] in _words(known, "starts") or after in _words(known, "openings")
    if before in _words(known, "joins") or before in _words(known, "tells"):
        return False
    begun = {text, " ".join([text, *after.split()[:1]]), f"{text} {after}"}
    return (place > 1 or before[0].isdigit()) and not begun.isdisjoint(_words(known, "openings"))


def _words(known: Lexicon, group: str) -> frozenset[str]:
    return known.groups[group]


def _asked_part(parts: Sequence[Sequence[Token]], known: Lexicon) -> set[int]:
    """Return the parts that are asked: the last that is more than politeness, and with a tag the one before it."""
    asked: set[int] = set()
    for place, part in _backwards(parts):
        asked.add(place)
        text = " ".join(token.text for token in part)
        if text not in _words(known, "tags") and not all(token.text in _words(known, "filler") for token in part):
            break
    return asked


def _backwards(parts: Sequence[Sequence[Token]]) -> Iterator[tuple[int, Sequence[Token]]]:
    return ((place, parts[place]) for place in reversed(range(len(parts))))
