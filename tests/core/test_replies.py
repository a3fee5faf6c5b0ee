"""Requirements 32, 35, 36 and 40: one-word replies are taken at their word, all else goes to a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.cadences import QuestionKind
from reminders.core.replies import LEXICON, YES_WORDS, Intent, interpret, normalise

EVERY_QUESTION = [None, *QuestionKind]
CONFIRM_ASKED = QuestionKind.CONFIRM
LETTERS = "cstopySTOPnhelr ?!.,*-7\n\u00e1\u0301\u200b\ufe0f\u0441\u2705\U0001f44d\U0001f3fd"
ZERO_WIDTH = "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NO-BREAK SPACE}\N{LEFT-TO-RIGHT MARK}"


@pytest.mark.parametrize("question", EVERY_QUESTION)
@pytest.mark.parametrize(
    ("intent", "texts"),
    [
        (Intent.CONFIRM, ["C", "c", "Confirm", "CONFIRMED", " c. ", "C!", "(C)", "\N{CYRILLIC CAPITAL LETTER ES}"]),
        (Intent.CONFIRM, ["\N{CYRILLIC SMALL LETTER ES}", "\N{FULLWIDTH LATIN CAPITAL LETTER C}", "\u201cC\u201d"]),
        (Intent.RESCHEDULE, ["R", "r", "Reschedule", "CAMBIAR", "r.", "R?"]),
        (Intent.OPT_OUT, ["STOP", "stop.", " Stop ", "STOP!!", "*stop*", "STOP?", f"S{ZERO_WIDTH}TOP", "St\u00f3p"]),
        (Intent.OPT_OUT, ["STOPALL", "Stop  all", "stop\nall", "UNSUBSCRIBE", "Cancel", "END", "quit", "Revoke"]),
        (
            Intent.OPT_OUT,
            ["OPTOUT", "opt out", "Opt-Out", "ALTO", "Parar", "basta", "No Mas", "NO M\u00c1S", "no ma\u0301s"],
        ),
        (Intent.OPT_IN, ["START", "unstop", "Start."]),
        (Intent.HELP, ["HELP", "info", "Ayuda", "help?", "\u00a1Ayuda!"]),
        (Intent.UNCLEAR, ["", "   ", ".", "?", "STOP PLEASE", "please cancel my appt", "the pain won't stop", "7"]),
        (Intent.UNCLEAR, ["can I stop by at 3?", "no problem", "C?", "START?", "c you then", "yes but no ride"]),
        (Intent.UNCLEAR, ["thanks", "end of the day works", "Liked \u201cReply C to confirm\u201d", "1", "no", "here"]),
    ],
)
def test_what_a_whole_text_means_whatever_was_asked(
    question: QuestionKind | None, intent: Intent, texts: list[str]
) -> None:
    assert {text: interpret(text, open_question=question).intent for text in texts} == dict.fromkeys(texts, intent)


@pytest.mark.parametrize("text", ["YES", "yes!", "Y", "ok", "OK.", "\N{THUMBS UP SIGN}", "\N{THUMBS UP SIGN}\ufe0f"])
def test_a_yes_confirms_only_while_that_is_the_question(text: str) -> None:
    assert interpret(text, open_question=CONFIRM_ASKED).intent is Intent.CONFIRM
    for question in (None, QuestionKind.RIDE, QuestionKind.CHECK_IN):
        assert interpret(text, open_question=question).intent is Intent.UNCLEAR


def test_a_thumb_of_any_colour_is_a_thumb() -> None:
    thumb = "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-5}"
    assert interpret(thumb, open_question=CONFIRM_ASKED).intent is Intent.CONFIRM


@pytest.mark.parametrize("text", ["y?", "OK?", "yes??", "c ?", "\u00bfC?", "Y\N{FULLWIDTH QUESTION MARK}"])
def test_a_question_confirms_nothing(text: str) -> None:
    assert interpret(text, open_question=CONFIRM_ASKED).intent is Intent.UNCLEAR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CANCEL", True),
        ("End.", True),
        ("quit", True),
        ("STOP", False),
        ("opt out", False),
        ("C", False),
        ("hi", False),
    ],
)
def test_an_opt_out_that_may_mean_the_visit_is_marked(text: str, *, expected: bool) -> None:
    assert interpret(text, open_question=None).may_be_unwanted is expected


def test_a_word_means_one_thing_and_every_intent_has_words() -> None:
    words = [word for group in (*LEXICON.values(), YES_WORDS) for word in group]
    assert len(words) == len(set(words))
    assert all(normalise(word) == word for word in words)


@given(st.text(alphabet=LETTERS, max_size=30), st.sampled_from(EVERY_QUESTION))
def test_any_text_has_a_meaning_and_the_meaning_never_repeats_prose(text: str, question: QuestionKind | None) -> None:
    found = interpret(text, open_question=question)
    known = {word for words in LEXICON.values() for word in words} | YES_WORDS
    assert found.word in known if found.intent is not Intent.UNCLEAR else found.word == ""


@given(st.sampled_from(sorted(LEXICON[Intent.OPT_OUT])), st.sampled_from(["", " ", "!", "...", "\n"]))
def test_an_opt_out_word_is_one_in_any_case_and_with_anything_at_its_edges(word: str, edge: str) -> None:
    for text in (word.upper(), word.title(), word):
        assert interpret(edge + text + edge, open_question=CONFIRM_ASKED).intent is Intent.OPT_OUT
