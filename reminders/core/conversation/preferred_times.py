"""When a patient would rather come, in their own words: the part of a text that names days or times.

Nothing is understood here and nothing is moved by it: staff read the phrase beside the task ("Thursday after 2").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 160
WORD = re.compile(
    r"\d{1,2}[:.]\d\d\s*(?:[ap]\.?m\.?)?|\d{1,2}\s*[ap]\.?m\b\.?|\d{1,2}/\d{1,2}(?:/\d{2,4})?|\w+", re.IGNORECASE
)
DAYS = """
    mon monday mondays tue tues tuesday tuesdays wed weds wednesday wednesdays thu thur thurs thursday thursdays
    fri friday fridays sat saturday saturdays sun sunday sundays
    lunes martes miercoles jueves viernes sabado sabados domingo domingos
    today tonight tomorrow tmrw tmw tomorow weekend weekday weekdays weekends days week weeks month months
    hour hours minutes hoy manana semana semanas mes meses hora horas dia dias
    jan january feb february mar march apr april june july aug august sept september oct october nov november
    dec december enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    morning mornings afternoon afternoons evening evenings noon midday lunchtime am pm
    tarde tardes mediodia noche earlier later sooner anytime temprano
"""
JOINING = """
    on at by after before around about between from to till until and or any every next this coming following the
    day in of early late either only not except instead an a first last other another half past back time per
    el la los las de del despues antes entre hasta desde y o cualquier proxima proximo este esta que viene en por
    para otra otro a partir mas solo pasado
"""
BEFORE_A_NUMBER = """
    at by after before around about between from to till until and or the past
    las la a despues antes entre hasta desde y o el
"""
NAMING, LINKING, LEADING = (frozenset(words.split()) for words in (DAYS, JOINING, BEFORE_A_NUMBER))
TIME = re.compile(
    r"\d{1,2}(?:[:.]\d\d)?\s*[ap]\.?m\.?|\d{1,2}[:.]\d\d|\d{1,2}/\d{1,2}(?:/\d{2,4})?|\d{1,2}(?:st|nd|rd|th)"
)
NUMBER = re.compile(r"\d{1,2}")
WEAK_EDGES = frozenset(
    {"and", "or", "y", "o", "to", "a", "de", "que", "of", "about", "time", "back", "para", "in", "en", "by"}
)
"""Words that join but mean nothing at the edge of a phrase."""


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    plain: str
    is_naming: bool = False
    is_linking: bool = False


def preferred_times(text: str) -> str:
    """Return the words that name days or times, several phrases parted by semicolons; empty where none do."""
    phrases = (text[words[0].start : words[-1].end] for words in _phrases(_classified(text), text))
    return "; ".join(dict.fromkeys(" ".join(phrase.split()) for phrase in phrases))[:LONGEST]


def _classified(text: str) -> list[_Word]:
    words = [_Word(found.start(), found.end(), _plain(found.group())) for found in WORD.finditer(text)]
    plains = ["", *(word.plain for word in words), ""]
    return [
        _Word(word.start, word.end, word.plain, _names(word.plain, before, after), word.plain in LINKING)
        for word, before, after in zip(words, plains, plains[2:], strict=False)
    ]


def _names(word: str, before: str, after: str) -> bool:
    if word in NAMING or TIME.fullmatch(word):
        return True
    if word == "may":
        return NUMBER.fullmatch(after) is not None
    is_told = before in LEADING or before in NAMING or before == "may" or after in NAMING or after == "instead"
    return NUMBER.fullmatch(word) is not None and is_told


def _phrases(words: Sequence[_Word], text: str) -> Iterator[list[_Word]]:
    run: list[_Word] = []
    for word in words:
        is_part = word.is_naming or word.is_linking
        is_apart = bool(run) and any(char in text[run[-1].end : word.start] for char in ".?!;\n")
        if run and (is_apart or not is_part):
            yield from _trimmed(run)
            run = []
        if is_part:
            run.append(word)
    yield from _trimmed(run)


def _trimmed(run: Sequence[_Word]) -> Iterator[list[_Word]]:
    """Yield a run that names something, without joining words at its end and empty ones at its start."""
    named = [place for place, word in enumerate(run) if word.is_naming]
    if named:
        first = next(place for place, word in enumerate(run) if word.is_naming or word.plain not in WEAK_EDGES)
        yield list(run[first : named[-1] + 1])


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFD", word.casefold())
    return "".join(char for char in folded if not unicodedata.combining(char)).strip()
