"""The second reading: what was learned may add and take back, but for what costs a patient most."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reminders.core.cadences import QuestionKind
from reminders.core.replies import Intent, Interpretation, interpret
from reminders.core.replies.intents import STANDS_ALONE
from reminders.core.replies.interpret import interpret_by_rules
from reminders.core.replies.interpretation import Evidence, Finding
from reminders.core.replies.second_reading import Heard, is_sure, settle_by
from reminders.core.replies.weights import SIZE, features_of, pack, tokens_of, unpack, weights
from tests.core.reply_scores import Labelled
from tests.core.train_weights import learn, row_of

TEXT = "I wonder about it"


def sure(of: float, *, but: dict[Intent, float] | None = None, by_words: float | None = None) -> Heard:
    """Readers that say the same of every text."""
    both = dict.fromkeys(Intent, of) | (but or {})
    return Heard(both if by_words is None else dict.fromkeys(Intent, by_words), both)


def reading(*intents: Intent, score: int | None = None, number: int | None = None) -> Interpretation:
    """What the rules found."""
    findings = tuple(Finding(one, (Evidence(0, 1, "rule"),)) for one in intents)
    return Interpretation(findings, score=score, number=number)


def settled(heard: Heard, by_rules: Interpretation, *, question: str = "none") -> Interpretation:
    return settle_by(by_rules, heard, tokens_of(TEXT), question)


def test_readers_that_are_sure_of_everything_add_no_confirmation_score_or_consent_that_cannot_be() -> None:
    found = set(settled(sure(1.0), reading(Intent.UNCLEAR)).intents)
    never = {Intent.CONFIRM, Intent.SCORE, Intent.OPT_IN, *STANDS_ALONE}
    assert found == set(Intent) - never


@pytest.mark.parametrize(
    ("question", "chance", "by_words", "is_hedged", "expected"),
    [
        ("confirm", 0.91, 0.5, False, Intent.CONFIRM),
        ("confirm", 0.89, 0.5, False, Intent.UNCLEAR),
        ("confirm", 0.99, 0.19, False, Intent.UNCLEAR),
        ("confirm", 0.99, 0.9, True, Intent.UNCLEAR),
        ("ride", 0.99, 0.9, False, Intent.UNCLEAR),
        ("none", 0.99, 0.9, False, Intent.UNCLEAR),
    ],
)
def test_a_confirmation_is_added_only_where_it_was_asked_for_and_nothing_speaks_against_it(
    question: str, chance: float, by_words: float, *, is_hedged: bool, expected: Intent
) -> None:
    heard = sure(0.0, but={Intent.CONFIRM: chance}, by_words=by_words)
    by_rules = replace(reading(Intent.UNCLEAR), is_hedged=is_hedged)
    assert settled(heard, by_rules, question=question).intents == (expected,)


@pytest.mark.parametrize(("number", "chance", "expected"), [(4, 0.81, 4), (4, 0.79, None), (None, 0.99, None)])
def test_a_score_is_added_only_where_one_number_can_be_it(
    number: int | None, chance: float, expected: int | None
) -> None:
    found = settled(sure(0.0, but={Intent.SCORE: chance}), reading(Intent.UNCLEAR, number=number))
    assert found.score == expected
    assert found.has(Intent.SCORE) == (expected is not None)


def test_a_red_flag_or_an_opt_out_is_taken_back_only_where_little_speaks_for_it() -> None:
    every = [intent for intent in Intent if intent not in STANDS_ALONE]
    found = settled(sure(0.0, but={Intent.RED_FLAG: 0.04, Intent.OPT_OUT: 0.04}), reading(*every, score=7))
    assert found.intents == (Intent.RED_FLAG, Intent.OPT_OUT)
    assert found.score is None
    gone = sure(0.0, but={Intent.RED_FLAG: 0.01, Intent.OPT_OUT: 0.02})
    assert settled(gone, reading(*every, score=7)).intents == (Intent.UNCLEAR,)


def test_what_loses_everything_is_unclear_and_says_by_what() -> None:
    found = settled(sure(0.0), reading(Intent.CONFIRM))
    assert found.intents == (Intent.UNCLEAR,)
    assert found.findings[0].evidence == (Evidence(0, len(TEXT), "weights.unclear"),)


@pytest.mark.parametrize(
    ("by_rules", "heard", "expected"),
    [
        (Intent.UNCLEAR, {Intent.THANKS: 0.71}, Intent.THANKS),
        (Intent.UNCLEAR, {Intent.THANKS: 0.69}, Intent.UNCLEAR),
        (Intent.UNCLEAR, {Intent.AUTO_REPLY: 0.8, Intent.THANKS: 0.75}, Intent.AUTO_REPLY),
        (Intent.UNCLEAR, {Intent.THANKS: 0.99, Intent.SYMPTOM: 0.6}, Intent.SYMPTOM),
        (Intent.THANKS, {Intent.THANKS: 0.06}, Intent.THANKS),
        (Intent.THANKS, {Intent.THANKS: 0.04}, Intent.UNCLEAR),
        (Intent.DECLINE, {Intent.REACTION: 0.9}, Intent.REACTION),
    ],
)
def test_thanks_or_a_phones_own_words_are_said_only_where_nothing_else_is(
    by_rules: Intent, heard: dict[Intent, float], expected: Intent
) -> None:
    assert settled(sure(0.0, but=heard), reading(by_rules)).intents == (expected,)


@pytest.mark.parametrize("chance", [0.5, 0.7, 1.0])
def test_what_all_see_alike_stays_word_for_word(chance: float) -> None:
    by_rules = reading(Intent.CONFIRM)
    assert settled(sure(0.0, but={Intent.CONFIRM: chance}), by_rules) is by_rules


def test_two_readers_who_disagree_leave_it_near_the_middle_and_two_who_agree_are_surer_than_each() -> None:
    def both(words: float, sense: float) -> float:
        return Heard.of(dict.fromkeys(Intent, words), dict.fromkeys(Intent, sense)).both[Intent.LATE]

    assert both(0.9, 0.9) > 0.9
    assert both(0.1, 0.1) < 0.1
    assert 0.2 < both(0.9, 0.1) < 0.8
    assert both(0.0, 0.5) < 0.001
    assert both(1.0, 1.0) <= 1.0


@pytest.mark.parametrize("intent", [Intent.CONFIRM, Intent.OPT_OUT, Intent.SCORE])
def test_what_nobody_may_imagine_is_believed_of_the_weights_only_where_they_are_very_sure(intent: Intent) -> None:
    heard = dict.fromkeys(Intent, 0.01)
    assert not is_sure(reading(intent), heard | {intent: 0.95})
    assert is_sure(reading(intent), heard | {intent: 0.99})


def test_the_encoder_is_asked_only_where_the_words_leave_something_open() -> None:
    heard = dict.fromkeys(Intent, 0.01)
    assert is_sure(reading(Intent.CONFIRM), heard | {Intent.CONFIRM: 0.99})
    assert is_sure(reading(Intent.LATE), heard | {Intent.LATE: 0.9})
    assert not is_sure(reading(Intent.CONFIRM), heard | {Intent.CONFIRM: 0.7})
    assert not is_sure(reading(Intent.CONFIRM), heard | {Intent.CONFIRM: 0.9, Intent.RED_FLAG: 0.06})
    assert not is_sure(reading(Intent.UNCLEAR), heard)


def test_a_letter_is_read_by_the_rules_alone() -> None:
    letter = "I wonder about it. " * 90
    assert interpret(letter, open_question=None) == interpret_by_rules(letter, open_question=None)


def test_an_added_finding_shows_words_of_the_text_as_it_came() -> None:
    text = "ⓁⒺⒶⓋⒺ me be, ¡déjame! 🙏🏽 ﬁn"
    for token in tokens_of(text):
        assert 0 <= token.start < token.end <= len(text)
    found = settle_by(reading(Intent.UNCLEAR), sure(1.0), tokens_of(text), "none")
    spans = [(item.start, item.end) for finding in found.findings for item in finding.evidence]
    assert spans
    assert all(text[start:end].strip() for start, end in spans)


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("put me down for three", "check_in", 3),
        ("6/10 brain fog", "check_in", 6),
        ("took it at 8", "check_in", None),
        ("9 on friday. 6 today", "check_in", None),
    ],
)
def test_a_score_in_free_words_is_heard_and_other_numbers_are_not(
    text: str, question: str, expected: int | None
) -> None:
    assert interpret(text, open_question=QuestionKind(question)).score == expected


@pytest.mark.parametrize("text", ["STOP", "C", "7", "👍", "Liked “See you Tuesday”", "c", "NO"])
def test_a_word_of_ours_a_number_a_sign_and_a_phones_own_text_are_read_by_rules_alone(text: str) -> None:
    assert interpret(text, open_question=None) == interpret_by_rules(text, open_question=None)


def test_the_same_text_has_the_same_chances() -> None:
    features = features_of(tokens_of("could you quit it with these texts"), "confirm", [Intent.UNCLEAR])
    assert weights().chances(features) == weights().chances(features)
    assert all(0 < chance < 1 for chance in weights().chances(features).values())


def test_packed_weights_come_back_as_they_were() -> None:
    rows = [[0.0] * SIZE for _ in Intent]
    rows[3][7], rows[5][9] = 1.27, -0.5
    found = unpack(pack(list(Intent), [0.25] * len(Intent), rows))
    assert found.intents == tuple(Intent)
    assert found.biases == (0.25,) * len(Intent)
    assert round(found.rows[3][7] * found.step, 6) == 1.27
    assert round(found.rows[5][9] * found.step, 6) == -0.5


def test_what_is_learned_tells_replies_apart_and_is_the_same_each_time() -> None:
    said = {
        "leave me be": Intent.OPT_OUT,
        "who drives": Intent.QUESTION,
        "let me be": Intent.OPT_OUT,
        "who is on": Intent.QUESTION,
    }
    rows = [
        row_of(Labelled(f"R{n}", text, None, "en", frozenset({one}), None), {f"R{n}": ["unclear"]})
        for n, (text, one) in enumerate(said.items())
    ]
    first, again = (learn(rows, rounds=8) for _ in range(2))
    assert first == again
    found = unpack(pack(list(Intent), *first))
    chances = found.chances(features_of(tokens_of("please leave us be"), "none", [Intent.UNCLEAR]))
    assert chances[Intent.OPT_OUT] > 2 * chances[Intent.QUESTION]
