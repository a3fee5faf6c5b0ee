"""The second reading: what the rules found, set beside what was learned from tens of thousands of replies.

The rules come first and can be read; where a patient writes as nobody thought of, they find nothing, or one thing too
many. Two readers have learned from labelled replies, with what the rules found beside the words: `weights` know words,
the `encoder` knows which words are like which. Their odds, weighed, decide: what is likelier than not is said, whether
or not the rules found it. What costs a patient most when it is wrong has a threshold of its own. No opt-in is ever
added, a score only where one number can be it, a confirmation only where it was asked for, thanks or a phone's own
words only where nothing else is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from reminders.core.cadences import QuestionKind
from reminders.core.replies.encoder import encoder
from reminders.core.replies.intents import PRECEDENCE, STANDS_ALONE, Intent
from reminders.core.replies.interpret import interpret_by_rules, question_of
from reminders.core.replies.interpretation import Evidence, Finding, Interpretation
from reminders.core.replies.weights import Token, chance, features_of, log_odds, tokens_of, weights

Chances = Mapping[Intent, float]
WORDS_COUNT, SENSE_COUNTS = 0.65, 0.45
"""How much the log-odds of weights and encoder count: fitted on replies of authors of whom neither had learned."""
LIKELY, NEVER = 0.5, 2.0
ADDED_FROM: Chances = dict.fromkeys(Intent, LIKELY) | {
    Intent.RED_FLAG: 0.06,
    Intent.OPT_OUT: 0.1,
    Intent.CONFIRM: 0.9,
    Intent.SCORE: 0.8,
    **dict.fromkeys((Intent.OPT_IN, *STANDS_ALONE), NEVER),
}
"""The chance from which an intent is added. To miss a red flag is worse than to see one too many; to imagine that
somebody comes is worse than to ask once more."""
HEARD_FROM: Chances = {Intent.CONFIRM: 0.2, Intent.HAS_RIDE: 0.25, Intent.HELP: 0.2}
"""What the words alone must make of it too: the encoder is now and then sure of the contrary of what is meant, and
takes words that nobody knows for the name of a driver."""
KEPT_FROM: Chances = dict.fromkeys(Intent, LIKELY) | {
    Intent.RED_FLAG: 0.02,
    Intent.OPT_OUT: 0.03,
    **dict.fromkeys(STANDS_ALONE, 0.0),
}
"""The chance below which a finding of the rules is taken back."""
ALONE_FROM, ALONE_KEPT_FROM = 0.7, 0.05
"""The chances from which a text that says nothing else is thanks or a phone's own, where rules found it unclear; and
below which one that rules took for that is left to a person after all."""
LONGEST = 1_600
"""Signs of the longest text that a carrier takes. A letter is read by the rules alone: it would take seconds."""
SURELY_NOT = 0.05
SURELY_SAID: Chances = dict.fromkeys(Intent, 0.8) | dict.fromkeys((Intent.CONFIRM, Intent.OPT_OUT, Intent.SCORE), 0.98)
"""Where the weights alone are so sure of all that the rules found, and of nothing else, nobody else is asked. Of what
nobody may imagine they must be surer."""


def interpret(text: str, *, open_question: QuestionKind | None, language: str | None = None) -> Interpretation:
    """Return what a text says; `open_question` is what this phone was last asked and has not answered.

    `language` is the one the patient is recorded with. Both are always tried; it only decides between equals.
    """
    by_rules = interpret_by_rules(text, open_question=open_question, language=language)
    tokens = tokens_of(text)
    if is_plain(by_rules, tokens) or len(text) > LONGEST:
        return by_rules
    question = question_of(open_question)
    by_words = weights().chances(features_of(tokens, question, by_rules.intents))
    if is_sure(by_rules, by_words):
        return by_rules
    by_sense = encoder().chances(text, question, by_rules.intents)
    return settle_by(by_rules, Heard.of(by_words, by_sense), tokens, question)


@cache
def prepare() -> None:
    """Read what was learned now: the first text of a process, with addresses locked, is the wrong one to wait."""
    interpret("could you stop", open_question=None)
    encoder()


def is_plain(by_rules: Interpretation, tokens: Sequence[Token]) -> bool:
    """Say whether a text is one of our words, an idle phrase, a number, a sign or a phone's own: rules are exact."""
    is_automatic = by_rules.has(Intent.REACTION) or by_rules.has(Intent.AUTO_REPLY)
    return (
        is_automatic
        or by_rules.is_idle
        or bool(by_rules.keyword)
        or not any(token.text.strip("0").isalpha() for token in tokens)
    )


def is_sure(by_rules: Interpretation, by_words: Chances) -> bool:
    """Say whether the weights see what the rules see and nothing else, so that nothing could change."""
    said = _said(by_rules)
    rest = [intent for intent in Intent if intent not in said and intent not in STANDS_ALONE]
    is_heard = bool(said) and all(by_words[intent] >= SURELY_SAID[intent] for intent in said)
    return is_heard and all(by_words[intent] <= SURELY_NOT for intent in rest)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was learned makes of a text: chances by words alone, and by both readers together."""

    by_words: Chances
    both: Chances

    @classmethod
    def of(cls, by_words: Chances, by_sense: Chances) -> Heard:
        """Return the chances of two readers, their log-odds weighed and added."""
        return cls(by_words, {intent: _both(by_words[intent], by_sense[intent]) for intent in Intent})


def _both(by_words: float, by_sense: float) -> float:
    return chance(WORDS_COUNT * log_odds(by_words) + SENSE_COUNTS * log_odds(by_sense))


def settle_by(by_rules: Interpretation, heard: Heard, tokens: Sequence[Token], question: str) -> Interpretation:
    """Add what is likely enough and take back what is not; `question` is what was asked, or "none"."""
    said = _said(by_rules)
    kept = [finding for intent, finding in said.items() if heard.both[intent] >= KEPT_FROM[intent]]
    likely = [intent for intent, least in ADDED_FROM.items() if intent not in said and heard.both[intent] >= least]
    wanted = [
        intent
        for intent in likely
        if heard.by_words[intent] >= HEARD_FROM.get(intent, 0) and _can_be(intent, by_rules, question)
    ]
    alone = _alone(by_rules, heard) if not kept and not wanted else None
    if not wanted and len(kept) == len(said) and (alone is None or by_rules.has(alone)):
        return by_rules
    added = [Finding(intent, _evidence(intent, tokens, question)) for intent in wanted]
    findings = sorted((*kept, *added), key=lambda item: PRECEDENCE[item.intent])
    if alone is not None:
        findings = [Finding(alone, (Evidence(tokens[0].start, tokens[-1].end, f"weights.{alone}"),))]
    has = {finding.intent for finding in findings}
    score = (by_rules.score if Intent.SCORE in said else by_rules.number) if Intent.SCORE in has else None
    is_idiom = by_rules.may_be_idiom and Intent.RED_FLAG not in has
    return replace(by_rules, findings=tuple(findings), score=score, may_be_idiom=is_idiom)


def _alone(by_rules: Interpretation, heard: Heard) -> Intent:
    """Return what a text is that says nothing else: thanks, a phone's own words, or unclear, which a person reads."""
    nearest = max(STANDS_ALONE - {Intent.UNCLEAR}, key=lambda intent: heard.both[intent])
    found = next((item.intent for item in by_rules.findings if item.intent in STANDS_ALONE), Intent.UNCLEAR)
    if found is Intent.UNCLEAR:
        return nearest if heard.both[nearest] >= ALONE_FROM else Intent.UNCLEAR
    return found if heard.both[found] >= ALONE_KEPT_FROM else Intent.UNCLEAR


def _said(by_rules: Interpretation) -> dict[Intent, Finding]:
    return {finding.intent: finding for finding in by_rules.findings if finding.intent not in STANDS_ALONE}


def _can_be(intent: Intent, by_rules: Interpretation, question: str) -> bool:
    """Say whether what seems likely can be at all."""
    if intent is Intent.CONFIRM:
        return question == QuestionKind.CONFIRM and not by_rules.is_hedged
    return by_rules.number is not None if intent is Intent.SCORE else True


def _evidence(intent: Intent, tokens: Sequence[Token], question: str) -> tuple[Evidence, ...]:
    words = weights().words_for(intent, tokens, question)
    return tuple(Evidence(word.start, word.end, f"weights.{intent}") for word in words)
