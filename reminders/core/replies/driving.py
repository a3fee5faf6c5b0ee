"""Who is at the wheel while unwell: two things that are harmless apart and may stand in two sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reminders.core.replies.intents import Intent
from reminders.core.replies.judging import Judgement, Said, Side

RULE = "driving_unwell"
OF_THE_DRIVE = frozenset({Intent.SELF_DRIVE, Intent.ARRIVED})
"""What a crash or an unfit drive is about besides: it adds nothing to the danger."""


def read_driving(sides: Sequence[Side], found: Judgement) -> None:
    """Add the danger of somebody who drives and tells of dizziness; what is only about the drive is taken back."""
    for side in sides:
        wheel = next(_at_the_wheel(side), None)
        complaint = next((one for one in found.said if _makes_unfit(side, one)), None)
        if wheel is not None and complaint is not None:
            rule = f"{side.known.language}.{Intent.RED_FLAG}.{RULE}"
            found.said = [one for one in found.said if one is not complaint]
            found.said.append(
                Said(Intent.RED_FLAG, complaint.first, complaint.last, complaint.phrase, rule, side.known.language)
            )
    flags = {one.phrase for one in found.said if one.intent is Intent.RED_FLAG and ".driving" in one.rule}
    if flags:
        found.said = [one for one in found.said if one.intent not in OF_THE_DRIVE and not _is_the_way(one, flags)]


def _is_the_way(one: Said, flags: Collection[int]) -> bool:
    """Say whether a delay is only where it happened: "rear ended someone on the way back"."""
    return one.intent is Intent.LATE and one.phrase in flags


def _at_the_wheel(side: Side) -> Iterator[int]:
    """Return the phrases that say that the writer drives or drove; "my wife is driving home" does not."""
    rows = side.known.groups["at_the_wheel"]
    elsewhere = side.known.groups["person"] | side.known.groups["not_yet"]
    for place, phrase in enumerate(side.phrases):
        text = f" {phrase.text}"
        words = {token.text for token in phrase.tokens}
        if not words & elsewhere and any(f" {row} " in text for row in rows):
            yield place


def _makes_unfit(side: Side, one: Said) -> bool:
    """Say whether a complaint is one that nobody should drive with."""
    if one.intent is not Intent.SYMPTOM or one.is_mild or one.language != side.known.language:
        return False
    tokens = side.phrases[one.phrase].tokens
    return any(token.text in side.known.groups["unfit"] for token in tokens if one.touches(token.first, token.last))
