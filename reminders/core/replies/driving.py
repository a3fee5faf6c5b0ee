"""Who is at the wheel while unwell: two things that are harmless apart and may stand in two sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement, Said, Side

RULE = "driving_unwell"
RULES = (".driving", ".unfit_at_the_wheel")
"""What the rules of dangers on the road are called by."""
OF_THE_DRIVE = frozenset({Intent.SELF_DRIVE, Intent.ARRIVED, Intent.HAS_RIDE})
"""What a crash or an unfit drive is about besides: it adds nothing to the danger."""


def read_driving(sides: Sequence[Side], found: Judgement) -> None:
    """Add the danger of somebody who drives and tells of dizziness; what is only about the drive is taken back."""
    for side in sides:
        wheel = next(_at_the_wheel(side), None)
        complaints = [one for one in found.said if _makes_unfit(side, one)]
        if wheel is not None and complaints:
            rule = f"{side.known.language}.{Intent.RED_FLAG}.{RULE}"
            found.said = [one for one in found.said if one not in complaints]
            found.said += [replace(one, intent=Intent.RED_FLAG, rule=rule) for one in complaints]
    flags = {one.phrase for one in found.said if one.intent is Intent.RED_FLAG and _is_of_the_drive(sides, one)}
    if flags:
        found.said = [one for one in found.said if one.intent not in OF_THE_DRIVE and not _is_the_way(one, flags)]


def _is_of_the_drive(sides: Sequence[Side], one: Said) -> bool:
    """Say whether a danger is about the drive: by its rule, or because the same sentence tells who drove."""
    return any(rule in one.rule for rule in RULES) or any(
        side.phrases[place].sentence == side.phrases[one.phrase].sentence
        for side in sides
        if side.known.language == one.language
        for place in _at_the_wheel(side)
    )


def _is_the_way(one: Said, flags: Collection[int]) -> bool:
    """Say whether a delay is only where it happened: "rear ended someone on the way back"."""
    return one.intent is Intent.LATE and one.phrase in flags


def _at_the_wheel(side: Side) -> Iterator[int]:
    """Return the phrases that say that the writer drives or drove; "my wife is driving home" does not."""
    rows = side.known.groups["at_the_wheel"]
    elsewhere = side.known.groups["person"] | side.known.groups["not_yet"]
    for place, phrase in enumerate(side.phrases):
        text = f" {phrase.text}"
        before = [text.partition(f" {row} ")[0].split() for row in rows if f" {row} " in text]
        if any(not elsewhere.intersection(words) for words in before):
            yield place


def _makes_unfit(side: Side, one: Said) -> bool:
    """Say whether a complaint is one that nobody should drive with."""
    if one.intent is not Intent.SYMPTOM or one.is_mild or one.language != side.known.language:
        return False
    tokens = side.phrases[one.phrase].tokens
    return any(token.text in side.known.groups["unfit"] for token in tokens if one.touches(token.first, token.last))
