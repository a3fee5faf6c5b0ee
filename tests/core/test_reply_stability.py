"""What a reply means does not hang on case, politeness, a greeting, a signature, an emoji or a slip of the thumb."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.core.cadences import QuestionKind
from reminders.core.replies import Intent, Interpretation, interpret
from tests.core.reply_scores import Labelled, replies

SEED = 20_270_301
SAMPLE = 60
URGENT = frozenset({Intent.RED_FLAG, Intent.OPT_OUT})
CONSEQUENT = frozenset({Intent.CONFIRM, Intent.OPT_OUT})
ALONE = frozenset({Intent.REACTION, Intent.AUTO_REPLY, Intent.UNCLEAR, Intent.THANKS})


def _double_a_letter(text: str, chance: Random) -> str:
    """Hold one letter of a long word too long."""
    places = [place for place in range(1, len(text)) if text[place - 1 : place + 1].isalpha()]
    place = chance.choice(places) if places else 0
    return text[:place] + text[place : place + 1] * 2 + text[place:]


CHANGES: dict[str, Callable[[str, Random], str]] = {
    "capitals": lambda text, _: text.upper(),
    "small letters": lambda text, _: text.lower(),
    "hi": lambda text, _: f"Hi! {text}",
    "name": lambda text, _: f"Hi this is Dana. {text}",
    "signature": lambda text, _: f"{text}\nSent from my iPhone",
    "emoji": lambda text, _: f"{text} 🙏",
    "blanks": lambda text, _: f"  {text.replace(' ', '  ')} ",
    "curly": lambda text, _: text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}"),
    "invisible": lambda text, _: text.replace(" ", " \N{ZERO WIDTH SPACE}"),
}
"""What leaves the meaning of any text."""
SLIPS: dict[str, Callable[[str, Random], str]] = {
    "doubled letter": _double_a_letter,
    "thanks": lambda text, _: f"{text}. Thanks!",
    "please": lambda text, _: f"{text} please",
}
"""What must at least not turn a text into something that follows have to be drawn from."""


@cache
def _sample() -> tuple[tuple[Labelled, Interpretation], ...]:
    """Return some replies as they are read unchanged; none is read that is not drawn, and each only once."""
    chance = Random(SEED)  # noqa: S311 - repeatable on purpose
    written = [reply for reply in replies("tuning") if reply.text.strip() and not reply.intents & ALONE]
    chance.shuffle(written)
    read = ((reply, _read(reply.text, reply)) for reply in written)
    # A keyword is one only by itself: "Dana here. end" is no longer the carriers' END.
    return tuple(islice(((reply, found) for reply, found in read if not found.keyword), SAMPLE))


def _read(text: str, reply: Labelled) -> Interpretation:
    return interpret(text, open_question=reply.question, language=reply.language)


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_text_says_survives(change: str) -> None:
    chance = Random(SEED)  # noqa: S311 - repeatable on purpose
    lost = []
    for reply, unchanged in _sample():
        before = frozenset(unchanged.intents)
        text = CHANGES[change](reply.text, chance)
        after = frozenset(_read(text, reply).intents)
        if before & URGENT != after & URGENT or (after - before) & CONSEQUENT:
            lost.append((text, sorted(before), sorted(after)))
    assert not lost


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_makes_no_confirmation_no_opt_out_and_no_score(slip: str) -> None:
    chance = Random(SEED)  # noqa: S311 - repeatable on purpose
    made = []
    for reply, before in _sample():
        text = SLIPS[slip](reply.text, chance)
        after = _read(text, reply)
        if (frozenset(after.intents) - frozenset(before.intents)) & CONSEQUENT or after.score not in {
            None,
            before.score,
        }:
            made.append((text, before.intents, after.intents))
    assert not made


@given(
    st.text(max_size=400) | st.text(alphabet="stopcyesn 0123456789/-.,?!'\"\n“”…()[]*#7️⃣👍🏽", max_size=400),
    st.sampled_from([None, *QuestionKind]),
    st.sampled_from(["en", "es", None, "fr"]),
)
def test_any_text_is_read_and_its_evidence_lies_within_it(
    text: str, question: QuestionKind | None, language: str | None
) -> None:
    found = interpret(text, open_question=question, language=language)
    assert found.findings
    assert (found.score is not None) == found.has(Intent.SCORE)
    assert all(0 <= one.start <= one.end <= len(text) for finding in found.findings for one in finding.evidence)
    assert len(found.findings) == 1 or not set(found.intents) & ALONE


@pytest.mark.parametrize(
    "unit", ["a", "stop ", "no ", "(", "“", "1/", "chest ", "👍", "a.a.", "s t o p ", "liked “", "x@"]
)
def test_a_text_of_any_length_is_read_at_once(unit: str) -> None:
    # The longest text that is read, made of what patterns could stumble over; the time limit of a test is the judge.
    for text in (unit * 40, unit * 400, unit * 20_000):
        assert interpret(text, open_question=None).findings


@pytest.mark.parametrize("question", [None, *QuestionKind])
@pytest.mark.parametrize("language", ["en", "es", None])
def test_a_text_that_two_languages_cut_in_different_ways_is_read(
    question: QuestionKind | None, language: str | None
) -> None:
    """What one of them takes for "no pain" stands in a phrase that the other does not have."""
    found = interpret("no calls and no texts. none", open_question=question, language=language)
    assert found.has(Intent.OPT_OUT)


@pytest.mark.parametrize(
    "text",
    [
        "no pain pero no se",
        "no pain, pero no estoy seguro",
        "nada de dolor, but i dont know",
        "sin dolor, but not sure",
    ],
)
@pytest.mark.parametrize("language", ["en", "es", None])
def test_a_doubt_in_the_other_language_takes_a_number_back(text: str, language: str | None) -> None:
    assert interpret(text, open_question=QuestionKind.CHECK_IN, language=language).score is None
