"""From words found to what a text says: moods, the open question, and the rules for what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from reminders.core.replies.intents import Intent
from reminders.core.replies.lexicon import Lexicon, Mark, Mood
from reminders.core.replies.matching import Match
from reminders.core.replies.moods import SURVIVES, Moods
from reminders.core.replies.phrases import Phrase


@dataclass(frozen=True, slots=True)
class Side:
    """A text as one language reads it."""

    known: Lexicon
    phrases: tuple[Phrase, ...]
    matches: tuple[Match, ...]
    moods: Moods


@dataclass(frozen=True, slots=True)
class Said:
    """One reading of words `first` to `last` of a text, which stand in one phrase: what they say, by which rule."""

    intent: Intent
    first: int
    last: int
    phrase: int
    rule: str
    language: str
    is_mild: bool = False

    @classmethod
    def by(cls, match: Match, intent: Intent, *, is_mild: bool = False) -> Said:
        """Return what a match says."""
        return cls(intent, match.first, match.last, match.phrase, match.entry.id, match.language, is_mild)

    def holds(self, other: Said) -> bool:
        """Say whether all words of the other are among its own."""
        return self.first <= other.first and other.last <= self.last

    def touches(self, first: int, last: int) -> bool:
        """Say whether it takes one of these words."""
        return self.first <= last and first <= self.last


@dataclass(slots=True)
class Judgement:
    """What was made of the words: what they say, and what they would say were they sure."""

    said: list[Said] = field(default_factory=list)
    lost: list[Match] = field(default_factory=list)
    idioms: list[Match] = field(default_factory=list)
    denied: list[Said] = field(default_factory=list)

    def has(self, *intents: Intent) -> bool:
        """Say whether any of these was said."""
        return any(one.intent in intents for one in self.said)

    def drop(self, intent: Intent) -> None:
        """Take back an intent."""
        self.said = [one for one in self.said if one.intent is not intent]


def judge(sides: Sequence[Side]) -> Judgement:
    """Weigh every match by its mood."""
    found = Judgement()
    for side in sides:
        for match in side.matches:
            if match.entry.means is Mark.IDIOM:
                found.idioms.append(match)
                if match.entry.instead is not None:
                    found.said.append(Said.by(match, match.entry.instead, is_mild=True))
            elif isinstance(match.entry.means, Intent):
                _weigh(match, match.entry.means, side.moods.of(match), found)
    leave_out_echoes(sides, found)
    return found


def _weigh(match: Match, intent: Intent, moods: frozenset[Mood], found: Judgement) -> None:
    survives = match.entry.survives if match.entry.survives is not None else SURVIVES[intent]
    if moods <= survives:
        found.said.append(Said.by(match, intent))
        return
    found.lost.append(match)
    if Mood.NEGATED in moods and Mood.ASKED not in moods:
        instead = match.entry.instead or WHEN_DENIED.get(intent)
        if instead is not None:
            said = Said.by(match, instead, is_mild=True)
            found.said.append(said)
            found.denied += [said] if instead is Intent.SYMPTOM else []


WHEN_DENIED = {
    Intent.SYMPTOM: Intent.SYMPTOM,
    Intent.HAS_RIDE: Intent.NEEDS_RIDE,
    Intent.HIRED_RIDE: Intent.NEEDS_RIDE,
}
"""What is said by saying the contrary."""


def leave_out_echoes(sides: Sequence[Side], found: Judgement) -> None:
    """Hear no more than danger in the words of danger; what is merely denied adds nothing beside it.

    A complaint beside a danger ("stiff neck, light hurts, worst headache ever") is part of it, unless a word tells the
    two apart ("little dizzy. also cant move my arm").
    """
    deaths = [one for one in found.said if one.intent is Intent.DECEASED]
    found.said = [
        one for one in found.said if one.intent is not Intent.RED_FLAG or not any(death.holds(one) for death in deaths)
    ]
    flags = [one for one in found.said if one.intent is Intent.RED_FLAG]

    def is_echo(one: Said) -> bool:
        if one.is_mild and flags:
            return True
        if one.intent is Intent.SYMPTOM and flags and not _is_told_apart(sides, one, flags):
            return True
        if one.intent is Intent.OPT_OUT and _is_about_texts(sides, one):
            return False
        return any(flag.touches(one.first, one.last) for flag in flags)

    found.said = [one for one in found.said if one.intent not in ECHOES or not is_echo(one)]


def _is_about_texts(sides: Sequence[Side], one: Said) -> bool:
    """Say whether an opt-out names what it wants to end: "the only way to make it stop" need be about no texts."""
    return any(
        token.text in side.known.groups["texts"] or token.text == "stop"
        for side in sides
        if side.known.language == one.language
        for token in side.phrases[one.phrase].tokens
        if one.touches(token.first, token.last)
    )


def _is_told_apart(sides: Sequence[Side], one: Said, flags: Sequence[Said]) -> bool:
    """Say whether a complaint stands in a phrase of its own, and a word makes it less than the danger beside it."""
    places = {said.phrase for said in (one, *flags)}
    is_own = all(flag.phrase != one.phrase for flag in flags)
    return is_own and any(
        token.text in side.known.groups.get("besides", ())
        for side in sides
        for place in places
        if place < len(side.phrases)
        for token in side.phrases[place].tokens
    )


ECHOES = frozenset(
    {
        Intent.SYMPTOM,
        Intent.LATE,
        Intent.ARRIVED,
        Intent.HAS_RIDE,
        Intent.SELF_DRIVE,
        Intent.NEEDS_RIDE,
        Intent.HELP,
    }
    | {Intent.WRONG_NUMBER, Intent.DECEASED, Intent.CALL_ME, Intent.RESCHEDULE, Intent.HIRED_RIDE, Intent.CONFIRM}
    | {Intent.DECLINE, Intent.CONTACT_CHANGE, Intent.OPT_OUT}
)


def marks(sides: Iterable[Side], *kinds: Mark) -> Iterator[tuple[Side, Match]]:
    """Return the matches of some marks, with the side that they are on."""
    return ((side, match) for side in sides for match in side.matches if match.entry.means in kinds)


def is_clear(side: Side, match: Match) -> bool:
    """Say whether an answer stands unasked and unconditioned."""
    return not side.moods.of(match) - {Mood.NEGATED}


REASONS = frozenset({"es.decline.reason", "en.decline.reason"})
"""Rules by which a reason is given that alone is a refusal."""
SETTLED: tuple[tuple[Intent, tuple[Intent, ...]], ...] = (
    (Intent.RED_FLAG, (Intent.HELP,)),
    (Intent.DECLINE, (Intent.CONFIRM,)),
    (Intent.RESCHEDULE, (Intent.CONFIRM,)),
    (Intent.DECEASED, (Intent.CONFIRM, Intent.DECLINE, Intent.SYMPTOM, Intent.NEEDS_RIDE, Intent.HAS_RIDE)),
    (Intent.DECEASED, (Intent.WRONG_NUMBER,)),
    (Intent.WRONG_NUMBER, (Intent.CONFIRM, Intent.DECLINE, Intent.HELP)),
    (Intent.SELF_DRIVE, (Intent.HIRED_RIDE,)),
    (Intent.HAS_RIDE, (Intent.SELF_DRIVE,)),
    (Intent.NEEDS_RIDE, (Intent.HAS_RIDE,)),
    (Intent.OPT_OUT, (Intent.OPT_IN,)),
    (Intent.OPT_IN, (Intent.DECLINE,)),
)
"""What cannot be meant together: the first is kept. Any doubt about attendance ends it."""


def settle(found: Judgement) -> None:
    """Take back what the rest of a text contradicts."""
    if any(one not in found.denied for one in found.said):
        # "C, no chest pain" is a plain confirmation.
        found.said = [one for one in found.said if one not in found.denied]
    _find_solved(found)
    if found.has(Intent.RESCHEDULE):
        # "I have to work that day, can we do Thursday?" refuses nothing: it tells why.
        found.said = [one for one in found.said if one.rule not in REASONS]
    delays = [one for one in found.said if one.intent is Intent.LATE]
    # "I'll be there in 25" tells of the way, not of the day.
    found.said = [
        one
        for one in found.said
        if one.intent is not Intent.CONFIRM
        or not any(delay.touches(one.first, one.last) and delay.last > one.last for delay in delays)
    ]
    came = [one.last for one in found.said if one.intent is Intent.ARRIVED]
    if came:
        # "Just parked, walking over": who is here is on the way to the door only.
        found.said = [one for one in found.said if one.intent is not Intent.LATE or one.first <= min(came)]
    drivers = [one.last + 1 for one in found.said if one.intent is Intent.HAS_RIDE]
    # "Greg, my neighbor, 414-555-0121": the number is the driver's.
    found.said = [
        one
        for one in found.said
        if one.intent is not Intent.CONTACT_CHANGE or one.first != one.last or one.first not in drivers
    ]
    for winner, losers in SETTLED:
        if found.has(winner):
            for loser in losers:
                found.drop(loser)


def _find_solved(found: Judgement) -> None:
    """Leave out a missing ride that later words replace: "my wife can't but my son drives me"."""
    rides = [one for one in found.said if one.intent is Intent.HIRED_RIDE or one.rule in DRIVEN]
    missing = [one for one in found.said if one.intent is Intent.NEEDS_RIDE]
    drives = [one.first for one in found.said if one.intent is Intent.SELF_DRIVE]
    if drives and missing and all(one.last - one.first < SHORT_OF_A_RIDE and one.last < max(drives) for one in missing):
        found.drop(Intent.NEEDS_RIDE)
    if rides and missing and all(one.phrase < rides[-1].phrase and one.last < rides[-1].first for one in missing):
        found.drop(Intent.NEEDS_RIDE)


SHORT_OF_A_RIDE = 2
"""Words in which a missing ride only answers what was asked: "nobody, I will drive"."""
DRIVEN = frozenset({"en.has_ride.somebody_drives", "en.has_ride.somebody_agreed", "es.has_ride.somebody_drives"})
"""The rules by which somebody is said to drive, not only named."""


def main_side(sides: Sequence[Side], recorded: str) -> Side:
    """Return the language that a text is mostly in; the patient's recorded one where it could be either."""

    def weight(side: Side) -> tuple[int, bool]:
        common = side.known.groups["common"]
        words = sum(1 for phrase in side.phrases for token in phrase.tokens if token.text in common)
        return words, side.known.language == recorded

    return max(sides, key=weight)
