"""The second reading: what the rules found, set beside what learned weights make of the same text.

The rules come first and can be read; where a patient writes as nobody thought of, they find nothing, or one thing too
many. The weights have seen tens of thousands of replies. They may add what the rules missed and take back what they
should not have found, each by its own threshold, chosen on replies of authors of whom the weights had learned nothing.
What costs a patient most when it is wrong wants near certainty: no score and no opt-in is ever added; a confirmation
only where it was asked for and the rules found nothing at all; a red flag or an opt-out of the rules is taken back only
where next to nothing speaks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from reminders.core.cadences import QuestionKind
from reminders.core.replies.intents import PRECEDENCE, STANDS_ALONE, Intent
from reminders.core.replies.interpret import ANSWERED_LIKE, interpret_by_rules
from reminders.core.replies.interpretation import Evidence, Finding, Interpretation
from reminders.core.replies.weights import Token, Weights, features_of, tokens_of, weights

USUALLY_ADDED_FROM, USUALLY_KEPT_FROM, NEVER = 0.5, 0.15, 2.0
ADDED_FROM: Mapping[Intent, float] = dict.fromkeys(Intent, USUALLY_ADDED_FROM) | {
    Intent.RED_FLAG: 0.15,
    Intent.DECLINE: 0.7,
    **dict.fromkeys((Intent.CONFIRM, Intent.SCORE, Intent.OPT_IN, *STANDS_ALONE), NEVER),
}
"""The chance from which the weights add an intent. To miss a red flag is worse than to see one too many; a decline is
easily imagined beside the wish for another time."""
CONFIRMED_FROM = 0.94
"""The chance from which an answer in which the rules found nothing confirms, where that was asked."""
KEPT_FROM: Mapping[Intent, float] = dict.fromkeys(Intent, USUALLY_KEPT_FROM) | {
    Intent.CONFIRM: 0.2,
    Intent.RED_FLAG: 0.03,
    Intent.OPT_OUT: 0.1,
    **dict.fromkeys(STANDS_ALONE, 0.0),
}
"""The chance below which a finding of the rules is taken back: a confirmation sooner than the rest."""


def interpret(text: str, *, open_question: QuestionKind | None, language: str | None = None) -> Interpretation:
    """Return what a text says; `open_question` is what this phone was last asked and has not answered.

    `language` is the one the patient is recorded with. Both are always tried; it only decides between equals.
    """
    by_rules = interpret_by_rules(text, open_question=open_question, language=language)
    tokens = tokens_of(text)
    if is_plain(by_rules, tokens):
        return by_rules
    question = ANSWERED_LIKE[open_question].value if open_question is not None else "none"
    return settle_by(weights(), by_rules, tokens, question)


@cache
def prepare() -> None:
    """Read lexicons and weights now: the first text of a process, with addresses locked, is the wrong one to wait."""
    interpret("could you stop", open_question=None)


def is_plain(by_rules: Interpretation, tokens: Sequence[Token]) -> bool:
    """Say whether a text is one of our words, a number or sign, or a phone's own: there the rules are exact."""
    is_automatic = by_rules.has(Intent.REACTION) or by_rules.has(Intent.AUTO_REPLY)
    return is_automatic or bool(by_rules.keyword) or not any(token.text.strip("0").isalpha() for token in tokens)


def settle_by(known: Weights, by_rules: Interpretation, tokens: Sequence[Token], question: str) -> Interpretation:
    """Add and take back what these weights are sure enough of; `question` is what was asked, or "none"."""
    chances = known.chances(features_of(tokens, question, by_rules.intents))
    said = [finding for finding in by_rules.findings if finding.intent not in STANDS_ALONE]
    kept = [finding for finding in said if chances[finding.intent] >= KEPT_FROM[finding.intent]]
    had = {finding.intent for finding in said}
    wanted = [intent for intent, least in ADDED_FROM.items() if intent not in had and chances[intent] >= least]
    is_answer = by_rules.has(Intent.UNCLEAR) and question == QuestionKind.CONFIRM
    if is_answer and not wanted and chances[Intent.CONFIRM] >= CONFIRMED_FROM:
        wanted = [Intent.CONFIRM]
    if not wanted and len(kept) == len(said):
        return by_rules
    added = [Finding(intent, _evidence(known.words_for(intent, tokens, question), intent)) for intent in wanted]
    whole = (Evidence(tokens[0].start, tokens[-1].end, "weights.unclear"),)
    findings = sorted((*kept, *added), key=lambda item: PRECEDENCE[item.intent]) or [Finding(Intent.UNCLEAR, whole)]
    has = {finding.intent for finding in findings}
    score = by_rules.score if Intent.SCORE in has else None
    is_idiom = by_rules.may_be_idiom and Intent.RED_FLAG not in has
    return replace(by_rules, findings=tuple(findings), score=score, may_be_idiom=is_idiom)


def _evidence(words: Sequence[Token], intent: Intent) -> tuple[Evidence, ...]:
    return tuple(Evidence(word.start, word.end, f"weights.{intent}") for word in words)
