"""What phones write by themselves: reactions that quote our own words, answers while driving, signatures."""

from __future__ import annotations

import re
from collections.abc import Callable

from reminders.core.replies.intents import Intent
from reminders.core.replies.lexicon import shared_texts
from reminders.core.replies.reading import Folded

QUOTING = re.compile(r'\s*(?:(?:dis)?liked|loved|laughed at|emphasi[sz]ed|questioned|le gusto|le encanto)\s+["\u00ab]')

INITIAL = re.compile(
    r"(?<![\w.'])[a-z]\. ?(?P<name>[a-z]{2,20})(?=\W*$|\s*[,\n(-]|\s+(?:here|confirming|again|speaking)\b)"
)
"""An initial before what may be a surname, at the end of a thought."""


def whole_text(folded: str) -> tuple[Intent, str] | None:
    """Return what a text is that no person wrote, and the rule that tells; None where a person wrote it."""
    text = " ".join(folded.split())
    for intent, table in ((Intent.REACTION, "reactions"), (Intent.AUTO_REPLY, "auto_replies")):
        for rule, expression in shared_texts(table):
            if expression.search(text):
                return intent, f"any.{intent}.{rule}"
    return None


def opens_like_reaction(folded: str) -> bool:
    """Say whether a text begins as a reaction does, but goes on after the quotation: it may answer what it quotes."""
    return QUOTING.match(folded) is not None


def without_ours(folded: str) -> str:
    """Return a text in which our own words are blanks of the same length: quotations of them, and forwarded texts."""
    if any(expression.search(folded) for _, expression in shared_texts("forwards")):
        return " " * len(folded)
    for _, expression in shared_texts("quotes"):
        folded = expression.sub(lambda match: "." + " " * (len(match.group()) - 1), folded)
    return folded


def without_initials(folded: Folded, text: str, is_word: Callable[[str], bool]) -> str:
    """Return a text without the initials of its writer, which are no code: "R. Patel", "C. Johnson confirming".

    What follows must be written as a name is and be no word that anybody answers with ("C. Thanks").
    """
    for match in INITIAL.finditer(text):
        is_name = folded.original[folded.starts[match.start("name")]].isupper() and not is_word(match["name"])
        if is_name:
            text = f"{text[: match.start()]}  {text[match.start() + 2 :]}"
    return text


def end_of_own_words(folded: str) -> int:
    """Return where a signature that a phone adds begins, or the end."""
    starts = [match.start() for _, expression in shared_texts("signatures") if (match := expression.search(folded))]
    return min(starts, default=len(folded))
