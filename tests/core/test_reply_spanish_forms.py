"""Spanish words in other forms than the lexicon's, and politeness in the midst of a sentence."""

from __future__ import annotations

import pytest

from reminders.core.cadences import QuestionKind
from reminders.core.replies import Intent, interpret
from reminders.core.replies.typos import Endings

KNOWN = frozenset({"mensajes", "rapido", "mareado", "hinchada", "dolor", "visita"})
RULES = {"[scz]?it[oa]": ["", "o", "a"], "[scz]?it[oa]s": ["es", "os"], "isim[oa]": ["o", "a"], "ao": ["ado"]}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mensajitos", "mensajes"),
        ("rapidisimo", "rapido"),
        ("mareao", "mareado"),
        ("dolorcito", "dolor"),
        ("visita", None),
        ("ito", None),
        ("tomatito", None),
    ],
)
def test_a_familiar_ending_gives_way_to_a_word_that_is_known_and_to_no_other(typed: str, meant: str | None) -> None:
    assert Endings(RULES, KNOWN, KNOWN).meant(typed) == meant


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("no me manden por favor más mensajes", Intent.OPT_OUT),
        ("no me manden, señorita, más mensajitos", Intent.OPT_OUT),
        ("me duele la neta muchísimo el pecho", Intent.RED_FLAG),
        ("toy bien mareao", Intent.SYMPTOM),
    ],
)
def test_politeness_and_endings_in_between_hide_nothing(text: str, intent: Intent) -> None:
    assert interpret(text, open_question=None, language="es").intents == (intent,)


def test_a_comma_at_politeness_ends_what_stands_before_it() -> None:
    found = interpret("sí, señorita ya voy", open_question=QuestionKind.CONFIRM, language="es")
    assert found.has(Intent.CONFIRM)


@pytest.mark.parametrize(
    "text",
    ["tengo q trabajar ese dia, me cambia pal sabado", "se enfermó mi niño, ¿puede ser el jueves?"],
)
def test_a_reason_beside_a_wish_for_another_time_refuses_nothing(text: str) -> None:
    assert interpret(text, open_question=QuestionKind.CONFIRM, language="es").intents == (Intent.RESCHEDULE,)


def test_a_question_in_despair_asks_nothing() -> None:
    found = interpret("y pa qué sigo, nada va a cambiar nunca", open_question=QuestionKind.CHECK_IN, language="es")
    assert found.intents == (Intent.RED_FLAG,)
