"""What a text costs, on vectors that agree with the provider's own counter (requirement 25)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.segments import GSM_BASIC, GSM_EXTENDED, Alphabet, measure


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 153 + "€" * 4, 2),
        ("\N{GRINNING FACE}" * 35, 1),
        ("\N{GRINNING FACE}" * 36, 2),
        ("á" * 70, 1),
        ("á" * 71, 2),
    ],
)
def test_the_segments_of_known_texts(text: str, segments: int) -> None:
    assert measure(text).segments == segments


def test_a_character_of_two_units_is_not_torn_apart() -> None:
    # 152 + 1 pair would fill 154 septets, so the pair opens the second part.
    assert measure("a" * 152 + "€" + "a" * 152).segments == 3
    assert measure("a" * 66 + "\N{GRINNING FACE}" + "á" * 66).segments == 3


@pytest.mark.parametrize("char", "ñé¿¡üàèìòùÑÄÖÜäöß£¥@§")
def test_these_letters_are_cheap(char: str) -> None:
    assert measure(char).alphabet is Alphabet.GSM7


@pytest.mark.parametrize("char", "áíóúç’‘“”–…\N{NO-BREAK SPACE}\N{THUMBS UP SIGN}")
def test_these_characters_are_dear_and_named(char: str) -> None:
    found = measure(f"a{char}b{char}")
    assert found.alphabet is Alphabet.UCS2
    assert found.odd_characters == (char,)


@pytest.mark.parametrize("char", "^{}\\[~]|€\f")
def test_these_characters_cost_two(char: str) -> None:
    assert measure(char * 80).segments == 1
    assert measure(char * 81).segments == 2


@given(st.text(alphabet=sorted(GSM_BASIC | GSM_EXTENDED), max_size=700), st.text(alphabet="aá€", max_size=3))
def test_more_text_never_costs_less(text: str, more: str) -> None:
    assert measure(text + more).segments >= measure(text).segments >= 1
