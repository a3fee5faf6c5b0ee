"""Casting the nets of a language over a text, after its phrases were read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement, Said, Side, leave_out_echoes
from reminders.core.replies.lexicon import Mark
from reminders.core.replies.nets import Net
from reminders.core.replies.patterns import Row
from reminders.core.replies.phrases import Token

SAME_WORDS = frozenset({Intent.QUESTION, Intent.HELP, Intent.DECLINE})
"""What a net that comes last takes the words of: "who told you you could text me"."""
BESIDE = SAME_WORDS | {Intent.CONFIRM, Intent.CONTACT_CHANGE, Intent.CALL_ME, Intent.WRONG_NUMBER, Intent.OPT_OUT}
"""What such a net may stand beside; anything else explains the words of it already."""


def read_nets(sides: Sequence[Side], found: Judgement) -> None:
    """Add what words mean together that stand too far apart to be read as one."""
    for side in sides:
        if side.known.nets:
            _read(side, sides, found)


def _read(side: Side, sides: Sequence[Side], found: Judgement) -> None:
    text = _Text.of(side)
    for net in side.known.nets:
        if net.is_last and any(one.intent not in BESIDE for one in found.said):
            continue
        if stretch := net.caught(text.row, text.words, partial(text.counts, net)):
            said = text.said(net, *stretch)
            if net.is_last:
                found.said = [
                    one for one in found.said if one.intent not in SAME_WORDS or not one.touches(said.first, said.last)
                ]
            found.said.append(said)
            leave_out_echoes(sides, found)


@dataclass(frozen=True, slots=True)
class _Text:
    """A whole text as one row of words; `places` are the phrase and the place in it of each."""

    side: Side
    places: tuple[tuple[int, int], ...]
    tokens: tuple[Token, ...]
    row: Row
    words: frozenset[str]

    @classmethod
    def of(cls, side: Side) -> _Text:
        """Return the phrases of a text in a row."""
        places = tuple((place, at) for place, phrase in enumerate(side.phrases) for at in range(len(phrase.tokens)))
        tokens = tuple(side.phrases[place].tokens[at] for place, at in places)
        row = Row(tuple(token.text for token in tokens), side.known.groups["filler"])
        return cls(side, places, tokens, row, frozenset(row.words))

    def said(self, net: Net, start: int, end: int) -> Said:
        """Return what a net has caught."""
        first, last = self.tokens[start].first, self.tokens[end - 1].last
        return Said(net.intent, first, last, self.places[start][0], net.id, self.side.known.language)

    def counts(self, net: Net, start: int, end: int) -> bool:
        """Say whether a part of a net is meant: not asked, not denied, and no turn of phrase explains it away."""
        phrase, at = self.places[start]
        first, last = self.tokens[start].first, self.tokens[end - 1].last
        if net.is_told and self.side.moods.is_asked(phrase, at):
            return False
        return not (self._is_denied(net.intent, phrase, at) or self._is_explained(net.intent, first, last))

    def _is_denied(self, intent: Intent, phrase: int, at: int) -> bool:
        """Say whether a plain denial stands right before a word of danger: "no pills saved up"."""
        before = self.side.phrases[phrase].tokens[at - 1].text if at else ""
        return intent is Intent.RED_FLAG and before in self.side.known.groups["plainly_not"]

    def _is_explained(self, intent: Intent, first: int, last: int) -> bool:
        """Say whether a turn of phrase holds these words; one that means nothing must hold more than them."""
        return any(
            match.first <= first
            and last <= match.last
            and (
                match.entry.means is Mark.IDIOM
                or (match.entry.means is Mark.GUARD and intent in match.entry.guards)
                or (match.entry.means is Mark.NOTHING and match.last - match.first > last - first)
            )
            for match in self.side.matches
        )
