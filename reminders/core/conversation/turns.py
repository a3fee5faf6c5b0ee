"""Turns: which of the texts that wait are read together, and what is read before them. Pure.

Who wrote twice is heard in order: a second text of a phone is in a later turn. Within a turn danger comes first, then
opt-outs; all else is of different phones, so that it may be read at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from reminders.core.consent import bare_opt_out
from reminders.core.danger_words import sounds_like_danger
from reminders.core.ids import InboundId

MOST_TEXTS, MOST_SIGNS = 25, 2_500
"""What one turn holds at most: as long as it is read, its phones are locked, and the longest texts take longest."""


@dataclass(frozen=True, slots=True)
class WaitingText:
    """A text that nobody read yet, as it is looked at before that. `body` is None where it or its sender is not opened.

    `sender` stands for the phone, and cannot be turned back into it.
    """

    id: InboundId
    sender: bytes
    body: str | None
    opt_out_type: str | None = None
    is_page: bool = False


@dataclass(slots=True)
class Turn:
    """What is read next: each of `alone` in this order, by itself, then all of `together`."""

    by_itself: list[InboundId] = field(default_factory=list)
    danger: list[InboundId] = field(default_factory=list)
    opt_outs: list[InboundId] = field(default_factory=list)
    together: list[InboundId] = field(default_factory=list)
    senders: set[bytes] = field(default_factory=set)
    signs: int = 0

    @property
    def alone(self) -> Sequence[InboundId]:
        """What cannot wait, the most pressing first."""
        return [*self.by_itself, *self.danger, *self.opt_outs]

    def has_room(self, text: WaitingText, body: str) -> bool:
        """Say whether a text may be read in this turn."""
        is_full = len(self.senders) >= MOST_TEXTS or self.signs + len(body) > MOST_SIGNS
        return not self.senders or not (is_full or text.sender in self.senders)

    def add(self, text: WaitingText, body: str) -> None:
        """Take a text in."""
        self.senders.add(text.sender)
        self.signs += len(body)
        if sounds_like_danger(body):
            self.danger.append(text.id)
        elif bare_opt_out(body, opt_out_type=text.opt_out_type) is not None:
            self.opt_outs.append(text.id)
        else:
            self.together.append(text.id)


def turns(texts: Iterable[WaitingText]) -> Iterator[Turn]:
    """Yield the turns in which texts are read, given in the order in which they came.

    What was written on a page, or cannot be opened, has a turn to itself.
    """
    turn = Turn()
    for text in texts:
        if text.body is None or text.is_page:
            if turn.senders:
                yield turn
            yield Turn(by_itself=[text.id])
            turn = Turn()
            continue
        if not turn.has_room(text, text.body):
            yield turn
            turn = Turn()
        turn.add(text, text.body)
    if turn.senders:
        yield turn
