"""What a clinic's texts may say and cost, judged when its file is brought in (requirements 12, 25, 38, 49 and 52).

A stored document is never judged: a service that runs must start again, whatever we learn to find fault with later.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache

from reminders.core.answer_sizes import answer_size_faults
from reminders.core.answer_texts import ANSWER_KEYS, ANSWER_VALUES
from reminders.core.banned_words import BANNED, CARRIER_WORDS, IN_A_SENDER, TO_A_THIRD
from reminders.core.clinics import Clinic
from reminders.core.content import KNOWN_VALUES, PLACEHOLDER
from reminders.core.reading import fault_line
from reminders.core.segments import measure
from reminders.core.snippets import SNIPPET_VALUES, snippet_language_faults, snippet_size_faults
from reminders.core.text_sizes import escort_steps, size_faults
from reminders.core.texts import TEMPLATES

FOR_ESCORTS = frozenset({"sender", "phone", "place", "pick_up_at", "question"})
"""Time and place, and nothing of the patient's (requirement 52)."""
OF_THE_VOICE = ("sender", "phone", "address", "emergency_number", "crisis_line")
PLAIN = {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\N{NO-BREAK SPACE}": " "}
VERBS = r"reply|respond|answer|text|send|write|type|press|enter|responda|conteste|envie|escriba|mande|marque|pulse"
FILLERS = r"(?:\s+(?:with|back|us|the|word|number|letter|a|con|un|una|la|el|palabra|numero|letra))*"
NEXT_WORDS = r"[^.!?]{0,60}?"
LINKS = r"(?:to|for|if|para|si)\b|[=:]"
AMBIGUOUS = ("y", "si", "n")
NO_ANSWER = r"\s*(?:\(|(?:to|a|[-–])\s*\d|(?i:minute|hour|day|week|minuto|hora|dia|semana))"
"""What follows a digit that is no answer: the range of a score, or a length of time."""


def lint(clinic: Clinic) -> list[str]:
    """Return a line for every fault of a clinic's texts, its own and those of the product with its names in them."""
    sizes = list(size_faults(clinic))
    # A name that makes all texts too long is one fault.
    is_blamed = any(not fault.startswith("clinic.templates") for fault in sizes)
    answers = (fault for fault in answer_size_faults(clinic) if not is_blamed or fault.startswith("clinic.templates"))
    return [*word_faults(clinic), *sizes, *answers, *snippet_size_faults(clinic)]


def word_faults(clinic: Clinic) -> list[str]:
    """Return the faults of what the clinic itself wrote, whatever its length."""
    return [
        *_voice_faults(clinic),
        *_language_faults(clinic),
        *_text_faults(clinic),
        *snippet_language_faults(clinic),
        *_snippet_faults(clinic),
    ]


def _voice_faults(clinic: Clinic) -> Iterator[str]:
    """Judge what stands in many texts at once, so that it is one fault and not forty."""
    for key in OF_THE_VOICE:
        text, path = getattr(clinic, key), f"clinic.{key}"
        banned = _banned(text, in_a_sender=key == "sender")
        if banned is not None:
            word, kind = banned
            yield fault_line(path, word, f"no {kind} may be named where others read along; use a neutral name")
        if not clinic.allows_ucs2:
            yield from _odd_faults(path, text)


def _language_faults(clinic: Clinic) -> Iterator[str]:
    """Find languages in which we write to nobody."""
    known = f"texts are sent in {', '.join(TEMPLATES)}"
    if clinic.language.lower().replace("_", "-").split("-")[0] not in TEMPLATES:
        yield fault_line("clinic.language", clinic.language, known)
    for language in clinic.templates:
        if language not in TEMPLATES:
            yield fault_line(f"clinic.templates.{language}", language, known)


def _text_faults(clinic: Clinic) -> Iterator[str]:
    to_escorts = escort_steps(clinic)
    for language, texts in clinic.templates.items():
        for step, text in texts.items():
            path = f"clinic.templates.{language}.{step}"
            known = FOR_ESCORTS if step in to_escorts else ANSWER_VALUES if step in ANSWER_KEYS else KNOWN_VALUES
            yield from placeholder_faults(path, text, known)
            yield from wording_faults(path, text)
            if step in to_escorts:
                yield from _third_person_faults(path, text)
            if not clinic.allows_ucs2:
                yield from _odd_faults(path, text)


def _snippet_faults(clinic: Clinic) -> Iterator[str]:
    for language, texts in clinic.snippets.items():
        for key, text in texts.items():
            path = f"clinic.snippets.{language}.{key}"
            yield from placeholder_faults(path, text, SNIPPET_VALUES)
            yield from wording_faults(path, text)
            if not clinic.allows_ucs2:
                yield from _odd_faults(path, text)


def placeholder_faults(path: str, text: str, known: Collection[str]) -> Iterator[str]:
    """Find placeholders for which there is no value here, and braces that are none."""
    for name in sorted(set(PLACEHOLDER.findall(text)) - set(known)):
        yield fault_line(path, f"{{{{{name}}}}}", f"known here: {', '.join(sorted(known))}")
    rest = PLACEHOLDER.sub("", text)
    if "{{" in rest or "}}" in rest:
        yield fault_line(path, "{{" if "{{" in rest else "}}", "a placeholder is written {{name}}, in small letters")


def wording_faults(path: str, text: str) -> Iterator[str]:
    """Find what a text may not say, whoever wrote it."""
    said = PLACEHOLDER.sub(" ", text)
    banned = _banned(said)
    if banned is not None:
        word, kind = banned
        yield fault_line(path, word, f"a text names no {kind}: others read along; say session, visit or appointment")
    offered = _offered(said)
    if offered is not None:
        wanted = "carriers act on this word, or it is a score; ask for C to confirm, R to change, or a word of your own"
        yield fault_line(path, offered, wanted)


def _third_person_faults(path: str, text: str) -> Iterator[str]:
    """Find what tells somebody else what the patient comes for (requirement 52)."""
    found = _pattern(TO_A_THIRD).search(_without_accents(PLACEHOLDER.sub(" ", text)).casefold())
    if found is not None:
        wanted = "an escort hears of time and place only; say appointment or pick-up"
        yield fault_line(path, found.group(0), wanted)


def _banned(text: str, *, in_a_sender: bool = False) -> tuple[str, str] | None:
    """Return the first word that may not be said, and what it is."""
    plain = _without_accents(text).casefold()
    for kind, words in BANNED.items():
        found = _pattern(words).search(plain)
        if found is not None:
            return found.group(0), kind
    found = _pattern(IN_A_SENDER).search(plain) if in_a_sender else None
    return (found.group(0), "specialty") if found else None


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    parts = (re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", r"[\s-]+") for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


def _offered(text: str) -> str | None:
    """Return a carrier's word, or a bare digit, that a text asks to reply with.

    Such a word stands in capitals or quotes near a verb that asks, or before what it is for ("YES to confirm"), or
    right behind the verb however it is written.
    """
    plain = _without_accents(text)
    for pattern in _offers():
        found = pattern.search(plain)
        if found is not None:
            return found.group("word")
    return None


@cache
def _offers() -> tuple[re.Pattern[str], ...]:
    words = "|".join(CARRIER_WORDS)
    shouted = rf"\b(?P<word>{words.upper()})\b"
    quoted = rf"""["'“‘«](?P<word>(?i:{words}))["'”’»]"""
    # "si" is also "if", "y" is "and": in small letters they say nothing.
    plain = rf"(?P<word>(?i:{'|'.join(word for word in CARRIER_WORDS if word not in AMBIGUOUS)}))\b(?!\s+later)"
    digit = r"(?P<word>(?<![\w.,/:-])\d(?![\w/:-]|[.,]\d))"
    return (
        *(re.compile(rf"\b(?i:{VERBS})\b{NEXT_WORDS}{word}") for word in (shouted, quoted)),
        *(re.compile(rf"{word}\s*(?:{LINKS})") for word in (shouted, quoted)),
        re.compile(rf"\b(?i:{VERBS})\b(?i:{FILLERS})\s+{plain}"),
        re.compile(rf"\b(?i:{VERBS})\b(?i:{FILLERS})\s+{digit}(?!{NO_ANSWER})"),
        re.compile(rf"{digit}\s*(?:=|(?i:(?:to|for|para)\s+(?:confirm|cancel|resched|chang|cambi)))"),
    )


def _odd_faults(path: str, text: str) -> Iterator[str]:
    odd = odd_characters(text)
    if odd:
        wanted = "these more than double the price; write it plainly, or set clinic.allows_ucs2 = true"
        yield f"{path}: found {', '.join(odd)}; {wanted}"


def odd_characters(text: str) -> list[str]:
    """Return the characters that make a text dear, each with its name and what may stand for it."""
    return [_named(char) for char in measure(text).odd_characters]


def _named(char: str) -> str:
    """Write a character with its number, its name and what may stand for it."""
    shown = char if char.isprintable() else " "
    name = f"'{shown}' (U+{ord(char):04X} {unicodedata.name(char, 'a character without a name')}"
    plain = PLAIN.get(char, _without_accents(char))
    is_better = plain != char and not measure(plain).odd_characters
    return f"{name}: write {plain!r})" if is_better else f"{name})"


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
