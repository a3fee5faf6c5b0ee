"""Replies: what patients' texts mean."""

from __future__ import annotations

from reminders.core.replies.intents import Intent
from reminders.core.replies.interpret import interpret
from reminders.core.replies.interpretation import MAY_BE_UNWANTED, Evidence, Finding, Interpretation
from reminders.core.replies.one_word import LEXICON, YES_WORDS, Reply, normalise

__all__ = [
    "LEXICON",
    "MAY_BE_UNWANTED",
    "YES_WORDS",
    "Evidence",
    "Finding",
    "Intent",
    "Interpretation",
    "Reply",
    "interpret",
    "normalise",
]
