"""Requirements 32 to 36: what ends an opt-out, what the provider's word means, and when an opt-out is confirmed."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from reminders.core.consent import (
    ANSWERED_BY_PROVIDER,
    BY_TEXT,
    CONFIRMED_WITHIN,
    STRICTEST_FIRST,
    OptInVerdict,
    Source,
    has_provider_answered,
    may_confirm_opt_out,
    opt_in_verdict,
    provider_verdict,
)
from reminders.core.replies.intents import Intent
from reminders.core.toll_free import is_toll_free
from tests.builders import NOON

SUBSCRIBE, ASK, ANSWER = OptInVerdict.SUBSCRIBE, OptInVerdict.ASK_STAFF, OptInVerdict.ONLY_AN_ANSWER
BOTH = (False, True)
START: dict[Source | None, OptInVerdict] = {
    None: ANSWER,
    Source.KEYWORD: SUBSCRIBE,
    Source.TEXT: SUBSCRIBE,
    Source.PROVIDER: SUBSCRIBE,
    Source.LINK: ASK,
    Source.VOICE: ASK,
    Source.LETTER: ASK,
    Source.EMAIL: ASK,
    Source.IN_PERSON: ASK,
    Source.SCHEDULE: ASK,
}
"""What START and UNSTOP do, by how the address was opted out; whatever else holds."""
YES: dict[Source | None, OptInVerdict] = {**START, Source.TEXT: ASK, Source.PROVIDER: ASK}
"""What YES does where nothing is asked and our number is not toll-free."""


@pytest.mark.parametrize(
    ("word", "by", "is_toll_free", "is_asked"), list(product(("start", "unstop"), [None, *Source], BOTH, BOTH))
)
def test_start_ends_what_a_text_began_and_the_rest_goes_to_a_person(
    word: str, by: Source | None, *, is_toll_free: bool, is_asked: bool
) -> None:
    found = opt_in_verdict(word, opted_out_by=by, is_toll_free=is_toll_free, has_open_question=is_asked)
    assert found is START[by]


@pytest.mark.parametrize("by", [None, *Source])
def test_yes_subscribes_only_who_opted_out_by_keyword(by: Source | None) -> None:
    assert opt_in_verdict("yes", opted_out_by=by, is_toll_free=False, has_open_question=False) is YES[by]


@pytest.mark.parametrize("by", [None, *Source])
def test_yes_to_a_toll_free_number_subscribes_nobody(by: Source | None) -> None:
    found = opt_in_verdict("yes", opted_out_by=by, is_toll_free=True, has_open_question=False)
    assert found is (ANSWER if by is None else ASK)


@pytest.mark.parametrize(
    ("word", "by", "is_toll_free"), list(product(("yes", "", "si", "alta"), [None, *Source], BOTH))
)
def test_an_answer_to_a_question_never_subscribes(word: str, by: Source | None, *, is_toll_free: bool) -> None:
    assert opt_in_verdict(word, opted_out_by=by, is_toll_free=is_toll_free, has_open_question=True) is ANSWER


@pytest.mark.parametrize(("word", "by"), list(product(("", "si", "alta", "subscribe"), Source)))
def test_own_words_and_words_that_no_provider_knows_are_for_a_person(word: str, by: Source) -> None:
    assert opt_in_verdict(word, opted_out_by=by, is_toll_free=False, has_open_question=False) is ASK


def test_every_source_has_its_place_in_what_is_hardest_to_undo() -> None:
    assert sorted(STRICTEST_FIRST) == sorted(Source)
    assert set(STRICTEST_FIRST[-3:]) == BY_TEXT


@pytest.mark.parametrize(
    ("told", "intent"),
    [
        ("STOP", Intent.OPT_OUT),
        ("START", Intent.OPT_IN),
        ("HELP", Intent.HELP),
        (" stop ", Intent.OPT_OUT),
        ("", None),
        (None, None),
        ("SOMETHING", None),
    ],
)
def test_what_the_provider_took_a_text_for_is_evidence(told: str | None, intent: Intent | None) -> None:
    assert provider_verdict(told) is intent


@pytest.mark.parametrize("word", sorted(ANSWERED_BY_PROVIDER))
def test_the_provider_answers_its_own_words_where_it_does(word: str) -> None:
    for text in (word, f" {word.upper()}\n"):
        assert has_provider_answered(text, opt_out_type=None, provider_answers_keywords=True)
        assert not has_provider_answered(text, opt_out_type=None, provider_answers_keywords=False)
        assert has_provider_answered(text, opt_out_type="STOP", provider_answers_keywords=False)


@pytest.mark.parametrize("text", ["STOP PLEASE", "please stop texting me", "ALTO", "no more", "basta", "stop all"])
def test_the_provider_does_not_answer_what_is_not_its_word(text: str) -> None:
    assert not has_provider_answered(text, opt_out_type=None, provider_answers_keywords=True)


def confirms(text: str = "please stop texting me", **parts: bool) -> bool:
    known = {"was_opted_out": False, "has_provider_answered": False, **parts}
    return may_confirm_opt_out(text, received_at=NOON, now=NOON + timedelta(seconds=2), **known)


def test_an_opt_out_is_confirmed_once_and_not_twice_by_two() -> None:
    assert confirms()
    assert not confirms(was_opted_out=True)
    assert not confirms(has_provider_answered=True)


def test_a_confirmation_that_comes_late_does_not_come() -> None:
    known = {"was_opted_out": False, "has_provider_answered": False}
    last = NOON + CONFIRMED_WITHIN - timedelta(seconds=1)
    assert may_confirm_opt_out("STOP", received_at=NOON, now=last, **known)
    assert not may_confirm_opt_out("STOP", received_at=NOON, now=NOON + CONFIRMED_WITHIN, **known)


@pytest.mark.parametrize(
    "text",
    [
        "Don't text back",
        "do not EVER contact me again",
        "Stop. Do not reply.",
        "STOP no reply needed",
        "leave me alone!!!",
        "lose my number",
        "No me contacten m\u00e1s",
        "basta, no respondan",
        "D\u00e9jenme en paz",
        "don\u2019t contact me",
    ],
)
def test_who_asks_for_silence_gets_it(text: str) -> None:
    assert not confirms(text)


@pytest.mark.parametrize(
    "text",
    ["stop", "opt out", "Please remove. Thanks.", "stop texting me", "unsubscribe me", "no m\u00e1s", "take me off"],
)
def test_who_only_wants_no_more_messages_is_told_that_there_are_none(text: str) -> None:
    assert confirms(text)


@pytest.mark.parametrize(
    ("number", "is_free"),
    [
        ("+18005550100", True),
        ("+18335550100", True),
        ("+18885550100", True),
        ("+12025550100", False),
        ("+18015550100", False),
        ("+448081570000", True),
        ("+442071838750", False),
        ("+34900123456", True),
        ("+34600123456", False),
        ("+528001234567", True),
        ("+4980012345", True),
        ("", False),
        ("12345", False),
    ],
)
def test_toll_free_numbers_are_known_by_their_beginning(number: str, *, is_free: bool) -> None:
    assert is_toll_free(number) is is_free
