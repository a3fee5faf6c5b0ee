"""The smallest set of replies that must be read rightly, one test for each line of it that is about reading."""

from __future__ import annotations

import pytest

from reminders.core.cadences import QuestionKind
from reminders.core.replies import Intent, Interpretation, interpret

CONFIRM, RIDE, CHECK_IN = QuestionKind.CONFIRM, QuestionKind.RIDE, QuestionKind.CHECK_IN
EVERY_QUESTION = [None, *QuestionKind]


def _says(text: str, question: QuestionKind | None = None, language: str | None = None) -> set[Intent]:
    return set(interpret(text, open_question=question, language=language).intents)


@pytest.mark.parametrize("question", EVERY_QUESTION)
@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop.",
        " Stop ",
        "STOP PLEASE",
        "Stop 🛑",
        "opt out",
        "please opt me out",
        "No Mas",
        "quítenme de la lista",
    ],
)
def test_1_an_opt_out_is_one_in_any_wording_whatever_was_asked(text: str, question: QuestionKind | None) -> None:
    assert _says(text, question) == {Intent.OPT_OUT}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("the pain won't stop", Intent.SYMPTOM),
        ("can I stop by at 3?", Intent.QUESTION),
        ("should I stop my meds?", Intent.QUESTION),
    ],
)
def test_2_stopping_something_else_is_no_opt_out(text: str, intent: Intent) -> None:
    assert _says(text) == {intent}


def test_3_a_bare_cancel_opts_out_and_may_be_meant_for_the_visit() -> None:
    bare = interpret("cancel", open_question=CONFIRM)
    assert (bare.intents, bare.may_be_unwanted) == ((Intent.OPT_OUT,), True)
    spoken = interpret("please cancel my appt", open_question=CONFIRM)
    assert (spoken.intents, spoken.may_be_unwanted) == ((Intent.DECLINE,), False)


@pytest.mark.parametrize("question", EVERY_QUESTION)
def test_4_no_problem_is_no_no(question: QuestionKind | None) -> None:
    assert _says("NO WORRIES MATE", question) == {Intent.UNCLEAR}
    assert _says("no problem see you then", question) == {Intent.CONFIRM}


@pytest.mark.parametrize("text", ["blorf the gromp", "the heron stands where the river forgets", "xqz plugh frotz"])
def test_words_that_nobody_knows_are_no_ride_and_no_yes(text: str) -> None:
    assert all(_says(text, question) == {Intent.UNCLEAR} for question in EVERY_QUESTION)


def test_5_a_polite_no_declines() -> None:
    assert _says("No sorry", CONFIRM) == {Intent.DECLINE}


def test_6_yes_is_an_answer_and_never_an_opt_in() -> None:
    assert _says("YES", CONFIRM) == {Intent.CONFIRM}
    assert all(Intent.OPT_IN not in _says("YES", question) for question in EVERY_QUESTION)


@pytest.mark.parametrize("question", EVERY_QUESTION)
def test_7_a_reaction_that_quotes_our_words_says_nothing(question: QuestionKind | None) -> None:
    text = "Liked “Riverside Clinic: … Reply C to confirm … STOP to opt out.”"
    assert _says(text, question) == {Intent.REACTION}


def test_8_a_title_in_quotes_is_a_normal_message() -> None:
    assert Intent.REACTION not in _says("Loved “Dune” and see you Tuesday")


@pytest.mark.parametrize(
    "text",
    [
        "I'm driving with Do Not Disturb While Driving turned on. I'll see your message when I get where I'm going.",
        "(I'm not receiving notifications. If this is urgent, reply “urgent” to send a notification through.)",
        "Sorry, can't talk right now. I'll call you later.",
    ],
)
def test_9_an_automatic_answer_is_known_as_one(text: str) -> None:
    assert _says(text) == {Intent.AUTO_REPLY}


@pytest.mark.parametrize(
    ("text", "question", "intent", "score"),
    [
        ("7/10", CHECK_IN, Intent.SCORE, 7),
        ("6-7", CHECK_IN, Intent.UNCLEAR, None),
        ("7", None, Intent.UNCLEAR, None),
        ("7", CONFIRM, Intent.UNCLEAR, None),
    ],
)
def test_10_a_number_is_a_score_where_one_was_asked_for(
    text: str, question: QuestionKind | None, intent: Intent, score: int | None
) -> None:
    found = interpret(text, open_question=question)
    assert (found.intents, found.score) == ((intent,), score)


def test_11_attendance_and_ride_are_two_facts() -> None:
    assert _says("Yes but I don't have a ride", CONFIRM) == {Intent.CONFIRM, Intent.NEEDS_RIDE}


@pytest.mark.parametrize("text", ["uber", "taking uber both ways", "medicaid transport booked"])
def test_12_a_hired_ride_is_told_from_a_person_who_drives(text: str) -> None:
    assert _says(text, RIDE) == {Intent.HIRED_RIDE}


def test_13_driving_oneself_is_no_ride() -> None:
    assert _says("I'll drive myself", RIDE) == {Intent.SELF_DRIVE}


@pytest.mark.parametrize("question", EVERY_QUESTION)
@pytest.mark.parametrize(
    "text", ["chest feels tight", "cant breathe", "want to die", "no quiero vivir", "took 20 pills 💊"]
)
def test_14_danger_is_heard_whatever_was_asked(text: str, question: QuestionKind | None) -> None:
    assert Intent.RED_FLAG in _says(text, question)


def test_14_danger_is_heard_inside_a_confirmation() -> None:
    assert _says("C. pain is 8 today and chest feels tight", CONFIRM) == {Intent.RED_FLAG, Intent.SCORE, Intent.CONFIRM}


def test_15_a_turn_of_phrase_is_for_staff_without_haste() -> None:
    found = interpret("this pain is killing me", open_question=CHECK_IN)
    assert found.intents == (Intent.SYMPTOM,)
    assert found.may_be_idiom
    assert found.findings[0].is_mild


def test_16_a_wrong_number_is_told_from_somebody_who_asks_who_writes() -> None:
    assert _says("wrong number") == {Intent.WRONG_NUMBER}
    assert _says("who is this") == {Intent.HELP}


@pytest.mark.parametrize("question", [None, CONFIRM])
def test_17_to_19_the_code_confirms_and_says_nothing_of_which_visit(question: QuestionKind | None) -> None:
    found: Interpretation = interpret("C", open_question=question)
    assert (found.intents, found.keyword) == ((Intent.CONFIRM,), "c")


@pytest.mark.parametrize("text", ["", " ", ".", "\n"])
def test_20_a_text_without_words_is_for_a_person(text: str) -> None:
    assert _says(text) == {Intent.UNCLEAR}


def test_22_a_medical_question_is_a_question() -> None:
    assert _says("can i take my meds") == {Intent.QUESTION}


def test_23_stopping_in_part_is_an_opt_out_of_everything() -> None:
    assert _says("stop the check ins but keep reminders") == {Intent.OPT_OUT}


@pytest.mark.parametrize("text", ["Ok gracias", "sí", "confirmo"])
def test_24_spanish_confirms(text: str) -> None:
    assert _says(text, CONFIRM, "es") == {Intent.CONFIRM}


def test_24_thanks_alone_confirm_nothing() -> None:
    assert _says("gracias", CONFIRM, "es") == {Intent.THANKS}
