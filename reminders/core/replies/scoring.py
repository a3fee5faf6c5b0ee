"""When a number of a text is the patient's score: asked for, or told beside an answer to something else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reminders.core.cadences import QuestionKind
from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement, Said, Side, marks
from reminders.core.replies.lexicon import Mark
from reminders.core.replies.matching import Match
from reminders.core.replies.scores import Kind, Number, numbers_in, only_score

DOUBT_BEGINS = 2
"""Words that may stand before a doubt: "but i dont know"."""
ANSWERS = frozenset(
    {
        Intent.CONFIRM,
        Intent.DECLINE,
        Intent.RESCHEDULE,
        Intent.NEEDS_RIDE,
        Intent.SELF_DRIVE,
        Intent.HIRED_RIDE,
        Intent.HAS_RIDE,
    }
)
"""What answers our other questions; beside one, a pain that is told in numbers is a score too."""


TIMED = frozenset({Intent.CONFIRM, Intent.RESCHEDULE, Intent.LATE, Intent.ARRIVED, Intent.DECLINE, Intent.CALL_ME})
"""What is said together with a time of day."""
Told = tuple[Side, Number]
"""A number, and the language in whose phrases it stands: each cuts a text in its own way."""


def read_score(side: Side, sides: Sequence[Side], found: Judgement, question: QuestionKind | None) -> int | None:
    """Add the score that a text gives, and return it."""
    told = [
        (side, number)
        for number in numbers_in(side.phrases, side.known)
        if _is_pain(side, number) or not _is_taken(number, found)
    ]
    told += _nothing(sides, found)
    if question is QuestionKind.CHECK_IN:
        return _add_score(told, sides, found, Intent.SCORE)
    of_pain = [(side, number) for side, number in told if _is_pain(side, number)]
    is_answer = question is not None and found.has(*ANSWERS)
    return _add_score(of_pain, sides, found, Intent.SCORE if is_answer else Intent.SYMPTOM)


def _is_taken(number: Number, found: Judgement) -> bool:
    """Say whether a number belongs to something else that was said: "see you at 8", "be there in 10"."""
    word = number.token.first
    return any(one.intent in TIMED and one.touches(word - 2, word) for one in found.said)


def _nothing(sides: Sequence[Side], found: Judgement) -> list[Told]:
    """Return "no pain" as the number it is; one that is qualified, such as by a place or a time, is a rival.

    What only denies a danger ("3, sin dolor de pecho") is no number at all.
    """
    dangers = [match for match in found.lost if match.entry.means is Intent.RED_FLAG]
    zeros = []
    for side, match in marks(sides, Mark.ZERO):
        if any(danger.overlaps(match) for danger in dangers):
            continue
        is_sure = not side.moods.of(match) and not _is_qualified(side, match.phrase, match.end)
        token = side.phrases[match.phrase].tokens[match.start]
        zeros.append((side, Number(Kind.SCORE if is_sure else Kind.RIVAL, 0, match.phrase, token)))
    return zeros


def _is_qualified(side: Side, phrase: int, end: int) -> bool:
    tokens = side.phrases[phrase].tokens
    words = [token.text for token in tokens[end:]]
    pairs = {" ".join(pair) for pair in pairwise(words)}
    return bool(side.known.groups["qualifiers"] & (set(words) | pairs))


def _takes_back(side: Side, match: Match) -> bool:
    """Say whether a doubt is set against what was told: "my husband says 7 but I don't know"."""
    return side.phrases[match.phrase].tokens[0].text in side.known.groups["breaks"] and match.start <= DOUBT_BEGINS


def _is_pain(side: Side, number: Number) -> bool:
    tokens = side.phrases[number.phrase].tokens
    return any(token.text in side.known.groups["pain"] for token in tokens)


def _add_score(told: Sequence[Told], sides: Sequence[Side], found: Judgement, intent: Intent) -> int | None:
    number = only_score([number for _, number in told])
    if number is None:
        return None
    side = next(side for side, one in told if one is number)
    if side.moods.is_asked(number.phrase, len(side.phrases[number.phrase].tokens)):
        return None
    token = number.token
    # In whatever language: "no pain, pero no sé". Phrases of two languages are not counted alike, their words are.
    if any(match.first > token.last and _takes_back(its, match) for its, match in marks(sides, Mark.HEDGE)):
        return None
    rule = f"{side.known.language}.{intent}.number"
    found.said.append(Said(intent, token.first, token.last, number.phrase, rule, side.known.language))
    return number.value if intent is Intent.SCORE else None
