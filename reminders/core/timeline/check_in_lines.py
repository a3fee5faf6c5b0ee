"""Check-in lines: what the patient answered to our questions after a session, and how it compares."""

from __future__ import annotations

from collections.abc import Iterator

from reminders.core.check_ins import MOST, Change, CheckIn, changes, in_words
from reminders.core.timeline.events import Event, EventKind
from reminders.core.timeline.history import History


def check_in_lines(history: History) -> Iterator[Event]:
    """Yield every answer, its words only where they were asked for."""
    answers = history.check_ins
    for item, change in zip(answers, changes(answers), strict=True):
        yield Event(
            at=item.answered_at,
            kind=EventKind.CHECK_IN,
            what=_what(item),
            why=_why(item, change),
            appointment_id=item.appointment_id,
            facts={"score": item.score, "baseline": change.baseline, "change": change.change},
            text=item.words or None,
        )


def _what(item: CheckIn) -> str:
    told = "Check-in answered in words" if item.score is None else f"Check-in answered: {item.score} of {MOST}"
    if item.corrected is None:
        return told
    before = "words" if item.corrected.score is None else f"{item.corrected.score} of {MOST}"
    return f"{told}, as {item.corrected.by} corrected it; read first as {before}"


def _why(item: CheckIn, change: Change) -> str:
    if item.score is None:
        return "No single number from 0 to 10, so the question stays open."
    if change.change is None or change.baseline is None:
        return "The first score; later ones are compared with it."
    return f"{in_words(change.change).capitalize()} the first score, {change.baseline}."
