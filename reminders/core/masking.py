"""Masking: a patient's text as an example that names nobody, with everything left that carries its meaning.

Known names, and what follows "this is" or "soy", become other names; addresses, links, and whatever is long enough to
be a phone number, a record number or a date, become others of the same shape. Small numbers stay: they are scores and
times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST_NAME = 2
STAND_INS = ("Alex", "Sam", "Robin", "Kim", "Jo", "Lee")
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,24}){1,4}")
LINK = re.compile(r"(?:https?://|www\.)\S{1,300}", re.IGNORECASE)
LONG_NUMBER = re.compile(r"\+?\(?\d(?:[\s().-]{0,2}\d){5,}")
"""Six digits or more, however they are spaced."""
DATE = re.compile(r"\b\d{1,4}([/.-])\d{1,2}\1\d{1,4}\b")
INTRODUCES = re.compile(
    r"\b(?i:this is|my name is|name is|name's|i am|i'm|im|it's|its|soy|me llamo|mi nombre es|habla|regards,?|thanks,?"
    r"|gracias,?|atentamente,?)\s+((?:(?i:mrs?|ms|dr|sr|sra)\.?\s+)?[A-ZÀ-Ý][\w'’-]+(?:\s+[A-ZÀ-Ý][\w'’-]+){0,2})"
)
KIN = re.compile(
    r"\b(?i:my (?:husband|wife|son|daughter|sister|brother|mom|mother|dad|father|friend|neighbou?r|partner)"
    r"|mi (?:esposo|esposa|hijo|hija|hermana|hermano|mamá|papá|madre|padre|amiga|amigo|vecina|vecino))"
    r",?\s+([A-ZÀ-Ý][\w'’-]+(?:\s+[A-ZÀ-Ý][\w'’-]+)?)"
)
NO_NAMES = frozenset(
    {
        *(
            "I",
            "I'm",
            "Ok",
            "OK",
            "Okay",
            "Yes",
            "No",
            "Not",
            "Stop",
            "STOP",
            "Si",
            "Sí",
            "Will",
            "Yo",
            "La",
            "El",
            "C",
        ),
        *("Fine", "Good", "Sorry", "Coming", "Going", "Here", "Late", "Sick", "On", "At", "In", "So", "Still", "Your"),
        *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Today", "Tomorrow"),
    }
)
"""What begins with a capital after "I'm" and is nobody."""
TITLE = re.compile(r"^(?i:mrs?|ms|dr|sr|sra)\.?\s+")


def masked(text: str, names: Iterable[str] = ()) -> str:
    """Return a text without the names, addresses and numbers of anybody."""
    found = EMAIL.sub("name@example.org", LINK.sub("https://example.org", text))
    found = DATE.sub(_zeros, LONG_NUMBER.sub(_zeros, found))
    known = {part for name in names for part in re.findall(r"[^\W\d_][\w'’-]*", name) if len(part) >= SHORTEST_NAME}
    guessed = {
        part
        for pattern in (INTRODUCES, KIN)
        for match in pattern.finditer(found)
        for part in TITLE.sub("", match.group(1)).split()
    }
    for place, part in enumerate(sorted(known | (guessed - NO_NAMES), key=lambda part: (-len(part), part))):
        # A name that is a word too is a name only where it is written as one.
        flags = 0 if part in NO_NAMES or part not in known else re.IGNORECASE
        found = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", STAND_INS[place % len(STAND_INS)], found, flags=flags)
    return found


def _zeros(match: re.Match[str]) -> str:
    return re.sub(r"\d", "0", match.group())
