"""What phones write by themselves: reactions that quote our own words, answers while driving, signatures."""

from __future__ import annotations

import re

from reminders.core.replies.intents import Intent
from reminders.core.replies.lexicon import shared_texts

QUOTING = re.compile(r'\s*(?:(?:dis)?liked|loved|laughed at|emphasi[sz]ed|questioned|le gusto|le encanto)\s+["\u00ab]')


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


def end_of_own_words(folded: str) -> int:
    """Return where a signature that a phone adds begins, or the end."""
    starts = [match.start() for _, expression in shared_texts("signatures") if (match := expression.search(folded))]
    return min(starts, default=len(folded))
