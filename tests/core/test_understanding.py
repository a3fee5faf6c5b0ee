"""A text read under all that is open: the last message first, older ones only where that answers nothing."""

from __future__ import annotations

import pytest

from reminders.core.cadences import QuestionKind
from reminders.core.conversation.thread import OpenQuestion, Thread
from reminders.core.conversation.understanding import merge, understand, understand_wish, with_provider_word
from reminders.core.replies import Evidence, Finding, Intent, Interpretation
from tests.core.conversations import ASKED, CHECK_IN, DANA, RIDE, a_reading

BOTH = (ASKED, CHECK_IN)


def meant(body: str, *last: OpenQuestion, older: tuple[OpenQuestion, ...] = ()) -> tuple[set[Intent], int | None]:
    thread = Thread(patients=(DANA.id,), last=last, older=(older,) if older else ())
    found = understand(body, thread)
    return set(found.intents), found.score


def test_a_text_that_answers_two_open_questions_answers_both() -> None:
    assert meant("yes, 7", *BOTH) == ({Intent.CONFIRM, Intent.SCORE}, 7)


@pytest.mark.parametrize(
    ("body", "last", "intents"),
    [
        ("C", ASKED, {Intent.CONFIRM}),
        ("yes", RIDE, {Intent.HAS_RIDE}),
        ("no", RIDE, {Intent.NEEDS_RIDE}),
        ("no", ASKED, {Intent.DECLINE}),
        ("thanks", ASKED, {Intent.THANKS}),
    ],
)
def test_a_word_means_what_the_last_message_asked(body: str, last: OpenQuestion, intents: set[Intent]) -> None:
    assert meant(body, last)[0] == intents


def test_what_the_last_message_did_not_ask_may_answer_an_older_one() -> None:
    assert meant("7", ASKED, older=(CHECK_IN,)) == ({Intent.SCORE}, 7)
    assert meant("my wife drives me", CHECK_IN, older=(RIDE,))[0] == {Intent.HAS_RIDE}
    assert meant("C", RIDE, older=(ASKED,))[0] == {Intent.CONFIRM}


@pytest.mark.parametrize("body", ["yes", "ok", "no"])
def test_a_bare_yes_or_no_belongs_to_the_last_question_or_to_none(body: str) -> None:
    assert not {Intent.CONFIRM, Intent.DECLINE} & meant(body, CHECK_IN, older=(ASKED,))[0]
    assert not {Intent.CONFIRM, Intent.DECLINE} & meant(body, RIDE, older=(ASKED,))[0]


def test_readings_are_put_together_most_pressing_first_and_unclear_goes_only_alone() -> None:
    both = merge([a_reading(Intent.UNCLEAR), a_reading(Intent.SCORE, score=7), a_reading(Intent.RED_FLAG)])
    assert both.intents == (Intent.RED_FLAG, Intent.SCORE)
    assert both.score == 7
    assert merge([a_reading(Intent.UNCLEAR), a_reading(Intent.THANKS)]).intents == (Intent.THANKS,)


def test_the_words_of_a_score_are_no_complaint_besides() -> None:
    complaint = Interpretation((Finding(Intent.SYMPTOM, (Evidence(0, 9, "pain"),)),))
    score = Interpretation((Finding(Intent.SCORE, (Evidence(8, 9, "number"),)),), score=8)
    assert merge([complaint, score]).intents == (Intent.SCORE,)
    apart = Interpretation((Finding(Intent.SYMPTOM, (Evidence(12, 20, "head"),)),))
    assert merge([apart, score]).intents == (Intent.SCORE, Intent.SYMPTOM)


def test_what_is_mild_in_one_reading_only_is_not_mild() -> None:
    mild = Interpretation((Finding(Intent.SYMPTOM, (Evidence(0, 1, "a"),), is_mild=True),))
    (found,) = merge([mild, a_reading(Intent.SYMPTOM)]).findings
    assert not found.is_mild


def test_an_opt_out_that_the_provider_acted_on_holds_whatever_we_read() -> None:
    found = with_provider_word(a_reading(Intent.UNCLEAR), Intent.OPT_OUT, "arrêt")
    assert found.intents == (Intent.OPT_OUT,)
    both = with_provider_word(a_reading(Intent.DECLINE), Intent.OPT_OUT, "x")
    assert both.intents == (Intent.OPT_OUT, Intent.DECLINE)


def test_every_kind_of_question_can_be_open() -> None:
    for kind in QuestionKind:
        assert meant("C", OpenQuestion(kind, ()))


@pytest.mark.parametrize(
    ("body", "others"),
    [
        ("yes", set()),
        ("C", set()),
        ("thanks", set()),
        ("blorf the gromp", set()),
        ("Thursday after two please", set()),
        ("STOP", {Intent.OPT_OUT}),
        ("any day, I want to die", {Intent.RED_FLAG}),
        ("Friday, my wife drives me", {Intent.HAS_RIDE}),
    ],
)
def test_a_wish_on_the_page_is_one_for_another_time_and_whatever_else_it_says(body: str, others: set[Intent]) -> None:
    found = understand_wish(body, Thread(patients=(DANA.id,), last=(ASKED,), is_page=True))
    assert set(found.intents) == {Intent.RESCHEDULE} | others
