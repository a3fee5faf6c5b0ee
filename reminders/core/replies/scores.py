"""Pain scores: the one whole number from 0 to 10 that a text gives, if it gives just one and means now.

A range, a number of before, two sites or a fraction is no score: staff read it, or we ask once more (requirement 44).
Times, dates, doses and counts are neither a score nor a rival of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from reminders.core.replies.lexicon import Lexicon
from reminders.core.replies.phrases import Phrase, Token

WORST = 10
OWN_NAME = ("this", "is")
MOST_BEFORE_COLOUR = 2
"""Words before a number of which only an unknown adjective follows: "a solid 8 dude"."""
LONGEST_NAME = 2
FIRST_YEAR = 1000
HALVES = frozenset({"half", "medio", "media"})
NUMBER = re.compile(r"\d+")
OUT_OF_TEN = re.compile(r"(\d{1,2})/10")
PROPORTION = re.compile(r"(\d+)/(\d+)")
DECIMAL = re.compile(r"\d+[.,]\d+|\d+[.,]?\d*-\d+[.,]?\d*|\d+\+")
ISH = re.compile(r"(\d+)(?:ish|rn|sh)")
SCALE = re.compile(r"[01]-10")
LAST_DAY_OF_MONTH, LAST_MONTH = 31, 12


class Kind(Enum):
    """What a number in a text is."""

    SCORE = auto()
    OTHER = auto()  # a time, a dose, a count: nothing to do with the score
    RIVAL = auto()  # it makes any score doubtful


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text, with the word it stands at."""

    kind: Kind
    value: int
    phrase: int
    token: Token


def numbers_in(phrases: Sequence[Phrase], known: Lexicon) -> list[Number]:
    """Return every number of a text and what it is."""
    return [number for place, phrase in enumerate(phrases) for number in _numbers(phrase, place, known)]


def only_score(numbers: Sequence[Number]) -> Number | None:
    """Return the score among numbers, where there is exactly one and nothing makes it doubtful."""
    if any(number.kind is Kind.RIVAL for number in numbers):
        return None
    scores = [number for number in numbers if number.kind is Kind.SCORE]
    return scores[0] if len({number.value for number in scores}) == 1 else None


def lone_number(numbers: Sequence[Number]) -> int | None:
    """Return the one number from 0 to 10 of a text that times and counts nothing, where no other stands beside it."""
    small = [number for number in numbers if number.value <= WORST]
    is_alone = len({number.value for number in small}) == 1
    can_be = is_alone and small[0].value >= 0 and all(number.kind is not Kind.OTHER for number in small)
    return small[0].value if can_be else None


def _numbers(phrase: Phrase, place: int, known: Lexicon) -> Iterator[Number]:
    for at, token in enumerate(phrase.tokens):
        value = _value(token.text, known)
        if value is not None:
            yield Number(_kind(phrase.tokens, at, value, known), value, place, token)
        elif DECIMAL.fullmatch(token.text):
            is_scale = SCALE.fullmatch(token.text) is not None
            kind = Kind.OTHER if is_scale or _next(phrase.tokens, at) in known.groups["units"] else Kind.RIVAL
            yield Number(kind, -1, place, token)
        elif proportion := PROPORTION.fullmatch(token.text):
            yield Number(_proportion_kind(proportion), -1, place, token)


def _value(text: str, known: Lexicon) -> int | None:
    if text in known.numbers:
        return known.numbers[text]
    for form in (NUMBER, OUT_OF_TEN, ISH):
        if match := form.fullmatch(text):
            return int(match.group(1) if form.groups else text)
    return None


def _proportion_kind(match: re.Match[str]) -> Kind:
    """Say what "5/6" is: a range for all we know, while "204/118" is a blood pressure."""
    one, other = int(match.group(1)), int(match.group(2))
    return Kind.OTHER if one > LAST_DAY_OF_MONTH and other > LAST_MONTH else Kind.RIVAL


def _kind(tokens: Sequence[Token], at: int, value: int, known: Lexicon) -> Kind:
    if value >= FIRST_YEAR or _is_count(tokens, at, known) or _is_scale(tokens, at, known):
        return Kind.OTHER
    is_told = _is_told_as_score(tokens, at, known)
    is_age = at > 0 and tokens[at - 1].text in known.groups["aged"]
    if value > LAST_MONTH and (is_age or not is_told):
        return Kind.OTHER
    if tokens[at].text in known.groups["number_or_not"] and not _is_number(tokens, at, known):
        return Kind.OTHER
    after = [token.text for token in tokens[at + 1 : at + 4]]
    is_approximate = after[:2] == ["or", "so"]
    if value > WORST or _previous(tokens, at, known) in known.groups["not_now"] or HALVES & set(after):
        return Kind.RIVAL
    if not is_approximate and after[:1] and after[0] in known.groups["not_now_after"]:
        return Kind.RIVAL
    return Kind.SCORE if is_told else Kind.RIVAL


def _is_told_as_score(tokens: Sequence[Token], at: int, known: Lexicon) -> bool:
    """Say whether a number stands as a score does: first, or after words that lead up to one, and counts nothing."""
    words = [token.text for token in tokens]
    if known.pain & set(words) or _is_rated(words, at, known):
        return True
    fillers = known.groups["filler"]
    before = [word for word in words[:at] if word not in fillers and _value(word, known) is None]
    if _is_of_something_else(before, known):
        return False
    leads_up = all(word in known.before_score for word in before) or _is_named(before, words[at - 1], known)
    return leads_up and (_follows_score(words, at, known) or _is_only_coloured(words, at, known))


def _is_only_coloured(words: Sequence[str], at: int, known: Lexicon) -> bool:
    """Say whether one word that nobody knows ends a short answer: "un siete raspado". What is counted is many."""
    after = words[at + 1 :]
    is_short = len(after) == 1 and at <= MOST_BEFORE_COLOUR
    return is_short and after[0].isalpha() and not after[0].endswith("s") and after[0] not in known.vocabulary


def _is_of_something_else(before: Sequence[str], known: Lexicon) -> bool:
    """Say whether what leads up to a number tells of another time or thing: "last night an 8", "sleep 4"."""
    now = max((place for place, word in enumerate(before) if word in known.groups["from_now_on"]), default=-1)
    return not known.groups["something_else"].isdisjoint(before[now + 1 :])


def _is_named(before: Sequence[str], last: str, known: Lexicon) -> bool:
    """Say whether words like "it's a" stand right before, or who writes: "this is Carol". Not in praise of somebody."""
    if known.groups["praised"] & {*before, *map(" ".join, pairwise(before))}:
        return False
    name = before[len(OWN_NAME) :] if tuple(before[: len(OWN_NAME)]) == OWN_NAME else ()
    is_signed = 0 < len(name) <= LONGEST_NAME and not (known.groups["labels"] | known.before_score).intersection(name)
    return is_signed or last in known.groups["right_before_score"]


def _follows_score(words: Sequence[str], at: int, known: Lexicon) -> bool:
    """Say whether what comes after a number leaves it a score: nothing, politeness, an emoji, itself once more."""
    after = words[at + 1] if at + 1 < len(words) else ""
    if words[at] == "2" and after in known.groups["too_much"]:
        return False
    if not after or after in known.after_score or after in known.groups["filler"]:
        return True
    return not any(map(str.isalnum, after)) or _value(after, known) == _value(words[at], known)


def _is_rated(words: Sequence[str], at: int, known: Lexicon) -> bool:
    """Say whether a number is told of ten: "3 outta 10", "8 of ten"; not "8 of 10 infusions"."""
    after = [word for word in words[at + 1 :] if word not in known.groups["of"]][:2]
    # "Seven/10" comes as two words; "6 10" are two numbers.
    is_of = words[at + 1 : at + 2] != after[:1] or words[at].isalpha()
    return is_of and _is_ten("".join(after[:1])) and not known.groups["units"].intersection(after[1:])


def _is_count(tokens: Sequence[Token], at: int, known: Lexicon) -> bool:
    """Say whether a number counts, dates or times something: "4 hours", "day 3", "took it at 8"."""
    before = tokens[at - 1].text if at > 1 or (at and tokens[0].text not in known.groups["answer_labels"]) else ""
    if _has_unit(tokens, at, known) or before in known.groups["labels"]:
        return True
    if before not in known.groups["clock"]:
        return False
    if at == 1 and " ".join(token.text for token in tokens[2:4]) in known.groups["will_do"]:
        return True  # "at 7 I'll call you"
    earlier = {token.text for token in tokens[max(0, at - 8) : at - 1]}
    return bool(earlier & set(known.groups["doings"])) and not earlier & set(known.groups["pain"])


def _has_unit(tokens: Sequence[Token], at: int, known: Lexicon) -> bool:
    """Say whether what is counted follows: "4 hours", "4 bad days"."""
    units = known.groups["units"]
    after = [token.text for token in tokens[at + 1 : at + 3]]
    if after[:1] and (after[0] in units or " ".join(after) in units):
        return True
    # In "its a 4 bad days its a 9" the days begin the next thought.
    is_named = at > 0 and tokens[at - 1].text in known.groups["right_before_score"]
    return not is_named and len(after) > 1 and after[0] in known.groups["unit_adjectives"] and after[1] in units


def _is_scale(tokens: Sequence[Token], at: int, known: Lexicon) -> bool:
    """Say whether a number is the end of the scale: "of 10", "1 to 10"."""
    text, before, after = tokens[at].text, tokens[at - 1].text if at else "", _next(tokens, at)
    ten, ends = {"10", "ten", "diez"}, {"0", "1", "zero", "one", "cero", "uno"}
    later = tokens[at + 2].text if at + 2 < len(tokens) else ""
    if text.isdigit() and text in ten and before.isalpha() and before in known.numbers:
        return True
    if text in ten and before in known.groups["of"] and any(_value(one.text, known) is not None for one in tokens[:at]):
        return True
    if text in ten | ends and after in known.groups["means"]:
        return bool(known.groups["scale_ends"].intersection(token.text for token in tokens[at + 2 : at + 5]))
    if text in ten and before in known.groups["to"] and at > 1 and tokens[at - 2].text in ends:
        return True
    return text in ends and after in known.groups["to"] and later in ten


def _is_number(tokens: Sequence[Token], at: int, known: Lexicon) -> bool:
    """Say whether "one" is a number, as it is only where it says so: "a one", "one out of ten", or alone."""
    before = tokens[at - 1].text if at else ""
    beside = [token.text for place, token in enumerate(tokens) if place != at]
    rest = " ".join(word for word in beside if word not in known.groups["filler"])
    is_alone = not rest or rest in known.groups["no_more_than"]
    is_rated = _next(tokens, at) in known.groups["of"] and at + 2 < len(tokens) and _is_ten(tokens[at + 2].text)
    is_named = before in known.groups["before_one"]
    # "Uno en la mano y seis en la espalda"
    is_placed = _next(tokens, at) in known.groups["placed"]
    return is_alone or is_rated or is_named or is_placed


def _is_ten(text: str) -> bool:
    return text in {"10", "ten", "diez"}


def _previous(tokens: Sequence[Token], at: int, known: Lexicon) -> str:
    """Return the word before, past articles and the like."""
    place = at - 1
    while place >= 0 and tokens[place].text in known.groups["articles"]:
        place -= 1
    return tokens[place].text if place >= 0 else ""


def _next(tokens: Sequence[Token], at: int) -> str:
    return tokens[at + 1].text if at + 1 < len(tokens) else ""
