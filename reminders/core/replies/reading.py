"""A text as it is compared: folded, cut into words and clauses, each word knowing where it stands in the original."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice

LONGEST = 1_600
"""Characters that are read: what the longest joined SMS holds. Staff see all of it."""
MOST_WORDS = 360
"""Words and signs that are read of them: more stand in no text that a person wrote."""
QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u02bc": "'", "`": "'", "\u00b4": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"'}
)
LOOKALIKES = str.maketrans(
    {"\N{CYRILLIC SMALL LETTER ES}": "c", "\N{CYRILLIC SMALL LETTER U}": "y", "\N{CYRILLIC SMALL LETTER A}": "a"}
)
SPELT_OUT = {"\N{VULGAR FRACTION ONE HALF}": ".5", "\N{KEYCAP TEN}": " 10 ", "\N{HORIZONTAL ELLIPSIS}": "."}
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
INVISIBLE = frozenset({"Mn", "Me", "Cf"})
"""Accents and variation selectors, keycap frames, and the zero-width characters that copying leaves behind."""
FIRST_SKIN_TONE, LAST_SKIN_TONE = "\U0001f3fb", "\U0001f3ff"
WORD = re.compile(
    r"""
    (?P<email>[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,24}){1,4})
  | (?P<url>(?:https?://|www\.)\S{1,200})
  | (?P<phone>\+?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}(?!\d)|\d{3}[ -]\d{4}(?!\d)|\+\d{8,14})
  | (?P<spelt>(?<![^\W_])[a-z](?:[ .\-]{1,2}[a-z]){2,11}(?![^\W_'])\.?)
  | (?P<number>\d{1,2}\s?/\s?10(?!\d)|[#$]?\d+(?:[.,:/]\d+)*(?:[ ]?-[ ]?\d+(?:[.:]\d+)?(?!\d*[/-]))*(?:[a-z%]+|\+)?)
  | (?P<slash>w/o|w/|b/c|n/a)
  | (?P<hash>(?<![\w\#*])\#(?![\w\#*]))
  | (?P<title>(?:dr|mrs?|ms)\.(?=\s?[^\W\d]))
  | (?P<word>[^\W\d_]+(?:['*][^\W\d_*]*)*\d*)
  | (?P<emoji>[<:;]-?[3)(dp/](?![^\W_])|[^\w\s.,;:!?()\[\]{}'"*/\\#$%&@+=<>|~^_\-\u00bf\u00a1]+)
  | (?P<end>[.!?;:()\[\]\n\u00bf\u00a1]+|(?<=\s)-+(?=\s))
  | (?P<soft>,)
  | (?P<amp>&|\+(?=\s))
    """,
    re.VERBOSE,
)
PLACEHOLDERS = {"email": "<email>", "url": "<url>", "phone": "<phone>", "amp": "and", "hash": "number"}
SPELT_WORDS = frozenset(
    {"stop", "stopall", "end", "quit", "cancel", "help", "yes", "alto", "start", "ok", "no", "asap"}
)
"""What people write letter by letter; anything else is a row of initials."""
DISGUISED = re.compile(r"(?<![^\W_$@])(?=[a-z\d$@]*[a-z])(?=[a-z]*[\d$@])[a-z\d$@]{2,11}(?![^\W_'$@])")
LETTERS = str.maketrans("01345$7@", "oieassta")
WORDS_IN_DISGUISE = SPELT_WORDS | {"opt", "out", "texting", "texts", "remove", "confirm", "confirmed", "unsubscribe"}
"""What people write with a digit for a letter, by a slip or to pass a filter: "st0p"."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is compared, its span in the original, and whether a comma stands before it."""

    text: str
    start: int
    end: int
    after_comma: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """The words up to a full stop or the like; `is_asked` where that was a question mark."""

    words: tuple[Word, ...]
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text, and for each of its characters the span it came from in the original."""

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def fold(text: str) -> Folded:
    """Fold case, accents, forms, quotes and invisible characters away, keeping the way back."""
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for place, char in enumerate(text[:LONGEST]):
        plain = _plain(char)
        if not plain:
            # What is invisible belongs to the character before it, so that evidence shows an emoji or accent whole.
            if ends:
                ends[-1] = place + 1
            continue
        for one in plain:
            folded.append(one)
            starts.append(place)
            ends.append(place + 1)
    return Folded(text, "".join(folded), tuple(starts), tuple(ends))


def _plain(char: str) -> str:
    if char.isascii():
        return char.lower()
    if char in SPELT_OUT:
        return SPELT_OUT[char]
    if FIRST_SKIN_TONE <= char <= LAST_SKIN_TONE:
        return ""
    forms = unicodedata.normalize("NFKD", char.translate(QUOTES)).casefold().translate(LOOKALIKES).translate(DASHES)
    return "".join(one for one in forms if unicodedata.category(one) not in INVISIBLE)


def clauses_of(folded: Folded, end: int) -> tuple[Clause, ...]:
    """Cut a folded text up to `end` into clauses at its own punctuation; clauses without words are none."""
    found: list[Clause] = []
    words: list[Word] = []
    has_comma = False
    text = DISGUISED.sub(lambda match: _undisguised(match.group()), folded.text)
    for match in islice(WORD.finditer(text, 0, end), MOST_WORDS):
        kind = match.lastgroup or ""
        if kind == "end":
            if words:
                found.append(Clause(tuple(words), "?" in match.group()))
            elif found and "?" in match.group() and "\n" not in match.group():
                found[-1] = Clause(found[-1].words, is_asked=True)
            words, has_comma = [], False
        elif kind == "soft":
            has_comma = True
        else:
            words.extend(_words(folded, match, kind, has_comma=has_comma))
            has_comma = False
    if words:
        found.append(Clause(tuple(words)))
    return tuple(found)


def _undisguised(typed: str) -> str:
    """Return a word with letters in place of the digits that stand for them, where that makes one of ours."""
    meant = typed.translate(LETTERS)
    return meant if meant in WORDS_IN_DISGUISE else typed


def _words(folded: Folded, match: re.Match[str], kind: str, *, has_comma: bool) -> list[Word]:
    if kind == "spelt":
        joined = re.sub(r"[^a-z]", "", match.group())
        if joined not in SPELT_WORDS:
            letters = [place for place in range(*match.span()) if folded.text[place].isalpha()]
            return [
                _word(folded, folded.text[place], place, place + 1, has_comma=has_comma and place == letters[0])
                for place in letters
            ]
        return [_word(folded, joined, *match.span(), has_comma=has_comma)]
    if kind == "emoji":
        return _emoji(folded, match, has_comma=has_comma)
    text = PLACEHOLDERS.get(kind) or match.group().rstrip(".")
    if kind == "number":
        text = "".join(text.split()).lstrip("#")
    if kind == "word":
        text = text.strip("'*")
        text = _accented(folded, text, match)
    return [_word(folded, text, *match.span(), has_comma=has_comma)] if text else []


def _accented(folded: Folded, text: str, match: re.Match[str]) -> str:
    """Keep the one accent that decides: "sí" is yes, "si" may be if."""
    if text != "si":
        return text
    typed = folded.original[folded.starts[match.start()] : folded.ends[match.end() - 1]]
    return text if typed.isascii() else "sí"


def _emoji(folded: Folded, match: re.Match[str], *, has_comma: bool) -> list[Word]:
    """Take every emoji as a word of its own, but for faces typed with punctuation; more of one are no more than it."""
    if match.group()[0] in "<:;":
        return [_word(folded, match.group(), *match.span(), has_comma=has_comma)]
    return [
        _word(folded, folded.text[place], place, place + 1, has_comma=has_comma and place == match.start())
        for place in range(*match.span())
        if place < match.start() + 2 or folded.text[place] != folded.text[place - 1]
    ]


def _word(folded: Folded, text: str, start: int, end: int, *, has_comma: bool) -> Word:
    return Word(text, folded.starts[start], folded.ends[end - 1], has_comma)
