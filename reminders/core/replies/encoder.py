"""Chances of each intent from a small encoder (Vaswani et al. 2017): it has read much English before it read replies.

Where `weights` know words, the encoder knows which words are like which, and in what order they stand. It began as
all-MiniLM-L6-v2 (Apache-2.0) and learned from the same labelled replies; `tests/core/train_encoder.py` makes
`encoder.npz`, weights of one signed byte each. On one machine a text has the same chances whenever it is read; between
machines they differ in the seventh digit, as their processors add up in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reminders.core.replies.intents import Intent
from reminders.core.replies.pieces import BEGIN, END, pieces_of

Floats = NDArray[np.float32]
WINDOW, STRIDE = 94, 64
"""Pieces that are read at once, and how far the next window of a longer text begins behind the last."""
QUESTIONS = ("confirm", "ride", "check_in", "none")
NOTHING: frozenset[Intent] = frozenset()
HEADS = 12
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear layer: `weight` has a column for each output."""

    weight: Floats
    bias: Floats

    def __call__(self, given: Floats) -> Floats:
        """Return the outputs of rows."""
        held: Floats = given @ self.weight + self.bias
        return held


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation (arXiv 1607.06450)."""

    gain: Floats
    bias: Floats

    def __call__(self, given: Floats) -> Floats:
        """Return rows with mean 0 and variance 1, stretched and moved."""
        apart = given - given.mean(axis=-1, keepdims=True)
        spread = np.sqrt((apart * apart).mean(axis=-1, keepdims=True) + np.float32(TINY))
        held: Floats = apart / spread * self.gain + self.bias
        return held


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the encoder: every piece looks at every other, then thinks for itself."""

    looking: Dense
    looked: Dense
    after_looking: Norm
    wide: Dense
    narrow: Dense
    after_thinking: Norm

    def __call__(self, given: Floats) -> Floats:
        """Return the pieces of one text, each seen in the light of the others."""
        length, size = given.shape
        asked, told, value = self.looking(given).reshape(length, 3, HEADS, size // HEADS).transpose(1, 2, 0, 3)
        seen = _shares(asked @ told.transpose(0, 2, 1) / np.float32((size // HEADS) ** 0.5)) @ value
        held = self.after_looking(given + self.looked(seen.transpose(1, 0, 2).reshape(length, size)))
        return self.after_thinking(held + self.narrow(_gelu(self.wide(held))))


@dataclass(frozen=True, slots=True)
class Encoder:
    """The encoder with what it knows: `known` has the number of each piece, `words` and `places` their meaning."""

    known: Mapping[str, int]
    intents: tuple[Intent, ...]
    words: NDArray[np.int8]
    word_steps: Floats
    places: Floats
    first: Norm
    layers: tuple[Layer, ...]
    hidden: Dense
    last: Dense

    def chances(self, text: str, question: str, read: Iterable[Intent]) -> dict[Intent, float]:
        """Return how likely each intent is, from 0 to 1; `question` is what was asked, or "none".

        `read` is what the rules found. A long text is read through windows, and says what any of them says.
        """
        found = [self._chances(window, question, frozenset(read)) for window in windows(pieces_of(text, self.known))]
        best = np.max(found, axis=0)
        return {intent: float(chance) for intent, chance in zip(self.intents, best, strict=True)}

    def _chances(self, pieces: Sequence[int], question: str, read: frozenset[Intent]) -> Floats:
        numbers = [self.known[BEGIN], self.known[sign_of(question)], *pieces, self.known[END]]
        seen = self.first(self.words[numbers] * self.word_steps[numbers] + self.places[: len(numbers)])
        for layer in self.layers:
            seen = layer(seen)
        heard = np.concatenate([seen[0], seen.mean(axis=0)])
        # Asked twice: knowing what the rules found, and by the words alone, as it learned to in three replies of ten.
        odds = (self._log_odds(heard, question, read) + self._log_odds(heard, question, NOTHING)) / 2
        return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)

    def _log_odds(self, heard: Floats, question: str, read: frozenset[Intent]) -> Floats:
        asked = [float(question == one) for one in QUESTIONS]
        found = [float(intent in read) for intent in self.intents]
        whole = np.concatenate([heard, np.array([*found, *asked], dtype=np.float32)])
        return self.last(_gelu(self.hidden(whole)))


def sign_of(question: str) -> str:
    """Return the piece that stands for an open question."""
    return f"[unused{QUESTIONS.index(question)}]"


def windows(pieces: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield what is read at once: mostly all of it."""
    last = max(0, len(pieces) - WINDOW)
    for start in range(0, last + STRIDE, STRIDE):
        yield pieces[min(start, last) : min(start, last) + WINDOW]


def _shares(given: Floats) -> Floats:
    """Return softmax over the last axis."""
    grown = np.exp(given - given.max(axis=-1, keepdims=True))
    shares: Floats = grown / grown.sum(axis=-1, keepdims=True)
    return shares


def _gelu(given: Floats) -> Floats:
    """Return the Gaussian error linear unit in its usual approximation (Hendrycks, Gimpel 2016)."""
    bent: Floats = np.tanh(np.float32(0.7978845608) * (given + np.float32(0.044715) * given * given * given))
    return np.float32(0.5) * given * (1 + bent)


def unpack(held: Mapping[str, NDArray[np.generic]]) -> Encoder:
    """Return the encoder that these arrays are: matrices as signed bytes with a step for each output."""

    def floats(name: str) -> Floats:
        return np.asarray(held[name], dtype=np.float32)

    def dense(name: str) -> Dense:
        return Dense(np.ascontiguousarray((floats(name) * floats(f"{name}.step")[:, None]).T), floats(f"{name}.bias"))

    def norm(name: str) -> Norm:
        return Norm(floats(name), floats(f"{name}.bias"))

    def layer(number: int) -> Layer:
        at = f"layer{number}"
        return Layer(
            dense(f"{at}.looking"),
            dense(f"{at}.looked"),
            norm(f"{at}.after_looking"),
            dense(f"{at}.wide"),
            dense(f"{at}.narrow"),
            norm(f"{at}.after_thinking"),
        )

    count = sum(name.endswith(".looking") for name in held)
    return Encoder(
        known={piece: number for number, piece in enumerate(str(held["pieces"]).split("\n"))},
        intents=tuple(map(Intent, str(held["intents"]).split())),
        words=np.asarray(held["words"], dtype=np.int8),
        word_steps=floats("words.step")[:, None],
        places=floats("places"),
        first=norm("first"),
        layers=tuple(map(layer, range(count))),
        hidden=dense("hidden"),
        last=dense("last"),
    )


@cache
def encoder() -> Encoder:
    """Return the encoder that this release was made with."""
    # A text is little work: threads that wait for one another make it a hundred times slower on a busy machine.
    threadpool_limits(limits=1, user_api="blas")
    with (files(__package__) / "lexicons" / "encoder.npz").open("rb") as file, np.load(file) as held:
        return unpack(dict(held))
