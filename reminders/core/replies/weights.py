"""Chances of each intent from weights that were learned from labelled replies: the second reader's eyes.

Words, pieces of words, neighbours, the open question and what the rules found are each a feature; a feature's weight
for an intent stands in `weights.bin`, one signed byte each. That file is made by `tests/core/train_weights.py` from the
labelled replies and from nothing else. The same text has the same chances wherever and whenever it is read.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from operator import mul

from reminders.core.replies.intents import Intent

BITS = 18
SIZE = 1 << BITS
"""Places for features. Two that share one blur each other a little: that is the price of a small file."""
PIECES = (3, 4, 5)
WORD = re.compile(r"[a-z0]+|[^\sa-z0]")
MOST_SURE = 30.0
NEAR_ZERO = 1e-6
STRONG = 2.0
"""How much more than a word a finding of the rules counts."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word as features see it, and where it stands in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of each intent: `rows` are signed bytes in steps of `step`."""

    intents: tuple[Intent, ...]
    biases: tuple[float, ...]
    step: float
    rows: tuple[array[int], ...]

    def chances(self, features: Mapping[int, float]) -> dict[Intent, float]:
        """Return how likely each intent is, from 0 to 1."""
        every = zip(self.intents, self.biases, self.rows, strict=True)
        places, values = list(features), list(features.values())
        return {intent: chance(bias + self._sum(row, places, values)) for intent, bias, row in every}

    def words_for(self, intent: Intent, tokens: Sequence[Token], question: str) -> list[Token]:
        """Return the words that speak most for an intent, in their order; the first word where none does."""
        row = self.rows[self.intents.index(intent)]
        features = [_counted(_of_word(token.text, question)) for token in tokens]
        sums = (self._sum(row, list(found), list(found.values())) for found in features)
        told = list(zip(sums, tokens, strict=True))
        best = max((weight for weight, _ in told), default=0.0)
        return [token for weight, token in told if weight > 0 and weight >= best / 2] or list(tokens[:1])

    def _sum(self, row: array[int], places: Sequence[int], values: Sequence[float]) -> float:
        # Added up in this order and no other: sums of floats depend on it.
        total: float = sum(map(mul, map(row.__getitem__, places), values))
        return self.step * total


def chance(weight: float) -> float:
    """Return a weight as a chance between 0 and 1."""
    return 1 / (1 + math.exp(-max(-MOST_SURE, min(MOST_SURE, weight))))


def log_odds(given: float) -> float:
    """Return a chance as a weight: the reverse of `chance`."""
    held = min(max(given, NEAR_ZERO), 1 - NEAR_ZERO)
    return math.log(held / (1 - held))


def tokens_of(text: str) -> list[Token]:
    """Cut a text into words: lower case, no accents, each digit a 0; signs stand alone."""
    folded, places = [], []
    for place, sign in enumerate(text):
        for one in unicodedata.normalize("NFKD", sign.lower().replace("\u2019", "'")):
            if not unicodedata.combining(one):
                folded.append("0" if one.isdigit() else one)
                places.append(place)
    found = WORD.finditer("".join(folded))
    return [Token(item.group(), places[item.start()], places[item.end() - 1] + 1) for item in found]


def features_of(tokens: Sequence[Token], question: str, read: Iterable[Intent] | None) -> dict[int, float]:
    """Return the features of a text by place, their squares adding up to one.

    `question` is what was asked, or "none"; `read` is what the rules found, None where that is not to count.
    """
    found = _counted(_names([token.text for token in tokens], question))
    if read is not None:
        names = sorted(str(intent) for intent in read)
        for name in names:
            found[_place(f"RI={name}")] = STRONG
            found[_place(f"RIQ={name}|{question}")] = 1.0
        found[_place(f"RIset={','.join(names)}")] = 1.0
    size = math.sqrt(sum(value * value for value in found.values()))
    return {place: value / size for place, value in found.items()}


def _names(words: Sequence[str], question: str) -> Iterator[str]:
    yield f"q={question}"
    for word in words:
        yield from _of_word(word, question)
    ends = ["^", *words, "$"]
    yield from (f"b={one}_{two}" for one, two in pairwise(ends))
    yield from (f"t={one}_{two}_{three}" for one, two, three in zip(ends, ends[1:], ends[2:], strict=False))
    yield from (f"s={one}*{three}" for one, three in zip(words, words[2:], strict=False))


def _of_word(word: str, question: str) -> Iterator[str]:
    yield f"w={word}"
    yield f"wq={word}|{question}"
    whole = f"<{word}>"
    for length in PIECES:
        yield from (f"c={whole[at : at + length]}" for at in range(len(whole) - length + 1))


def _counted(names: Iterable[str]) -> dict[int, float]:
    found: dict[int, float] = {}
    for name in names:
        place = _place(name)
        found[place] = min(found.get(place, 0.0) + 1.0, STRONG)
    return found


def _place(name: str) -> int:
    return zlib.crc32(name.encode()) & (SIZE - 1)


def pack(intents: Sequence[Intent], biases: Sequence[float], rows: Sequence[Sequence[float]]) -> bytes:
    """Write weights as bytes, rounded to signed bytes. `rows` has for each intent a weight for each place."""
    step = max(abs(weight) for row in rows for weight in row) / 127
    head = {"intents": [str(one) for one in intents], "biases": [round(bias, 4) for bias in biases], "step": step}
    body = b"".join(array("b", (round(weight / step) for weight in row)).tobytes() for row in rows)
    return json.dumps(head).encode() + b"\n" + zlib.compress(body, 9)


def unpack(packed: bytes) -> Weights:
    """Read what `pack` wrote."""
    head, _, body = packed.partition(b"\n")
    told, raw = json.loads(head), zlib.decompress(body)
    rows = tuple(array("b", raw[at : at + SIZE]) for at in range(0, len(raw), SIZE))
    return Weights(tuple(map(Intent, told["intents"])), tuple(told["biases"]), told["step"], rows)


@cache
def weights() -> Weights:
    """Return the weights that this release was made with."""
    return unpack((files(__package__) / "lexicons" / "weights.bin").read_bytes())
