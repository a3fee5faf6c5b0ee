"""Replies: what patients' texts mean, found by rules that explain themselves in words that clinicians can extend."""

from __future__ import annotations

from reminders.core.replies.intents import Intent
from reminders.core.replies.interpret import interpret, prepare
from reminders.core.replies.interpretation import MAY_BE_UNWANTED, Evidence, Finding, Interpretation

__all__ = ["MAY_BE_UNWANTED", "Evidence", "Finding", "Intent", "Interpretation", "interpret", "prepare"]
