"""Rounds: how far a worker has come with the texts that wait, and what it reads next of them. No input, no output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reminders.core.conversation.turns import Turn, WaitingText, pressing, turns
from reminders.core.ids import InboundId


@dataclass(slots=True)
class Round:
    """One round of reading: what waits is looked at oldest first, some at a time, until nothing is left to try.

    What cannot be read is tried once a round: those behind it have their turn. Who has a text with another worker is
    left to it, or to the next round: what somebody wrote later must not be read before.
    """

    tried: set[InboundId] = field(default_factory=set)
    elsewhere: set[InboundId] = field(default_factory=set)
    """What another worker was reading."""
    after: InboundId | None = None
    """Up to here nothing is left to try."""
    held: set[bytes] = field(default_factory=set)
    """Of whom another worker was reading something up to there."""
    pressing: Sequence[WaitingText] = ()
    """What presses, wherever it waits, with what the same phones wrote before."""

    def see_far(self, texts: Iterable[WaitingText]) -> None:
        """Look at much more than is read next, so that danger behind a thousand texts does not wait for them.

        At nothing, where the oldest are all that waits: who is held by a text that was read meanwhile must be heard.
        """
        self.pressing = pressing(texts)

    def turn_of(self, oldest: Sequence[WaitingText]) -> Turn | None:
        """Return what is read next of the oldest that wait and of what presses; None where nothing is left of them."""
        seen = {text.id: text for text in (*self.pressing, *oldest)}
        held = self._held_by(seen.values())
        left = [text for text in seen.values() if text.id not in self.tried and text.sender not in held]
        turn = next(turns(left), None)
        if turn is not None:
            self.tried.update(turn.in_order)
        return turn

    def pass_by(self, oldest: Sequence[WaitingText]) -> None:
        """Go on behind these, of which nothing is left to try."""
        self.after, self.held = oldest[-1].id, self._held_by(oldest)

    def _held_by(self, texts: Iterable[WaitingText]) -> set[bytes]:
        return self.held | {text.sender for text in texts if text.id in self.elsewhere}
