"""How well replies are read, on both halves of the labelled ones; rules are tuned on one of them only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from reminders.core.replies import Intent
from tests.core.reply_scores import FOLDER, HALVES, Result, measure, miss, replies, scores, summary, table

# A half has thousands of replies.
pytestmark = pytest.mark.timeout(600)
FEW = 40
"""Replies by which table and misses are seen to be told: both are lines of text, whatever the number of replies."""


@dataclass(frozen=True)
class Bar:
    """What a half must reach at least, and what may be wrong in it at most."""

    accuracy: float = 0.97
    missed_opt_outs: int = 0
    missed_red_flags: int = 0
    false_confirms: int = 0
    false_opt_outs: int = 3
    false_scores: int = 0


BARS = {
    "tuning": Bar(),
    # Below the bar, and known to be: what it reaches today on 4,416 replies, so that it cannot fall back unseen.
    "held_back": Bar(0.967, 1, 2, 4, 7, 3),
    # The same, of 5,769 that were mostly written to be hard: despair, half a wish to be left alone, figures of speech.
    "set_aside": Bar(0.922, 12, 12, 5, 12, 4),
}
EXAMINATIONS = {
    "exam14c": Bar(),
    "exam15c": Bar(),
    "exam15d": Bar(),
    # Not there yet, likewise.
    "v12c": Bar(false_confirms=1, false_scores=2),
    "exam16c": Bar(0.968),
    "exam16d": Bar(0.938, missed_opt_outs=1),
}
"""500 replies each, by somebody who had read the specification and saw nothing of ours; nothing is learned of them."""


def test_every_labelled_reply_is_whole() -> None:
    keys = {"id", "text", "open_question", "language", "intents", "score", "voice"}
    rows = [
        json.loads(line) for file in FOLDER.glob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines()
    ]
    assert {frozenset(row) for row in rows} == {frozenset(keys)}
    assert len({row["id"] for row in rows}) == len(rows)
    assert all((row["score"] is not None) == ("score" in row["intents"]) for row in rows)


@pytest.mark.parametrize("half", HALVES)
def test_replies_are_read_as_people_read_them(half: str) -> None:
    results = measure(replies(half))
    told = _below(results, BARS[half])
    for name, bar in EXAMINATIONS.items() if half == "held_back" else ():
        told += _below([result for result in results if result.wanted.id.startswith(name)], bar)
    # Figures only: a failure must not show the texts of the half that rules are not tuned on.
    assert not told, "\n".join(told)


def _below(results: Sequence[Result], bar: Bar) -> list[str]:
    """Return the figures of some results, if any of them is worse than it may be."""
    found = scores(results)
    below = {
        "accuracy": found.accuracy < bar.accuracy,
        "missed opt-outs": len(found.missed_opt_outs) > bar.missed_opt_outs,
        "missed red flags": len(found.missed_red_flags) > bar.missed_red_flags,
        "false confirms": len(found.false_confirms) > bar.false_confirms,
        "false opt-outs": len(found.false_opt_outs) > bar.false_opt_outs,
        "false scores": len(found.false_scores) > bar.false_scores,
    }
    failed = [name for name, is_below in below.items() if is_below]
    return [f"worse than it may be: {', '.join(failed)}", *summary(found)] if failed else []


def test_the_program_tells_every_intent_and_every_miss() -> None:
    rows = measure(replies("tuning")[:FEW])
    assert [line.split()[0] for line in table(rows)[1:]] == list(Intent)
    assert all(result.wanted.id in miss(result) for result in rows[:3])
