"""Cuts a text into the pieces of words that the encoder knows: WordPiece, longest piece first (Devlin et al. 2019).

A word that nobody foresaw is read by its pieces, a misspelt one by what is left of it, an emoji by its Unicode name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

BEGIN, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
INNER = "##"
"""Before a piece that goes on a word."""
WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
LONGEST_WORD = 40
"""Signs of a word that are looked at: longer ones are no words, and cutting them costs the square of their length."""
SPELT_FROM = 0x2000
QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")


def pieces_of(text: str, known: Mapping[str, int]) -> list[int]:
    """Return the numbers of a text's pieces, without begin and end."""
    found: list[int] = []
    for word in WORD.findall(_folded(text)):
        found.extend(_cut(word[:LONGEST_WORD], known))
    return found


def _folded(text: str) -> str:
    """Return a text in lower case, without accents, each pictured sign by its name."""
    spelt = "".join(_spelt(text.translate(QUOTES)))
    apart = unicodedata.normalize("NFKD", spelt.lower())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _spelt(text: str) -> Iterator[str]:
    for sign in text:
        kind = unicodedata.category(sign)
        if kind in {"So", "Sk"} and ord(sign) >= SPELT_FROM:
            yield f" {unicodedata.name(sign, 'sign')} "
        elif kind not in {"Cf", "Cs"}:
            yield sign


def _cut(word: str, known: Mapping[str, int]) -> list[int]:
    """Return the pieces of a word; the unknown one where even a single sign of it is not known."""
    start, found = 0, list[int]()
    while start < len(word):
        before = INNER if start else ""
        ends = range(len(word), start, -1)
        end = next((at for at in ends if before + word[start:at] in known), None)
        if end is None:
            return [known[UNKNOWN]]
        found.append(known[before + word[start:end]])
        start = end
    return found
