"""Requirements 38, 43, 46, 47 and 49: what we answer by ourselves, and what we never do."""

from __future__ import annotations

import re
from itertools import permutations

import pytest

from reminders.core.answer_texts import ANSWER_KEYS, ANSWER_TEMPLATES, ANSWER_VALUES, WITHOUT_A_TIME
from reminders.core.cadences import QuestionKind
from reminders.core.content import PLACEHOLDER
from reminders.core.conversation.answers import (
    MOST_SEGMENTS,
    SHOWN_BY_THE_PAGE,
    AnswerKind,
    choose,
    write_answer,
    write_on_page,
)
from reminders.core.lint import lint, wording_faults
from reminders.core.segments import Alphabet, measure
from tests.builders import a_clinic
from tests.core.conversations import VISIT

EVERY = [(language, key) for language, texts in ANSWER_TEMPLATES.items() for key in texts]
CLINIC = a_clinic()


@pytest.mark.parametrize(("language", "key"), EVERY)
def test_an_answer_is_neutral_cheap_and_offers_no_word_that_carriers_act_on(language: str, key: str) -> None:
    text = ANSWER_TEMPLATES[language][key]
    assert list(wording_faults(key, text)) == []
    assert set(PLACEHOLDER.findall(text)) <= ANSWER_VALUES
    assert measure(PLACEHOLDER.sub("", text)).alphabet is Alphabet.GSM7
    assert not re.search(r"all set|todo listo|normal|don't worry|no se preocupe", text, re.IGNORECASE)


def test_every_answer_has_its_text_in_every_language() -> None:
    keys = {kind.key for kind in AnswerKind}
    assert all(set(texts) == keys == ANSWER_KEYS for texts in ANSWER_TEMPLATES.values())
    assert all(set(texts) <= keys for texts in WITHOUT_A_TIME.values())


@pytest.mark.parametrize("language", list(ANSWER_TEMPLATES))
def test_several_answers_fit_into_two_parts_or_the_most_important_goes(language: str) -> None:
    for kinds in permutations(AnswerKind, 3):
        chosen = choose(kinds)
        asks = QuestionKind.CONFIRM if AnswerKind.MOVED in chosen else None
        body, told = write_answer(CLINIC, chosen, language=language, about={kind: [VISIT] for kind in kinds}, asks=asks)
        assert measure(body).segments <= MOST_SEGMENTS
        assert body.startswith("Riverside Clinic: ")
        assert asks is None or AnswerKind.MOVED in told
        assert asks is not None or chosen[0] in told


def test_numbers_for_an_emergency_and_the_end_of_messages_go_alone() -> None:
    assert choose(list(AnswerKind)) == [AnswerKind.CRISIS]
    assert choose([AnswerKind.CONFIRMED, AnswerKind.OPT_OUT_CONFIRMED]) == [AnswerKind.OPT_OUT_CONFIRMED]


def test_good_news_come_before_what_is_still_to_be_done() -> None:
    kinds = choose([AnswerKind.CONFIRMED, AnswerKind.RIDE_NEEDED])
    body, _ = write_answer(CLINIC, kinds, language="en", about={AnswerKind.CONFIRMED: [VISIT]})
    assert body.index("expect you") < body.index("need a ride")


def test_the_crisis_text_names_the_numbers_of_the_country() -> None:
    body, _ = write_answer(CLINIC, [AnswerKind.CRISIS], language="en", about={})
    assert "911" in body
    assert "988" in body
    assert CLINIC.phone in body


def test_a_clinics_own_answer_is_judged_like_its_other_texts() -> None:
    own = {"en": {"answer_confirmed": "Reply YES {{drug}}", "answer_late": "x" * 400}}
    faults = lint(a_clinic(templates=own))
    assert [next(key for key in ANSWER_KEYS if key in fault) for fault in faults] == [
        "answer_confirmed",
        "answer_confirmed",
        "answer_late",
    ]


def test_a_clinics_own_answer_that_forgets_the_question_still_asks_it() -> None:
    clinic = a_clinic(templates={"en": {"answer_moved": "New time: {{when}}."}})
    body, _ = write_answer(
        clinic, [AnswerKind.MOVED], language="en", about={AnswerKind.MOVED: [VISIT]}, asks=QuestionKind.CONFIRM
    )
    assert body.endswith("Reply C to confirm or R to change.")


@pytest.mark.parametrize("language", list(ANSWER_TEMPLATES))
@pytest.mark.parametrize("kind", sorted(set(AnswerKind) - SHOWN_BY_THE_PAGE))
def test_a_page_answers_without_the_clinics_name_and_asks_for_no_text_back(language: str, kind: AnswerKind) -> None:
    body, told = write_on_page(CLINIC, [kind], language=language, about={kind: [VISIT]})
    assert told == (kind,)
    assert body
    assert "{{" not in body
    assert not body.startswith(CLINIC.sender)
    assert not re.search(r"\b(START|STOP)\b|Reply|Text |Escriba|Responda", body)
