"""Why a text was read as it was, in words that nobody needs a manual for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reminders.core.labels import title
from reminders.core.replies import Intent
from reminders.core.tasks import TITLES, TaskKind, fitting, language_read, proofs

RULES: Mapping[str, str] = {
    "code": "the letter that we ask for",
    "yes": "a plain yes",
    "no": "a plain no",
    "keyword": "a word that opts out for every phone company",
    "told_before": "a word that patients are told to opt out by",
    "question_mark": "a question",
    "unclear": "no words that we know",
    "no_words": "no words at all",
    "answer_to_staff": "an answer to what staff wrote themselves",
    "opt_out_type": "the phone company took it for that",
    "person": "a person read it so",
}
"""Rules whose name alone says too little, by the last part of it."""
LANGUAGES: Mapping[str, str] = {"es": "in Spanish"}
LEARNED = "weights"
"""What begins the name of a finding that no rule made, but what was learned from other replies."""
TASK = re.compile(r"task opened: ([a-z_]+)")
ANSWER = re.compile(r"answered: ([a-z_, ]+)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; `meaning` says what it was read as where it was."""

    text: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a text was taken to say, with the words that say it and why."""

    intent: Intent
    why: Sequence[str]


def rule_words(rule: str, read: str = "es") -> str:
    """Return the name of a rule in plain words; its language is named only where the text was read in that."""
    language, *_, name = rule.split(".") if "." in rule else ("", rule)
    if language == LEARNED:
        return "much like other replies that say so"
    plain = RULES.get(name, name.replace("_", " "))
    return f"{plain} {LANGUAGES[language]}" if language in LANGUAGES and language == read else plain


def meanings(intents: Sequence[Intent], text: str | None, understood: str | None) -> list[Meaning]:
    """Return what a text says, each with its words and the rules of the language it was read in, as far as kept."""
    read = language_read(understood)
    found = fitting(proofs(text, understood), read)
    why = [(one.intent, f"“{one.words}”: {rule_words(one.rule, read)}") for one in found]
    return [Meaning(intent, list(dict.fromkeys(line for said, line in why if said is intent))) for intent in intents]


def pieces(text: str, spans: Sequence[tuple[int, int, str]]) -> list[Piece]:
    """Cut a text at the words that led to a reading; where they overlap the earlier, longer span is shown."""
    found: list[Piece] = []
    at = 0
    for start, end, meaning in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start < at or end > len(text):
            continue
        if start > at:
            found.append(Piece(text[at:start]))
        found.append(Piece(text[start:end], meaning))
        at = end
    return [*found, Piece(text[at:])] if at < len(text) or not found else found


def done_words(decision: str) -> list[str]:
    """Return what was done about a text, one thing in each line."""
    return [_done(part) for part in decision.split("; ") if part]


def _done(part: str) -> str:
    told = TASK.sub(lambda found: f"task: {_task_title(found.group(1))}", part)
    return ANSWER.sub(lambda found: f"answered: {_kinds(found.group(1))}", told)


def _task_title(kind: str) -> str:
    known = {item.value: item for item in TaskKind}
    return TITLES[known[kind]].lower() if kind in known else kind.replace("_", " ")


def _kinds(kinds: str) -> str:
    return ", ".join(title(kind.strip()).replace("_", " ") for kind in kinds.split(","))
