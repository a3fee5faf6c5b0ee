"""How well replies are read, on a sample of each half of the labelled ones; rules are tuned on one half only.

`python3 -m tests.core.reply_scores` reads the halves whole, and fails by bars of their own.
"""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from reminders.core.replies import Intent, interpret
from tests.core.reply_bars import EXAMINATIONS, SAMPLE_BARS, Bar
from tests.core.reply_scores import (
    FOLDER,
    HALVES,
    SAMPLE,
    URGENT,
    Labelled,
    Result,
    below,
    below_the_bars,
    measure,
    miss,
    replies,
    sample,
    table,
)

FEW = 40
"""Replies by which table and misses are seen to be told: both are lines of text, whatever the number of replies."""


def test_every_labelled_reply_is_whole() -> None:
    keys = {"id", "text", "open_question", "language", "intents", "score", "voice"}
    rows = [
        json.loads(line) for file in FOLDER.glob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines()
    ]
    assert {frozenset(row) for row in rows} == {frozenset(keys)}
    assert len({row["id"] for row in rows}) == len(rows)
    assert all((row["score"] is not None) == ("score" in row["intents"]) for row in rows)


@pytest.mark.parametrize("half", HALVES)
def test_a_sample_is_read_as_people_read_it(half: str) -> None:
    results = measure(sample(replies(half)))
    assert len(results) == SAMPLE
    assert sum(not result.wanted.intents.isdisjoint(URGENT) for result in results) == SAMPLE // 2
    # Figures only: a failure must not show the texts of the half that rules are not tuned on.
    told = below(results, SAMPLE_BARS[half])
    assert not told, "\n".join(told)


def test_a_sample_is_the_same_in_any_order_and_what_is_added_takes_the_places_of_few() -> None:
    known = replies("tuning")
    drawn = sample(known, 200)
    assert sample(known[::-1], 200) == drawn
    assert len({one.id for one in sample([*known, *replies("set_aside")[:400]], 200)} - {one.id for one in drawn}) < 40


@pytest.mark.parametrize("place", range(len(fields(Bar))))
def test_one_step_below_a_bar_is_told(place: int) -> None:
    reached: list[float] = [0.9, 1, 1, 1, 1, 1]
    bar = Bar(*reached)  # type: ignore[arg-type]  # the first is a share, the others are counts
    assert bar.missed_by(bar) == []
    reached[place] = 0.899 if place == 0 else 2
    worse = Bar(*reached)  # type: ignore[arg-type]  # as above
    assert bar.missed_by(worse) == [fields(Bar)[place].name]


def test_one_examination_below_its_bar_fails_a_half_that_is_not() -> None:
    many = [_read_as(Intent.THANKS, f"{name}-{number}") for name in EXAMINATIONS for number in range(20)]
    assert below_the_bars("held_back", many) == []
    told = below_the_bars("held_back", [*many, _read_as(Intent.DECLINE, "exam14c-20")])
    assert [line for line in told if "worse" in line or "replies" in line] == [
        "worse than it may be: accuracy",
        "replies          21",
    ]


def _read_as(meant: Intent, key: str) -> Result:
    wanted = Labelled(key, "thanks", None, None, frozenset({meant}), None)
    return Result(wanted, interpret("thanks", open_question=None))


def test_the_program_tells_every_intent_and_every_miss() -> None:
    rows = measure(replies("tuning")[:FEW])
    assert [line.split()[0] for line in table(rows)[1:]] == list(Intent)
    assert all(result.wanted.id in miss(result) for result in rows[:3])
