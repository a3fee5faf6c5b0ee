"""Yes, no, ok and C mean what was asked (replies, section 4), and only where nothing makes them doubtful."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reminders.core.cadences import QuestionKind
from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement, Said, Side, is_clear, marks
from reminders.core.replies.lexicon import Mark
from reminders.core.replies.matching import Match
from reminders.core.replies.phrases import Token

YES: Mapping[QuestionKind, Intent] = {QuestionKind.CONFIRM: Intent.CONFIRM, QuestionKind.RIDE: Intent.HAS_RIDE}
NO: Mapping[QuestionKind, Intent] = {QuestionKind.CONFIRM: Intent.DECLINE, QuestionKind.RIDE: Intent.NEEDS_RIDE}
"""What an answer says to each question. A check-in asks for a number: yes and no say nothing there."""
RIDES = (Intent.NEEDS_RIDE, Intent.SELF_DRIVE, Intent.HIRED_RIDE, Intent.HAS_RIDE)
MUCH = 3
"""How many words that nobody knows make a yes doubtful that stands in one sentence with them."""
SHORT = 2
"""How many words that nobody knows an "ok" may carry and still be an answer: "ok Dana", "ok mañana"."""
CHATTY = 6
"""How many words that nobody knows thanks may carry: "thanks Dr Alvarez"."""
LAUGHING = 1
"""The same for a laugh, which may stand beside anything."""
NAMED_WITHIN = 3
"""How many words may stand before a person who is the answer to who drives: "a good friend", "my dear old dad"."""
FOR_ANOTHER = frozenset({"en.confirm.another_attends"})
"""The rules by which "she will be there" is attendance: only of somebody who says that they write for the patient."""
TOLD_FOR = ".another_attends"
"""How those rules end: "my husband says he will come" is no guess of his."""
GRAVE = frozenset({Intent.OPT_OUT, Intent.RED_FLAG})
DOUBTS = (Mark.CONDITIONAL, Mark.HEDGE, Mark.GUESS)


def read_answers(sides: Sequence[Side], found: Judgement, question: QuestionKind | None) -> None:
    """Add what an answer says to the open question."""
    if not any(True for _ in marks(sides, Mark.PROXY)):
        found.said = [one for one in found.said if one.rule not in FOR_ANOTHER]
    for side, match in marks(sides, Mark.NO):
        _add_no(side, match, found, question)
    for side, match in marks(sides, Mark.YES, Mark.CODE, Mark.OK):
        if is_clear(side, match) and _counts(match, sides, found, question):
            _add_yes(match, found, question)
    if found.has(Intent.CONFIRM) and is_doubtful(sides, found):
        found.drop(Intent.CONFIRM)
    if question is QuestionKind.RIDE and not found.said and not found.lost:
        _add_named(sides, found)


def _add_named(sides: Sequence[Side], found: Judgement) -> None:
    """Take a person who is named in answer to who drives as who drives: nothing may deny, doubt or ask."""
    is_marked = any(True for _ in marks(sides, *DOUBTS, Mark.NO, Mark.NOTHING, Mark.IDIOM, Mark.GUARD))
    words = [(side, token.text) for side in sides for phrase in side.phrases for token in phrase.tokens]
    if is_marked or _asks(sides) or any(word in side.known.groups["no_driver"] for side, word in words):
        return
    for side in sides:
        for place, phrase in enumerate(side.phrases):
            at = next((at for at, token in enumerate(phrase.tokens) if token.text in side.known.groups["person"]), None)
            if at is not None and at <= NAMED_WITHIN:
                token = phrase.tokens[at]
                rule = f"{side.known.language}.{Intent.HAS_RIDE}.named"
                found.said.append(Said(Intent.HAS_RIDE, token.first, token.last, place, rule, side.known.language))
                return


def _add_no(side: Side, match: Match, found: Judgement, question: QuestionKind | None) -> None:
    meaning = NO.get(question) if question is not None else None
    if meaning is None or not is_clear(side, match):
        return
    is_answered = found.has(*RIDES) if question is QuestionKind.RIDE else found.has(Intent.CONFIRM, Intent.OPT_OUT)
    if not is_answered:
        found.said.append(Said.by(match, meaning))


def _add_yes(match: Match, found: Judgement, question: QuestionKind | None) -> None:
    if match.entry.means is Mark.CODE:
        if question is None or question is QuestionKind.CONFIRM:
            found.said.append(Said.by(match, Intent.CONFIRM))
        return
    meaning = YES.get(question) if question is not None else None
    if meaning is None or (meaning is Intent.HAS_RIDE and found.has(*RIDES)):
        return
    if meaning is Intent.HAS_RIDE and any(
        one.intent is Intent.CONFIRM
        and (
            one.touches(match.first - 1, match.last + 1)
            or (one.phrase == match.phrase and one.language == match.language)
        )
        for one in found.said
    ):
        return  # "yes I'm coming" and "I'll be there, yes" tell of no ride
    found.said.append(Said.by(match, meaning))


def _counts(match: Match, sides: Sequence[Side], found: Judgement, question: QuestionKind | None) -> bool:
    """Say whether an answer may be taken at its word: an "ok" beside anything else is mere politeness."""
    if match.entry.means is Mark.CODE:
        return True
    if match.entry.means is not Mark.OK:
        return question is not QuestionKind.CONFIRM or not _answers_something_else(match, sides, found)
    if question is QuestionKind.RIDE and any(True for _ in marks(sides, Mark.THANKS)):
        return False  # "ok thanks" thanks for the reminder; it tells of no ride
    return not found.said and not found.lost and unknown_words(sides) <= SHORT and not _asks(sides)


def _answers_something_else(answer: Match, sides: Sequence[Side], found: Judgement) -> bool:
    """Say whether a yes goes on with what is not about the visit: "yes, the pharmacy is on 5th"."""
    for side, aside in marks(sides, Mark.ASIDE):
        phrases = side.phrases
        tokens = phrases[aside.phrase].tokens
        place = next(at for at, phrase in enumerate(phrases) if phrase.tokens[-1].last >= answer.first)
        if aside.phrase not in {place, place + 1}:
            continue
        is_known = any(
            one.intent is not Intent.SYMPTOM and one.touches(tokens[0].first, tokens[-1].last) for one in found.said
        )
        is_of_it = any(token.text in side.known.groups["of_the_visit"] for token in tokens)
        if phrases[aside.phrase].sentence == phrases[place].sentence and not is_known and not is_of_it:
            return True
    return _tells_much_else(answer, sides, found)


def _tells_much_else(answer: Match, sides: Sequence[Side], found: Judgement) -> bool:
    """Say whether a yes stands in a sentence of much that nobody knows: "yeah we won the game last night"."""
    least = MUCH
    for side in sides:
        place = next(at for at, phrase in enumerate(side.phrases) if phrase.tokens[-1].last >= answer.first)
        sentence = side.phrases[place].sentence
        same = [at for at, phrase in enumerate(side.phrases) if phrase.sentence == sentence]
        tokens = [token for at in same if not side.moods.is_asked(at) for token in side.phrases[at].tokens]
        if any(one.touches(tokens[0].first, tokens[-1].last) for one in found.said if tokens):
            return False
        is_thanked = any(match.phrase in same for _, match in marks([side], Mark.THANKS))
        of_it = side.known.groups["of_the_visit"] | side.known.groups["ahead"]
        if is_thanked or any(token.text in of_it for token in tokens) or _tells_pain(side, tokens):
            return False
        unknown = _unknown(side, sides)
        # "yes, nine o'clock Thursday" repeats what was asked.
        least = min(least, sum(1 for token in tokens if token.first in unknown and not _tells_when(side, token.text)))
    return least >= MUCH


def _tells_pain(side: Side, tokens: Sequence[Token]) -> bool:
    """Say whether words tell a pain in numbers, which answers our other question: "yes and my pain is a 5"."""
    words = {token.text for token in tokens}
    return not words.isdisjoint(side.known.pain) and any(
        word[0].isdigit() or word in side.known.numbers for word in words
    )


def _tells_when(side: Side, word: str) -> bool:
    groups = side.known.groups
    return word[0].isdigit() or word in side.known.numbers or word in groups["day"] | groups["units"]


def _asks(sides: Sequence[Side]) -> bool:
    return any(
        side.moods.is_asked(place, len(side.phrases[place].tokens))
        for side in sides
        for place in range(len(side.phrases))
    )


def unknown_words(sides: Sequence[Side]) -> int:
    """Return how many words of a text no entry of any language knows."""
    return min((len(_unknown(side, sides)) for side in sides), default=0)


def _unknown(side: Side, sides: Sequence[Side]) -> set[int]:
    taken = {word for other in sides for match in other.matches for word in range(match.first, match.last + 1)}
    fillers = side.known.groups["filler"]
    tokens = [token for phrase in side.phrases for token in phrase.tokens if token.text not in fillers]
    return {word for token in tokens for word in range(token.first, token.last + 1)} - taken


def is_doubtful(sides: Sequence[Side], found: Judgement) -> bool:
    """Say whether anything in a text speaks against a confirmation: then it is none.

    An if, a perhaps, a denial that nothing explains, or attendance that was spoken of but not promised.
    """
    if any(
        match.entry.means in {Intent.CONFIRM, Intent.DECLINE} and not _is_of_a_question(sides, match)
        for match in found.lost
    ):
        return True
    # A doubt within a question ("what time should I come?") is about what is asked.
    # And one about the ride ("yes but I don't know how I'm getting home") is about the ride.
    rides = [one for one in found.said if one.intent is Intent.NEEDS_RIDE]
    if any(
        not _is_only_asked(side, match, found)
        and not (match.entry.means is Mark.HEDGE and any(one.touches(match.first, match.last) for one in rides))
        and not any(one.rule.endswith(TOLD_FOR) and one.touches(match.first, match.last) for one in found.said)
        for side, match in marks(sides, *DOUBTS)
    ):
        return True
    return any(_has_loose_denial(side, sides, found) for side in sides)


def _is_of_a_question(sides: Sequence[Side], match: Match) -> bool:
    """Say whether attendance is only what a question is about: "yes, how long will I be there"."""
    side = next(side for side in sides if side.known.language == match.language)
    tokens = side.phrases[match.phrase].tokens
    begins = {token.text for token in tokens[: match.start + 1]}
    return match.start > 0 and not begins.isdisjoint(side.known.groups["asks_about_it"])


def _is_only_asked(side: Side, match: Match, found: Judgement) -> bool:
    """Say whether a doubt stands in a question, in that part of it or in a sentence of its own."""
    sentence = side.phrases[match.phrase].sentence
    same = [place for place, phrase in enumerate(side.phrases) if phrase.sentence == sentence]
    is_own = not any(one.intent is Intent.CONFIRM and one.phrase in same for one in found.said)
    return side.moods.is_asked(match.phrase, match.start) or (
        is_own and any(side.moods.is_asked(place, len(side.phrases[place].tokens)) for place in same)
    )


def _has_loose_denial(side: Side, sides: Sequence[Side], found: Judgement) -> bool:
    denials = side.known.groups["not"]
    loose = _unknown(side, sides)
    known = side.known.language
    explained = {match.phrase for match in found.lost if match.language == known and side.moods.is_denied(match)}
    places = {one.phrase for one in found.said if one.intent is Intent.CONFIRM and one.language == side.known.language}
    sentences = {side.phrases[place].sentence for place in places}
    return any(
        token.text in denials and token.first in loose and place not in explained
        for place, phrase in enumerate(side.phrases)
        if phrase.sentence in sentences
        for token in phrase.tokens
    )


def _idioms_of_their_own(sides: Sequence[Side], found: Judgement) -> list[Match]:
    """Return the turns of phrase that are not themselves part of thanks: "you guys are killing it" is."""
    thanked = [match for _, match in marks(sides, Mark.THANKS)]
    return [idiom for idiom in found.idioms if not any(match.holds(idiom) for match in thanked)]


def is_thanks(sides: Sequence[Side], found: Judgement, question: QuestionKind | None) -> bool:
    """Say whether a text is thanks, chatter or, where nothing was asked, mere acknowledgement."""
    is_marked = any(True for _ in marks(sides, Mark.NO, Mark.NOTHING, *DOUBTS))
    if found.lost or _idioms_of_their_own(sides, found) or is_marked or _asks(sides):
        return False
    if any(one.entry.guards & GRAVE for _, one in marks(sides, Mark.GUARD)) and not _is_thanked(sides):
        return False  # "don't stop the reminders lol" is more than a laugh
    kinds = (Mark.THANKS,) if question is not None else (Mark.THANKS, Mark.YES, Mark.OK)
    unknown = unknown_words(sides)
    is_said = any(True for _ in marks(sides, *kinds)) and unknown <= CHATTY
    return is_said or (unknown <= LAUGHING and any(True for _ in marks(sides, Mark.CHATTER)))


def _is_thanked(sides: Sequence[Side]) -> bool:
    """Say whether somebody says thanks in words, not only by a heart."""
    return any(word[0].isalpha() for _, match in marks(sides, Mark.THANKS) for word in match.named)
