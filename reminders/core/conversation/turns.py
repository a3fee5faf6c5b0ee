"""Turns: which of the texts that wait are read together, and what is read before them. Pure.

Who wrote twice is heard in order: a second text of a phone is in a later turn, and nobody else waits for it. Phones
with danger or an opt-out among their texts come first. Within a turn danger comes first, then opt-outs; all is of
different phones, so that it may be read at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

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


class Press(IntEnum):
    """How pressing a text is at first sight, the most pressing first."""

    DANGER = 0
    OPT_OUT = 1
    ELSE = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """A text at first sight."""

    id: InboundId
    sender: bytes
    signs: int
    press: Press


@dataclass(slots=True)
class Turn:
    """What is read next: each of `alone`, then `opt_outs` at once, then all of `together` at once."""

    alone: list[InboundId] = field(default_factory=list)
    opt_outs: list[InboundId] = field(default_factory=list)
    together: list[InboundId] = field(default_factory=list)
    signs: int = 0

    @property
    def in_order(self) -> Sequence[InboundId]:
        """All of it, the most pressing first."""
        return [*self.alone, *self.opt_outs, *self.together]

    def has_room(self, text: Seen) -> bool:
        """Say whether a text may be read in this turn."""
        held = len(self.in_order)
        return not held or (held < MOST_TEXTS and self.signs + text.signs <= MOST_SIGNS)

    def add(self, text: Seen) -> None:
        """Take a text in."""
        self.signs += text.signs
        of = {Press.DANGER: self.alone, Press.OPT_OUT: self.opt_outs, Press.ELSE: self.together}
        of[text.press].append(text.id)


def turns(texts: Iterable[WaitingText]) -> Iterator[Turn]:
    """Yield the turns in which texts are read, given in the order in which they came.

    What was written on a page, or cannot be opened, has a turn to itself: after all that came before, before the rest.
    """
    of_phones: list[Seen] = []
    for text in texts:
        if text.body is None or text.is_page:
            yield from _of_phones(of_phones)
            yield Turn(alone=[text.id])
            of_phones = []
        else:
            press = _press(text.body, text.opt_out_type)
            of_phones.append(Seen(text.id, text.sender, len(text.body), press))
    yield from _of_phones(of_phones)


def pressing(texts: Iterable[WaitingText]) -> Sequence[WaitingText]:
    """Return what the phones wrote that have danger or an opt-out among their texts, given in the order of arrival.

    Only up to what a phone wrote on a page, or what does not open: that has its place among all others.
    """
    of_phones: dict[bytes, list[WaitingText]] = {}
    closed: set[bytes] = set()
    for text in texts:
        if text.body is None or text.is_page:
            closed.add(text.sender)
        elif text.sender not in closed:
            of_phones.setdefault(text.sender, []).append(text)
    return [text for theirs in of_phones.values() if any(map(_presses, theirs)) for text in theirs]


def _presses(text: WaitingText) -> bool:
    return text.body is not None and _press(text.body, text.opt_out_type) is not Press.ELSE


def _press(body: str, opt_out_type: str | None) -> Press:
    if sounds_like_danger(body):
        return Press.DANGER
    return Press.ELSE if bare_opt_out(body, opt_out_type=opt_out_type) is None else Press.OPT_OUT


def _of_phones(texts: Sequence[Seen]) -> Iterator[Turn]:
    waiting: dict[bytes, deque[Seen]] = {}
    for text in texts:
        waiting.setdefault(text.sender, deque()).append(text)
    while waiting:
        turn = Turn()
        # One that says nothing pressing is heard all the same before what the same phone says after it.
        for theirs in sorted(waiting.values(), key=lambda items: min(item.press for item in items)):
            if not turn.has_room(theirs[0]):
                break
            turn.add(theirs.popleft())
        yield turn
        waiting = {sender: theirs for sender, theirs in waiting.items() if theirs}
