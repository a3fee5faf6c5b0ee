"""Requirement 45 where the reader of replies fails: which words call staff, whatever stands beside them."""

from __future__ import annotations

import pytest

from reminders.core.danger_words import sounds_like_danger


@pytest.mark.parametrize(
    "text",
    [
        "my chest feels tight and i cant breathe",
        "I CAN\u2019T BREATHE!!",
        "i want to kill myself",
        "dont want to be alive anymore",
        "took all my pills",
        "he passed out and wont wake up",
        "throat is closing",
        "bp is 210 over 115",
        "No puedo respirar",
        "quiero morirme",
        "me quiero matar",
        "se desmay\u00f3",
        "tengo la garganta hinchada",
        "yes. also no chest pain",
    ],
)
def test_words_of_danger_are_found_in_both_languages_and_nothing_takes_them_back(text: str) -> None:
    assert sounds_like_danger(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "STOP",
        "please stop bothering my dog",
        "7",
        "running late",
        "my son drives me",
        "s\u00ed, mi hijo me lleva",
    ],
)
def test_everyday_words_call_nobody(text: str) -> None:
    assert not sounds_like_danger(text)
