"""Casting the nets of a language over a text, after its phrases were read one by one."""

from __future__ import annotations

from collections.abc import Sequence

from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement, Said, Side, leave_out_echoes
from reminders.core.replies.lexicon import Mark
from reminders.core.replies.nets import Net
from reminders.core.replies.patterns import Row

SAME_WORDS = frozenset({Intent.QUESTION, Intent.HELP, Intent.DECLINE})
"""What a net that comes last takes the words of: "who told you you could text me"."""
BESIDE = SAME_WORDS | {Intent.CONFIRM, Intent.CONTACT_CHANGE, Intent.CALL_ME, Intent.WRONG_NUMBER, Intent.OPT_OUT}
"""What such a net may stand beside; anything else explains the words of it already."""
EXPLAINED = frozenset({Mark.NOTHING, Mark.IDIOM})


def read_nets(sides: Sequence[Side], found: Judgement) -> None:
    """Add what words mean together that stand too far apart to be read as one."""
    for side in sides:
        if side.known.nets:
            _read(side, sides, found)


def _read(side: Side, sides: Sequence[Side], found: Judgement) -> None:
    places = [(place, at) for place, phrase in enumerate(side.phrases) for at in range(len(phrase.tokens))]
    tokens = [side.phrases[place].tokens[at] for place, at in places]
    row = Row(tuple(token.text for token in tokens), side.known.groups["filler"])
    words = frozenset(row.words)
    for net in side.known.nets:
        if net.is_last and any(one.intent not in BESIDE for one in found.said):
            continue
        explained = _explained(side, net.intent)

        def counts(start: int, end: int, net: Net = net, explained: Sequence[tuple[int, int]] = explained) -> bool:
            first, last = tokens[start].first, tokens[end - 1].last
            is_asked = net.is_told and side.moods.is_asked(*places[start])
            is_explained = any(begin <= first and last <= finish for begin, finish in explained)
            return not (is_asked or is_explained or _is_denied(side, net.intent, *places[start]))

        if stretch := net.caught(row, words, counts):
            start, end = stretch
            first, last, phrase = tokens[start].first, tokens[end - 1].last, places[start][0]
            if net.is_last:
                found.said = [one for one in found.said if one.intent not in SAME_WORDS or not one.touches(first, last)]
            found.said.append(Said(net.intent, first, last, phrase, net.id, side.known.language))
            leave_out_echoes(sides, found)


def _explained(side: Side, intent: Intent) -> list[tuple[int, int]]:
    """Return the stretches that a turn of phrase explains away."""
    return [
        (match.first, match.last)
        for match in side.matches
        if match.entry.means in EXPLAINED or (match.entry.means is Mark.GUARD and intent in match.entry.guards)
    ]


def _is_denied(side: Side, intent: Intent, place: int, at: int) -> bool:
    """Say whether a plain denial stands right before a word of danger: "no pills saved up"."""
    before = side.phrases[place].tokens[at - 1].text if at else ""
    return intent is Intent.RED_FLAG and before in side.known.groups["plainly_not"]
