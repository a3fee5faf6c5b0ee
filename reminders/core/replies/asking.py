"""Questions: what is asked and is not already understood as a wish."""

from __future__ import annotations

from collections.abc import Sequence

from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement, Said, Side, marks
from reminders.core.replies.lexicon import Mark

WISHES = frozenset(
    {
        Intent.RED_FLAG,
        Intent.OPT_OUT,
        Intent.DECLINE,
        Intent.RESCHEDULE,
        Intent.LATE,
        Intent.NEEDS_RIDE,
        Intent.SELF_DRIVE,
        Intent.CALL_ME,
        Intent.CONTACT_CHANGE,
        Intent.OPT_IN,
        Intent.HELP,
        Intent.WRONG_NUMBER,
        Intent.QUESTION,
    }
)
"""What may be put as a question and is then no further one: "can we do 2 instead?"."""
COURTEOUS = WISHES | {Intent.ARRIVED}
"""What may be followed by a mere "is that ok?"."""
OF_DESPAIR = (".suicide", ".death_by_name", ".danger_mind", ".no_drive_to_live")
"""Endings of the rules by which somebody is in despair."""
GOES_ON = 4
"""Words that may only go on with a wish."""
SHORTEST = 3
"""Words that a question without its mark must have: "what time" may be anything."""
ANSWERS = (Mark.YES, Mark.NO, Mark.OK, Mark.CODE, Mark.THANKS, Mark.NOTHING, Mark.IDIOM)


def read_questions(main: Side, sides: Sequence[Side], found: Judgement) -> None:
    """Add a question for every phrase that asks and says nothing else."""
    for side in sides:
        for place, phrase in enumerate(side.phrases):
            first, last = phrase.tokens[0].first, phrase.tokens[-1].last
            is_understood = any(one.intent in WISHES and one.touches(first, last) for one in found.said)
            if is_understood and not _is_danger_elsewhere(found, first, last):
                continue
            if _is_courtesy(side, place, found) or _goes_on(side, place, found):
                continue
            # "Maria who? wrong person": what a stranger asks along with saying so.
            who = side.known.groups["who"]
            if found.has(Intent.WRONG_NUMBER) and any(token.text in who for token in phrase.tokens):
                continue
            if rule := _asked_by(side, sides, place, found, may_be_marked=side is main):
                found.said.append(Said(Intent.QUESTION, first, last, place, rule, side.known.language))


def _is_courtesy(side: Side, place: int, found: Judgement) -> bool:
    """Say whether a phrase only asks whether what was just said will do: "running late, is that ok?"."""
    is_tag = any(match.phrase == place for _, match in marks([side], Mark.TAG))
    return is_tag and any(one.intent in COURTEOUS and one.phrase == place - 1 for one in found.said)


def _goes_on(side: Side, place: int, found: Judgement) -> bool:
    """Say whether the end of a question only goes on with a wish: "any way to get in earlier, like 8?"."""
    phrase = side.phrases[place]
    if len(phrase.tokens) > GOES_ON or any(match.phrase == place for _, match in marks([side], Mark.ASKED)):
        return False
    is_same = place > 0 and side.phrases[place - 1].sentence == phrase.sentence
    return is_same and any(one.intent is Intent.RESCHEDULE and one.phrase == place - 1 for one in found.said)


def _is_danger_elsewhere(found: Judgement, first: int, last: int) -> bool:
    """Say whether a question repeats the danger that the text tells besides: "cant breathe. do i go to the er?"."""
    here = [one for one in found.said if one.intent in WISHES and one.touches(first, last)]
    flags = [one for one in found.said if one.intent is Intent.RED_FLAG]
    if any(one.rule.endswith(OF_DESPAIR) for one in here):
        return False  # "what's the point?" asks nothing
    return all(one.intent is Intent.RED_FLAG for one in here) and any(flag not in here for flag in flags)


def _asked_by(side: Side, sides: Sequence[Side], place: int, found: Judgement, *, may_be_marked: bool) -> str | None:
    """Return the rule by which a phrase asks: it begins so, or it ends in a question mark and is no mere answer."""
    phrase = side.phrases[place]
    opening = next((match for _, match in marks([side], Mark.ASKED) if match.phrase == place), None)
    if phrase.follows_list and not phrase.is_asked and phrase.tokens[0].text in side.known.groups["relatives"]:
        opening = None  # "manejo yo, que tengo buena mano" tells why
    if opening is not None and (phrase.is_asked or len(phrase.tokens) >= SHORTEST):
        return opening.entry.id
    answers = {word for _, match in marks(sides, *ANSWERS) for word in range(match.first, match.last + 1)}
    fillers = side.known.groups["filler"]
    if any(match.length == len(phrase.tokens) == 1 for match in found.lost if match.entry.means is Intent.CONFIRM):
        return None  # "Confirm?" only doubts the answer
    if found.has(Intent.SCORE) and all(token.text in side.known.pain | fillers for token in phrase.tokens):
        return None  # "Pain? 2" asks itself
    if found.has(Intent.OPT_OUT) and any(token.text in side.known.groups["texts"] for token in phrase.tokens):
        return None  # "you still text me?? stop" asks nothing
    content = [token for token in phrase.tokens if token.text not in fillers and token.first not in answers]
    return "any.question_mark" if may_be_marked and phrase.is_asked and content else None
