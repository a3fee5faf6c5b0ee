"""By which words a patient is found, so that a search need not open every sealed name and number.

A name is found by the beginning of each of its parts, a phone by its last digits. What is kept for that are some
beginnings and ends only: enough to leave few who may be meant. Whoever searches opens those few and compares the rest.
"""

from __future__ import annotations

import re
import unicodedata

RULE = 1
"""By which rule these words are made; it counts up when they would differ, and all are made anew."""
BEGINNINGS = (1, 2, 3, 4, 6)
"""Of which lengths the beginnings of a name's parts are kept: more of them open fewer names, and take more rows."""
ENDS = (3, 4)
"""Of which lengths the ends of a phone are kept."""
PART = re.compile(r"\w+")
NAME, PHONE = "name ", "phone "


def plain(text: str) -> str:
    """Return a text without accents and capitals."""
    if text.isascii():
        return text.casefold()
    split = unicodedata.normalize("NFD", text)
    return "".join(char for char in split if not unicodedata.combining(char)).casefold()


def found_by(name: str, phone: str | None) -> frozenset[str]:
    """Return the words by which somebody of this name and phone (E.164) is found."""
    begun = {NAME + part[:length] for part in PART.findall(plain(name)) for length in BEGINNINGS if length <= len(part)}
    ends = [phone[-length:] for length in ENDS] if phone is not None else []
    return frozenset(begun | {PHONE + end for end in ends if end.isdecimal()})


def sought_in_names(query: str) -> frozenset[str]:
    """Return the words that whoever has each word of this query at the beginning of some part of their name has too.

    Nobody is left out by them; none at all where the query has no letter and no digit. A word of the query may hold
    more than one part (O'Brien, Ana-Maria): each begins where one of the name does, since the same sign is before it.
    """
    parts = PART.findall(plain(query))
    return frozenset(NAME + part[: max(length for length in BEGINNINGS if length <= len(part))] for part in parts)


def sought_in_phones(digits: str) -> frozenset[str]:
    """Return the word that every phone has which ends in these digits, of which there must be three at least."""
    return frozenset({PHONE + digits[-min(len(digits), max(ENDS)) :]})
