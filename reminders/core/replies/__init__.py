"""Replies: what patients' texts mean, found by rules that clinicians can extend, and weighed by what was learned."""

from __future__ import annotations

from reminders.core.replies.intents import Intent
from reminders.core.replies.interpretation import MAY_BE_UNWANTED, Evidence, Finding, Interpretation
from reminders.core.replies.second_reading import interpret, prepare

__all__ = ["MAY_BE_UNWANTED", "Evidence", "Finding", "Intent", "Interpretation", "interpret", "prepare"]
