"""The second reading: learned weights may add and take back, but for what costs a patient most."""

from __future__ import annotations

import math
from array import array

import pytest

from reminders.core.replies import Intent, Interpretation, interpret
from reminders.core.replies.intents import STANDS_ALONE
from reminders.core.replies.interpret import interpret_by_rules
from reminders.core.replies.interpretation import Evidence, Finding
from reminders.core.replies.second_reading import settle_by
from reminders.core.replies.weights import SIZE, Weights, features_of, pack, tokens_of, unpack, weights
from tests.core.reply_scores import Labelled
from tests.core.train_weights import learn, row_of

TEXT = "I wonder about it"


def sure(bias: float, *, but: dict[Intent, float] | None = None) -> Weights:
    """Weights that say the same of every text."""
    rows = tuple(array("b", bytes(SIZE)) for _ in Intent)
    return Weights(tuple(Intent), tuple((but or {}).get(intent, bias) for intent in Intent), 1.0, rows)


def reading(*intents: Intent, score: int | None = None) -> Interpretation:
    """What the rules found."""
    return Interpretation(tuple(Finding(one, (Evidence(0, 1, "rule"),)) for one in intents), score=score)


def settled(known: Weights, by_rules: Interpretation, *, question: str = "none") -> Interpretation:
    return settle_by(known, by_rules, tokens_of(TEXT), question)


def logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def test_weights_that_are_sure_of_everything_add_neither_confirmation_nor_score_nor_consent() -> None:
    found = set(settled(sure(20), reading(Intent.UNCLEAR)).intents)
    never = {Intent.CONFIRM, Intent.SCORE, Intent.OPT_IN, *STANDS_ALONE}
    assert found == set(Intent) - never


@pytest.mark.parametrize(
    ("found", "question", "chance", "expected"),
    [
        (Intent.UNCLEAR, "confirm", 0.95, Intent.CONFIRM),
        (Intent.UNCLEAR, "confirm", 0.93, Intent.UNCLEAR),
        (Intent.UNCLEAR, "ride", 0.99, Intent.UNCLEAR),
        (Intent.UNCLEAR, "none", 0.99, Intent.UNCLEAR),
        (Intent.QUESTION, "confirm", 0.99, Intent.QUESTION),
        (Intent.THANKS, "confirm", 0.99, Intent.THANKS),
    ],
)
def test_only_an_answer_in_which_the_rules_find_nothing_is_a_confirmation_by_weights(
    found: Intent, question: str, chance: float, expected: Intent
) -> None:
    heard: dict[Intent, float] = {found: 0.0} if found is not Intent.UNCLEAR else {}
    known = sure(-20, but={Intent.CONFIRM: logit(chance), **heard})
    assert settled(known, reading(found), question=question).intents == (expected,)


def test_no_confirmation_is_added_beside_what_the_weights_hear_besides() -> None:
    known = sure(-20, but={Intent.CONFIRM: 5.0, Intent.DECLINE: 5.0})
    assert settled(known, reading(Intent.UNCLEAR), question="confirm").intents == (Intent.DECLINE,)


def test_a_red_flag_or_an_opt_out_is_taken_back_only_where_next_to_nothing_speaks_for_it() -> None:
    every = [intent for intent in Intent if intent not in STANDS_ALONE]
    doubtful = {Intent.RED_FLAG: logit(0.031), Intent.OPT_OUT: logit(0.12)}
    found = settled(sure(-20, but=doubtful), reading(*every, score=7))
    assert found.intents == (Intent.RED_FLAG, Intent.OPT_OUT)
    assert found.score is None
    gone = {Intent.RED_FLAG: logit(0.029), Intent.OPT_OUT: logit(0.08)}
    assert settled(sure(-20, but=gone), reading(*every, score=7)).intents == (Intent.UNCLEAR,)


def test_what_loses_everything_is_unclear_and_says_by_what() -> None:
    found = settled(sure(-20), reading(Intent.CONFIRM))
    assert found.intents == (Intent.UNCLEAR,)
    assert found.findings[0].evidence == (Evidence(0, len(TEXT), "weights.unclear"),)


@pytest.mark.parametrize("bias", [-0.5, 0.0, 0.3])
def test_what_both_see_alike_stays_word_for_word(bias: float) -> None:
    by_rules = reading(Intent.CONFIRM)
    assert settled(sure(-20, but={Intent.CONFIRM: bias}), by_rules) is by_rules


def test_an_added_finding_shows_words_of_the_text_as_it_came() -> None:
    text = "ⓁⒺⒶⓋⒺ me be, ¡déjame! 🙏🏽 ﬁn"
    for token in tokens_of(text):
        assert 0 <= token.start < token.end <= len(text)
    found = settle_by(sure(20), reading(Intent.UNCLEAR), tokens_of(text), "none")
    spans = [(item.start, item.end) for finding in found.findings for item in finding.evidence]
    assert spans
    assert all(text[start:end].strip() for start, end in spans)


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
    first, again = (pack(list(Intent), *learn(rows, rounds=8)) for _ in range(2))
    assert first == again
    chances = unpack(first).chances(features_of(tokens_of("please leave us be"), "none", [Intent.UNCLEAR]))
    assert chances[Intent.OPT_OUT] > 2 * chances[Intent.QUESTION]
