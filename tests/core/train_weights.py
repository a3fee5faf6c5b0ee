"""Learns the weights of the second reader from the labelled replies, and writes them where the product reads them.

    python3 -m tests.core.train_weights            a few minutes; the same replies give the same file

What the rules make of a reply is a feature. Of replies on which rules were tuned it says too much, so what they made of
a reply before that is kept in `tests/data/replies/first_readings.json` and counts instead: add new replies with
`--note` before anybody tunes a rule on them. Replies that are held back are never read here.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reminders.core.replies import Intent
from reminders.core.replies import weights as product
from reminders.core.replies.interpret import interpret_by_rules, question_of
from reminders.core.replies.lexicon import LANGUAGES, lexicon
from reminders.core.replies.weights import SIZE, chance, features_of, pack, tokens_of
from tests.core.reply_scores import FOLDER, Labelled, replies

FILE = Path(product.__file__).parent / "lexicons" / "weights.bin"
FIRST = FOLDER / "first_readings.json"
ROUNDS = 6
RATE = 0.5
SURE_ENOUGH = 0.02
"""An error so small teaches nothing."""
Row = tuple[Sequence[tuple[int, float]], Sequence[float]]


def first_readings() -> Mapping[str, Sequence[str]]:
    """Return what the rules found in replies before anybody tuned on them, by the reply's id."""
    found: Mapping[str, Sequence[str]] = json.loads(FIRST.read_text(encoding="utf-8"))
    return found


def row_of(reply: Labelled, first: Mapping[str, Sequence[str]]) -> Row:
    """Return a reply's features, and for each intent whether it says it."""
    return _row(reply, [Intent(word) for word in first[reply.id]] if reply.id in first else read_by_rules(reply))


def _row(reply: Labelled, read: Sequence[Intent] | None) -> Row:
    features = features_of(tokens_of(reply.text), question_of(reply.question), read)
    return list(features.items()), [float(intent in reply.intents) for intent in Intent]


def lexicon_rows() -> Iterator[Row]:
    """Yield every example of the lexicons and what only looks like one, as the rules read them: tests hold them to it.

    The rules' findings do not count here, so that the weights learn from the words what the rules know.
    """
    for known in map(lexicon, LANGUAGES):
        asked = [(entry, min(filter(None, entry.under), default=None)) for entry in known.entries]
        told = [(text, kind) for entry, kind in asked for text in (*entry.examples, *entry.near)]
        for text, kind in dict.fromkeys(
            [*told, *((text, None) for net in known.nets for text in (*net.examples, *net.near))]
        ):
            reply = Labelled(text, text, kind, known.language, frozenset(), None)
            yield _row(replace(reply, intents=frozenset(read_by_rules(reply))), None)


def read_by_rules(reply: Labelled) -> Sequence[Intent]:
    return interpret_by_rules(reply.text, open_question=reply.question, language=reply.language).intents


def learn(rows: Sequence[Row], *, rounds: int = ROUNDS) -> tuple[list[float], list[array[float]]]:
    """Return bias and weights for each intent: logistic regression by AdaGrad (Duchi, Hazan, Singer 2011), seeded."""
    weights = [array("d", bytes(8 * SIZE)) for _ in Intent]
    squares = [array("d", bytes(8 * SIZE)) for _ in Intent]
    biases = [-3.0 for _ in Intent]
    order, rng = list(range(len(rows))), random.Random(1)  # noqa: S311 - an order to take again
    for turn in range(rounds):
        rng.shuffle(order)
        for place in order:
            features, wanted = rows[place]
            for number, target in enumerate(wanted):
                row = weights[number]
                error = chance(biases[number] + sum(row[at] * value for at, value in features)) - target
                if abs(error) > SURE_ENOUGH:
                    biases[number] -= SURE_ENOUGH * error
                    _step(row, squares[number], features, error)
        sys.stderr.write(f"round {turn + 1} of {rounds}\n")
    return biases, weights


def _step(row: array[float], squares: array[float], features: Sequence[tuple[int, float]], error: float) -> None:
    for at, value in features:
        slope = error * value
        squares[at] += slope * slope
        row[at] -= RATE * slope / (math.sqrt(squares[at]) + 1e-6)


def note() -> int:
    """Keep what the rules find today in replies that are not noted yet, labelled for tuning or held back."""
    known = dict(first_readings())
    for half in ("tuning", "learning", "held_back"):
        known |= {
            reply.id: [str(one) for one in read_by_rules(reply)] for reply in replies(half) if reply.id not in known
        }
    FIRST.write_text(json.dumps(known, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    return 0


def main() -> int:
    """Learn and write, or note."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--note", action="store_true", help="keep what the rules find today in new replies")
    if parser.parse_args().note:
        return note()
    first = first_readings()
    told = [row_of(reply, first) for half in ("tuning", "learning") for reply in replies(half)]
    biases, weights = learn([*told, *lexicon_rows()])
    FILE.write_bytes(pack(list(Intent), biases, weights))
    sys.stdout.write(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
