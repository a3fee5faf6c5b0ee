"""What a text tells only by the way: the bus that somebody sits in, or who sits beside them, while they come."""

from __future__ import annotations

from reminders.core.cadences import QuestionKind
from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement

RIDES = frozenset({Intent.HIRED_RIDE, Intent.HAS_RIDE})
TOLD_OF = (Intent.LATE, Intent.ARRIVED)
"""What a ride is only a part of, where no ride was asked for: "the bus broke down", "just got here with my son"."""


def leave_out_the_way(found: Judgement, question: QuestionKind | None) -> None:
    """Take back a ride that is only how somebody comes, or what a complaint is about ("queasy on the bus")."""
    if question is QuestionKind.RIDE:
        return
    if question is None and found.has(*TOLD_OF):
        found.drop(Intent.CONFIRM)  # "flat tire, ahí voy": who is on the way promises nothing more
    if found.has(*TOLD_OF):
        found.said = [one for one in found.said if one.intent not in RIDES]
    complaints = [one.phrase for one in found.said if one.intent is Intent.SYMPTOM]
    found.said = [one for one in found.said if one.intent is not Intent.HIRED_RIDE or one.phrase not in complaints]
