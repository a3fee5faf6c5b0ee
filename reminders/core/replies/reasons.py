"""What a text tells only to say why, or says by the very words of a wish: it is no wish of its own."""

from __future__ import annotations

from collections.abc import Sequence

from reminders.core.cadences import QuestionKind
from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement, Said, Side

BY_THE_SAME_WORDS = frozenset(
    {
        Intent.SYMPTOM,
        Intent.LATE,
        Intent.ARRIVED,
        Intent.NEEDS_RIDE,
        Intent.SELF_DRIVE,
        Intent.HIRED_RIDE,
        Intent.HAS_RIDE,
        Intent.RESCHEDULE,
    }
)
"""What the words of an opt-out do not say besides: "take my cell out of your system" is about no drive."""
SHARED = ".shared_phone"
"""The rule by which others use the phone: whose texts are to end for that reason is no stranger."""
NOBODY = ".needs_ride.no_ride"
"""The rule by which nobody can drive. "Nobody can fix me" is about no ride, unless a ride was asked for."""


def leave_out_reasons(sides: Sequence[Side], found: Judgement, question: QuestionKind | None) -> None:
    """Take back what is only the reason for an opt-out, or a want of people where nobody spoke of driving."""
    stops = [one for one in found.said if one.intent is Intent.OPT_OUT]
    for side in sides:
        found.said = [
            one
            for one in found.said
            if one.language != side.known.language
            or not (
                _is_of_a_stop(side, one, stops)
                or (question is not QuestionKind.RIDE and _is_about_no_ride(side, one, found))
            )
        ]


def _is_of_a_stop(side: Side, one: Said, stops: Sequence[Said]) -> bool:
    if one.rule.endswith(SHARED) and stops:
        return True
    if one.intent in BY_THE_SAME_WORDS and any(stop.touches(one.first, one.last) for stop in stops):
        return True
    sentence = side.phrases[one.phrase].sentence
    same = any(
        stop.language == one.language and side.phrases[stop.phrase].sentence == sentence
        for stop in stops
        if stop.phrase < len(side.phrases)
    )
    # "No more check-ins please, they make me feel worse"
    return one.intent is Intent.SYMPTOM and same and _holds(side, one, "weariness") and not _holds(side, one, "body")


def _is_about_no_ride(side: Side, one: Said, found: Judgement) -> bool:
    if all(other.intent in {Intent.NEEDS_RIDE, Intent.CONFIRM} for other in found.said):
        return False
    if one.intent is not Intent.NEEDS_RIDE or not one.rule.endswith(NOBODY) or not _holds(side, one, "nobodies"):
        return False
    sentence = side.phrases[one.phrase].sentence
    words = {token.text for phrase in side.phrases if phrase.sentence == sentence for token in phrase.tokens}
    return words.isdisjoint(side.known.groups["of_a_ride"])


def _holds(side: Side, one: Said, group: str) -> bool:
    known = side.known.groups.get(group, frozenset())
    tokens = side.phrases[one.phrase].tokens
    return any(token.text in known for token in tokens if one.touches(token.first, token.last))
