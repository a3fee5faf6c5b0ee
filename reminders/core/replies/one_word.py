"""What a text from a patient means, as far as one word can say it without a guess.

So little is recognised on purpose: only a text that is nothing but one known word is taken at it. A longer text may
hold a second meaning ("C but I have no ride"), and a wrong guess about attendance or an opt-out costs more than a
minute of a person's time. Whatever is unclear goes to a person (requirements 30 and 40).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from reminders.core.cadences import QuestionKind
from reminders.core.replies.intents import Intent
from reminders.core.replies.interpretation import MAY_BE_UNWANTED

LEXICON: Mapping[Intent, frozenset[str]] = {
    Intent.OPT_OUT: MAY_BE_UNWANTED
    | {"stop", "stopall", "stop all", "unsubscribe", "revoke", "optout", "opt out", "opt-out"}
    | {"alto", "parar", "basta", "no mas"},
    Intent.OPT_IN: frozenset({"start", "unstop"}),
    Intent.HELP: frozenset({"help", "info", "ayuda"}),
    Intent.CONFIRM: frozenset({"c", "confirm", "confirmed"}),
    Intent.RESCHEDULE: frozenset({"r", "reschedule", "cambiar"}),
}
"""Whole texts, normalised, that mean the same whatever was asked (requirement 32; replies 2.1, 2.3, 2.7, 2.9)."""
YES_WORDS = frozenset({"yes", "y", "ok", "\N{THUMBS UP SIGN}"})
"""A yes means attendance only while that is the question; else it only says that something was read."""
LOOKALIKES = str.maketrans({"\N{CYRILLIC SMALL LETTER ES}": "c"})
SKIN_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))
NEEDS_A_STATEMENT = frozenset({Intent.CONFIRM, Intent.OPT_IN})
"""'Y?' asks us something; only a statement may confirm a visit or subscribe somebody."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one text means. `word` is the known word it consists of, empty where unclear: never the patient's prose."""

    intent: Intent
    word: str = ""

    @property
    def may_be_unwanted(self) -> bool:
        """Say whether this opt-out may be meant for the visit, so that somebody should phone the patient."""
        return self.intent is Intent.OPT_OUT and self.word in MAY_BE_UNWANTED


def read_word(text: str, *, open_question: QuestionKind | None) -> Reply:
    """Return what a text means; `open_question` is what this phone was last asked and has not answered."""
    word = normalise(text)
    intent = _intent(word, open_question)
    if intent is Intent.UNCLEAR or (intent in NEEDS_A_STATEMENT and "?" in unicodedata.normalize("NFKC", text)):
        return Reply(Intent.UNCLEAR)
    return Reply(intent, word)


def _intent(word: str, open_question: QuestionKind | None) -> Intent:
    for intent, words in LEXICON.items():
        if word in words:
            return intent
    if word in YES_WORDS and open_question is QuestionKind.CONFIRM:
        return Intent.CONFIRM
    return Intent.UNCLEAR


def normalise(text: str) -> str:
    """Return a text as it is compared: its case, accents, spaces, edge punctuation and invisible characters gone."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(SKIN_TONES).translate(LOOKALIKES)
    # Mn are accents and variation selectors, Cf the zero-width characters that keyboards and copying leave behind.
    kept = "".join(
        char for char in unicodedata.normalize("NFD", folded) if unicodedata.category(char) not in {"Mn", "Cf"}
    )
    return _without_edges(" ".join(kept.split()))


def _without_edges(text: str) -> str:
    punctuation = "".join({char for char in text if unicodedata.category(char).startswith(("P", "Z"))})
    return text.strip(punctuation)
