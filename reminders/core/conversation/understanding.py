"""Understanding: a text read under every question that it may answer, and all readings put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reminders.core.cadences import QuestionKind
from reminders.core.conversation.thread import OpenQuestion, Thread
from reminders.core.replies import Evidence, Finding, Intent, Interpretation, interpret
from reminders.core.replies.intents import PRECEDENCE, STANDS_ALONE

BY_BUTTON = "page.button"
"""The rule by which a wish on the page is one for another time."""
ANSWERS = {
    QuestionKind.CONFIRM: frozenset({Intent.CONFIRM, Intent.DECLINE, Intent.RESCHEDULE}),
    QuestionKind.RIDE: frozenset({Intent.HAS_RIDE, Intent.NEEDS_RIDE, Intent.HIRED_RIDE, Intent.SELF_DRIVE}),
    QuestionKind.CHECK_IN: frozenset({Intent.SCORE}),
    QuestionKind.PICK_UP: frozenset({Intent.CONFIRM, Intent.DECLINE}),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """A text as it came, with all that it says. `provider_word` is what the provider took it for (OptOutType)."""

    body: str
    interpretation: Interpretation
    media_count: int = 0
    provider_word: str | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to read."""
        return not self.body.strip()


def understand(body: str, thread: Thread) -> Interpretation:
    """Read a text under all that the last message asked; where it answers none of that, under what was asked before.

    To an older message only words that mean the same whatever was asked count, and a score, which is asked for by
    nothing else: a bare yes belongs to the last thing asked, or to nothing.
    """
    if thread.is_person_last:
        return _to_a_person(body, thread)
    found = [_read(body, question.kind, thread) for question in thread.last] or [_read(body, None, thread)]
    merged = merge(found)
    if any(merged.has(intent) for question in thread.last for intent in ANSWERS[question.kind]):
        return merged
    older = [item for items in thread.older for item in items]
    if not older:
        return merged
    plain = _read(body, None, thread)
    for question in older:
        reading = _read(body, question.kind, thread)
        if _answers(question, reading, plain):
            return merge([reading, *found])
    return merged


def understand_wish(body: str, thread: Thread) -> Interpretation:
    """Read the line beside the button by which a patient asks for another time.

    The button says what they want of the session, so that no word here confirms it; the words may say anything else.
    """
    plain = _read(body, None, thread)
    by_button = Finding(Intent.RESCHEDULE, (Evidence(0, len(body), BY_BUTTON),))
    said = [item for item in plain.findings if item.intent not in STANDS_ALONE | {Intent.CONFIRM}]
    if not plain.has(Intent.RESCHEDULE):
        said.append(by_button)
    return replace(plain, findings=tuple(sorted(said, key=lambda item: PRECEDENCE[item.intent])))


def _to_a_person(body: str, thread: Thread) -> Interpretation:
    """Read a text after staff wrote themselves: what it says whatever was asked; a bare answer is theirs to read."""
    plain = _read(body, None, thread)
    kinds = dict.fromkeys([QuestionKind.CONFIRM, *(question.kind for question in thread.questions)])
    for kind in kinds:
        said = ANSWERS[kind].intersection(_read(body, kind, thread).intents)
        if said - set(plain.intents):
            rest = [item for item in plain.findings if item.intent not in STANDS_ALONE]
            unclear = Finding(Intent.UNCLEAR, (Evidence(0, len(body), "answer_to_staff"),))
            return replace(plain, findings=(*rest, unclear))
    return plain


def _answers(question: OpenQuestion, reading: Interpretation, plain: Interpretation) -> bool:
    said = ANSWERS[question.kind].intersection(reading.intents)
    return bool(said) and (question.kind is QuestionKind.CHECK_IN or said <= set(plain.intents))


def _read(body: str, kind: QuestionKind | None, thread: Thread) -> Interpretation:
    return interpret(body, open_question=kind, language=thread.language)


def merge(readings: Sequence[Interpretation]) -> Interpretation:
    """Put readings of one text together: all that any of them found, most pressing first."""
    if len(readings) == 1:
        return readings[0]
    scored = next((item for item in readings if item.score is not None), None)
    found: dict[Intent, Finding] = {}
    for finding in (finding for item in readings for finding in item.findings):
        held = found.get(finding.intent)
        found[finding.intent] = finding if held is None else _joined(held, finding)
    if scored is not None:
        _drop_what_was_the_score(found, scored)
    said = [found[intent] for intent in sorted(found, key=PRECEDENCE.__getitem__)]
    more = [item for item in said if item.intent not in STANDS_ALONE]
    lead = scored or max(readings, key=lambda item: bool(item.keyword))
    return replace(
        lead,
        findings=tuple(more or said[:1]),
        score=scored.score if scored else None,
        may_be_idiom=any(item.may_be_idiom for item in readings),
    )


def _joined(one: Finding, other: Finding) -> Finding:
    evidence = tuple(dict.fromkeys((*one.evidence, *other.evidence)))
    return Finding(one.intent, evidence, is_mild=one.is_mild and other.is_mild)


def _drop_what_was_the_score(found: dict[Intent, Finding], scored: Interpretation) -> None:
    """Forget a complaint that is one only while nobody asked for a number: the score says it."""
    if Intent.SYMPTOM not in found or scored.has(Intent.SYMPTOM):
        return
    score = next((item for item in scored.findings if item.intent is Intent.SCORE), None)
    if score is not None and _overlap(score.evidence, found[Intent.SYMPTOM].evidence):
        del found[Intent.SYMPTOM]


def _overlap(some: Iterable[Evidence], others: Sequence[Evidence]) -> bool:
    return any(one.start < other.end and other.start < one.end for one in some for other in others)


def with_provider_word(found: Interpretation, intent: Intent | None, body: str) -> Interpretation:
    """Add what the provider took a text for, and acted on: its opt-out holds whatever we read."""
    if intent is None or found.has(intent):
        return found
    finding = Finding(intent, (Evidence(0, len(body), "provider.opt_out_type"),))
    rest = [item for item in found.findings if item.intent not in STANDS_ALONE]
    return replace(found, findings=tuple(sorted([finding, *rest], key=lambda item: PRECEDENCE[item.intent])))
