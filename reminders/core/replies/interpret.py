"""Reading a patient's text: what it says, by which words, and nothing that it does not say.

A text goes the same way whatever it holds: what phones write by themselves is set aside, the rest is folded and cut
into phrases, each language finds its words, every find is weighed by its mood, the open question gives the answers
their meaning, and what contradicts itself is taken back. Nothing here depends on a clock, on chance or on other texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reminders.core.cadences import QuestionKind
from reminders.core.replies.answers import is_thanks, read_answers
from reminders.core.replies.asking import read_questions
from reminders.core.replies.driving import read_driving
from reminders.core.replies.intents import PRECEDENCE, STANDS_ALONE, Intent
from reminders.core.replies.interpretation import Evidence, Finding, Interpretation
from reminders.core.replies.judging import Judgement, Said, Side, judge, main_side, settle
from reminders.core.replies.lexicon import LANGUAGES, Lexicon, Mark, lexicon
from reminders.core.replies.matching import Match, find, longest
from reminders.core.replies.moods import Moods
from reminders.core.replies.netting import read_nets
from reminders.core.replies.on_the_way import leave_out_the_way
from reminders.core.replies.phrases import Phrase, phrases_of
from reminders.core.replies.reading import Clause, Word, clauses_of, fold
from reminders.core.replies.reasons import leave_out_reasons
from reminders.core.replies.scores import lone_number, numbers_in
from reminders.core.replies.scoring import read_score
from reminders.core.replies.wrappers import (
    end_of_own_words,
    opens_like_reaction,
    whole_text,
    without_initials,
    without_ours,
)

DEFAULT_LANGUAGE = "en"
ANSWERED_LIKE = {kind: kind for kind in QuestionKind} | {QuestionKind.PICK_UP: QuestionKind.CONFIRM}
"""An escort who is asked whether they will come answers as a patient does."""
NOTHING_ASKED = "none"


def question_of(asked: QuestionKind | None) -> str:
    """Return what was asked, as what was learned knows it."""
    return ANSWERED_LIKE[asked].value if asked is not None else NOTHING_ASKED


def interpret_by_rules(text: str, *, open_question: QuestionKind | None, language: str | None = None) -> Interpretation:
    """Return what the rules find in a text; `open_question` is what this phone was last asked and has not answered.

    `language` is the one the patient is recorded with. Both are always tried; it only decides between equals.
    """
    recorded = language if language in LANGUAGES else DEFAULT_LANGUAGE
    folded = fold(text)
    if automatic := whole_text(folded.text):
        return _alone(automatic[0], automatic[1], len(text), recorded)
    own = replace(folded, text=without_initials(folded, without_ours(folded.text), _is_word))
    sentences = clauses_of(own, end_of_own_words(own.text))
    if not sentences:
        is_asking = "?" in folded.text and not folded.text.strip("?!. \n\u00bf")
        return _alone(Intent.HELP if is_asking else Intent.UNCLEAR, "no_words", len(text), recorded)
    asked = ANSWERED_LIKE[open_question] if open_question is not None else None
    sides = _sides(sentences, asked)
    main = main_side(sides, recorded)
    found = judge(sides)
    read_nets(sides, found)
    read_driving(sides, found)
    leave_out_reasons(sides, found, asked)
    read_answers(sides, found, asked)
    score = read_score(main, sides, found, asked)
    if opens_like_reaction(folded.text):
        found.drop(Intent.CONFIRM)
    settle(found)
    leave_out_the_way(found, asked)
    read_questions(main, sides, found)
    words = [word for sentence in sentences for word in sentence.words]
    findings = _findings(found.said, words) or (_nothing_else(sides, found, asked, words),)
    return Interpretation(
        findings,
        score=score,
        keyword=_keyword(words, main),
        language=_language(found.said, main),
        may_be_idiom=bool(found.idioms) and not found.has(Intent.RED_FLAG),
        number=lone_number(numbers_in(main.phrases, main.known)),
        is_hedged=any(match.entry.means is Mark.HEDGE for side in sides for match in side.matches),
        is_idle=any(
            match.entry.means is Mark.NOTHING and match.entry.is_bare for side in sides for match in side.matches
        ),
    )


def _is_word(text: str) -> bool:
    return any(text in lexicon(language).vocabulary for language in LANGUAGES)


def _alone(intent: Intent, rule: str, length: int, language: str) -> Interpretation:
    return Interpretation((Finding(intent, (Evidence(0, length, rule),)),), language=language)


def _sides(sentences: Sequence[Clause], question: QuestionKind | None) -> list[Side]:
    known = [lexicon(language) for language in LANGUAGES]
    phrases = [phrases_of(sentences, one) for one in known]
    matches = longest([match for one, cut in zip(known, phrases, strict=True) for match in find(cut, one, question)])
    return [
        _side(one, cut, [match for match in matches if match.language == one.language])
        for one, cut in zip(known, phrases, strict=True)
    ]


def _side(known: Lexicon, phrases: tuple[Phrase, ...], matches: Sequence[Match]) -> Side:
    return Side(known, phrases, tuple(matches), Moods(phrases, matches, known))


def _findings(said: Sequence[Said], words: Sequence[Word]) -> tuple[Finding, ...]:
    grouped: dict[Intent, list[Said]] = {}
    substance = [one for one in said if one.intent not in STANDS_ALONE]
    for one in substance or said:
        grouped.setdefault(one.intent, []).append(one)
    return tuple(
        Finding(intent, _evidence(group, words), all(one.is_mild for one in group))
        for intent, group in sorted(grouped.items(), key=lambda pair: PRECEDENCE[pair[0]])
    )


def _evidence(said: Iterable[Said], words: Sequence[Word]) -> tuple[Evidence, ...]:
    spans = {(words[one.first].start, words[one.last].end, one.rule) for one in said}
    return tuple(Evidence(*span) for span in sorted(spans))


def _nothing_else(
    sides: Sequence[Side], found: Judgement, question: QuestionKind | None, words: Sequence[Word]
) -> Finding:
    """Return what a text says that says nothing of substance: thanks and the like, or what only a person can read."""
    kind = Intent.THANKS if is_thanks(sides, found, question) else Intent.UNCLEAR
    return Finding(kind, (Evidence(words[0].start, words[-1].end, f"any.{kind}"),))


def _keyword(words: Sequence[Word], side: Side) -> str:
    """Return the whole text where it is one of our known words; never anything else that a patient wrote."""
    text = " ".join(word.text for word in words)
    return text if text in side.known.groups["keywords"] else ""


def _language(said: Sequence[Said], main: Side) -> str:
    counts = Counter(one.language for one in said)
    best = max(counts.values(), default=0)
    leaders = {language for language, count in counts.items() if count == best}
    return main.known.language if main.known.language in leaders or not leaders else leaders.pop()
