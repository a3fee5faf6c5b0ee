"""Finding the words of a lexicon in a text, the longest reading of the same words first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reminders.core.cadences import QuestionKind
from reminders.core.replies.intents import Intent
from reminders.core.replies.lexicon import Entry, Lexicon, Mark
from reminders.core.replies.patterns import Row, is_mere_sign
from reminders.core.replies.phrases import Phrase

TURNS = frozenset({Mark.NOTHING, Mark.IDIOM})
QUIET = frozenset({Mark.TAG, Mark.ASIDE, Mark.PROXY})
"""What only says how the rest is meant: it takes no words and gives none away."""
STANDING = TURNS | QUIET | {Mark.GUARD, Mark.CONDITIONAL, Mark.HEDGE, Mark.GUESS, Intent.RED_FLAG, Intent.OPT_OUT}
"""What other words do not take away by holding it among more."""
YIELDING = frozenset(
    {
        Intent.RESCHEDULE,
        Intent.LATE,
        Intent.ARRIVED,
        Intent.NEEDS_RIDE,
        Intent.SELF_DRIVE,
        Intent.HIRED_RIDE,
        Intent.HAS_RIDE,
        Intent.SYMPTOM,
    }
)
"""Intents of which only one can be meant by the same words. Danger, opt-outs and refusals are never given up."""


@dataclass(frozen=True, slots=True)
class Match:
    """An entry whose words a phrase holds: tokens `start` to before `end` of it, words `first` to `last` of the text.

    `named` are the words that its pattern names; others stand where it allows any word.
    """

    entry: Entry
    phrase: int
    start: int
    end: int
    first: int
    last: int
    language: str
    named: frozenset[str]

    @property
    def length(self) -> int:
        """Return how many words of the text it takes."""
        return self.last - self.first + 1

    def covers(self, other: Match) -> bool:
        """Say whether the other's words are among these, and fewer."""
        return self.first <= other.first and other.last <= self.last and other.length < self.length

    def holds(self, other: Match) -> bool:
        """Say whether all of the other's words are among these."""
        return self.first <= other.first and other.last <= self.last

    def spoils(self, other: Match) -> bool:
        """Say whether the other begins within this turn of phrase and is no longer: "my car died | died yesterday"."""
        return self.first <= other.first <= self.last and other.length <= self.length

    def overlaps(self, other: Match) -> bool:
        """Say whether both take a word."""
        return self.first <= other.last and other.first <= self.last


def find(phrases: Sequence[Phrase], known: Lexicon, question: QuestionKind | None) -> list[Match]:
    """Return every match of a lexicon in a text."""
    fillers = known.groups["filler"]
    content = sum(_is_content(token.text, fillers) for phrase in phrases for token in phrase.tokens)
    everything = sum(1 for phrase in phrases for token in phrase.tokens if not _is_quiet(token.text, known))
    return [
        match
        for place, phrase in enumerate(phrases)
        for match in _find_in(phrase, place, known, question, fillers)
        if _is_alone(match, phrase, fillers, content, everything)
    ]


def _find_in(
    phrase: Phrase, place: int, known: Lexicon, question: QuestionKind | None, fillers: frozenset[str]
) -> Iterator[Match]:
    row = Row(tuple(token.text for token in phrase.tokens), fillers)
    for entry, pattern in known.candidates(row.words):
        if not entry.under or question in entry.under:
            for start, end in pattern.matches(row):
                first, last = phrase.tokens[start].first, phrase.tokens[end - 1].last
                yield Match(entry, place, start, end, first, last, known.language, pattern.words)


def _is_content(word: str, fillers: frozenset[str]) -> bool:
    return word not in fillers and not is_mere_sign(word)


def _is_quiet(word: str, known: Lexicon) -> bool:
    """Say whether a word leaves another one bare: a greeting, or a sign without letters. "Please" does not."""
    return word in known.groups["greetings"] or not any(char.isalnum() for char in word)


def _is_alone(match: Match, phrase: Phrase, fillers: frozenset[str], content: int, everything: int) -> bool:
    """Say whether an entry that wants the whole text has it."""
    tokens = phrase.tokens[match.start : match.end]
    if match.entry.is_bare:
        return len(tokens) == everything
    if match.entry.is_whole:
        return sum(_is_content(token.text, fillers) for token in tokens) == content
    return True


def longest(matches: Sequence[Match]) -> list[Match]:
    """Leave out every match whose words another takes together with more, or that a turn of phrase explains away.

    "The uber is late" is about being late, not about an uber; "no problem" is no "no"; a bus stop stops nothing.
    """
    guards = [match for match in matches if match.entry.means is Mark.GUARD]
    standing = [match for match in matches if not any(_takes(guard, match) for guard in guards)]
    kept = [match for match in standing if not any(_takes(other, match) for other in standing)]
    return [match for match in kept if not any(_is_better(other, match) for other in kept)]


def _takes(one: Match, other: Match) -> bool:
    """Say whether this match leaves nothing of the other. Danger and opt-outs yield only to what explains them away."""
    if one.entry.means in QUIET:
        return False
    if one.entry.means is Mark.GUARD:
        is_near = other.entry.means not in STANDING and one.spoils(other)
        return other.entry.means in one.entry.guards and (one.holds(other) or is_near)
    if (one.entry.is_bare or one.entry.is_whole) and one.entry.means is not other.entry.means:
        return one.holds(other) and not (other.entry.is_bare or other.entry.is_whole)
    if one.entry.means in TURNS:
        return one.covers(other) or (other.entry.means not in STANDING and one.spoils(other))
    if one.entry.means is Intent.OPT_OUT and other.entry.means is Intent.CALL_ME:
        return False  # "I prefer a phone call to texts" asks for both
    is_alike = one.entry.means in {other.entry.means, Intent.OPT_IN}
    return one.covers(other) and (is_alike or other.entry.means not in STANDING)


def _is_better(one: Match, other: Match) -> bool:
    """Say whether two intents share words and this one takes more of them: "el uber | uber viene tarde"."""
    return (
        one.language == other.language
        and one.entry.means in YIELDING
        and other.entry.means in YIELDING
        and one.entry.means is not other.entry.means
        and one.length > other.length
        and one.overlaps(other)
    )
