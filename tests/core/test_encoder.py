"""The encoder: pieces of words, windows of long texts, and chances that are the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from reminders.core.replies import Intent
from reminders.core.replies.encoder import STRIDE, WINDOW, encoder, windows
from reminders.core.replies.pieces import BEGIN, END, UNKNOWN, pieces_of

PIECES = [UNKNOWN, "stop", "text", "##ing", "##s", "thumb", "##up", "up", "sign", "no", "'", "t"]
KNOWN = {piece: number for number, piece in enumerate(PIECES)}


def cut(text: str) -> list[str]:
    """The pieces of a text, by name."""
    return [PIECES[number] for number in pieces_of(text, KNOWN)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stop texting", ["stop", "text", "##ing"]),
        ("STÓP", ["stop"]),
        ("texts no", ["text", "##s", "no"]),
        ("no\N{RIGHT SINGLE QUOTATION MARK}t", ["no", "'", "t"]),
        ("st\N{ZERO WIDTH SPACE}op", ["stop"]),
        ("\N{THUMBS UP SIGN}", ["thumb", "##s", "up", "sign"]),
        ("stopx", [UNKNOWN]),
        ("", []),
        ("\N{ZERO WIDTH JOINER}", []),
    ],
)
def test_a_word_is_cut_into_the_longest_pieces_that_are_known(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize("length", [0, 1, WINDOW, WINDOW + 1, WINDOW + STRIDE, WINDOW + STRIDE + 1, 1000])
def test_windows_cover_a_text_whole_and_none_is_longer_than_can_be_read(length: int) -> None:
    found = list(windows(range(length)))
    assert {place for window in found for place in window} == set(range(length))
    assert all(len(window) <= WINDOW for window in found)
    assert len(found) == 1 + max(0, -(-(length - WINDOW) // STRIDE))


def test_pieces_and_places_are_enough_for_what_is_read() -> None:
    known = encoder()
    assert {BEGIN, END, UNKNOWN} <= set(known.known)
    assert len(known.known) == len(known.words) == len(known.word_steps)
    assert len(known.places) >= WINDOW + 3
    assert set(known.intents) == set(Intent)


def test_the_same_text_has_the_same_chances() -> None:
    found = [encoder().chances("could you quit it with these texts", "confirm", [Intent.UNCLEAR]) for _ in range(2)]
    assert found[0] == found[1]
    assert all(0 <= chance <= 1 for chance in found[0].values())


def test_layers_see_the_order_of_words_and_the_question() -> None:
    known = encoder()

    def score(text: str, question: str) -> float:
        return known.chances(text, question, [Intent.UNCLEAR])[Intent.SCORE]

    assert score("took me four of them", "check_in") != score("took me four of them", "ride")
    assert score("i would say four", "check_in") > score("i would say four", "ride")
    heard = known.chances("the driver i have is my son", "ride", [])
    turned = known.chances("son my is have i driver the", "ride", [])
    assert heard != turned


def test_what_stands_at_the_end_of_a_long_text_is_heard() -> None:
    story = "we went to see the lake and it was lovely weather all day long " * 14
    without, within = (
        encoder().chances(text, "none", [])[Intent.OPT_OUT]
        for text in (story, f"{story} and please stop texting me for good")
    )
    assert within > 10 * without


def test_weights_are_whole_numbers_of_their_steps() -> None:
    known = encoder()
    assert known.words.dtype == np.int8
    assert not np.isnan(known.layers[0].looking.weight).any()
