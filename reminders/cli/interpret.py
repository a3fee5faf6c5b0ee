"""`reminders interpret`: what patients' texts mean, line by line for programs, or in words for people. No database."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reminders.core.cadences import QuestionKind
from reminders.core.errors import InputError
from reminders.core.replies import Finding, Interpretation, interpret

DONE, BAD_INPUT = 0, 2
KEYS = frozenset({"id", "text", "open_question", "language"})
EXAMPLE = '{"id": "1", "text": "yes but no ride", "open_question": "confirm", "language": "en"}'
LONGEST_SHOWN = 60


class LineError(Exception):
    """A line is no reply to interpret; the message says what would be right."""


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:  # noqa: ARG001 - every command is run alike
    """Interpret what stands on standard input, or explain the texts that were given. Raises InputError."""
    question = QuestionKind(arguments.question) if arguments.question else None
    if arguments.explain:
        return _explain(arguments.text, question, arguments.language)
    if arguments.text:
        raise InputError(["texts as arguments are for --explain; without it, lines of JSON are read, such as", EXAMPLE])
    return answer_lines(sys.stdin.buffer)


def answer_lines(lines: Iterable[bytes]) -> int:
    """Print the meaning of each line; a faulty one is told of on standard error and the others are still answered."""
    status = DONE
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            print(json.dumps(_answer(line), ensure_ascii=False))
        except LineError as error:
            print(f"line {number}: {error}", file=sys.stderr)
            status = BAD_INPUT
    return status


def _answer(line: bytes) -> dict[str, Any]:
    row = _row(line)
    found = interpret(row["text"], open_question=_question(row), language=_language(row))
    return {"id": row.get("id"), "intents": list(found.intents), "score": found.score}


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise LineError("it must be UTF-8") from error
    except ValueError as error:
        raise LineError(f"this is not JSON; a line looks like {EXAMPLE}") from error
    if not isinstance(row, dict):
        raise LineError(f"this is no JSON object; a line looks like {EXAMPLE}")
    if not isinstance(row.get("text"), str):
        raise LineError('"text" must be the text that the patient sent, a string (it may be empty)')
    if unknown := sorted(row.keys() - KEYS):
        raise LineError(f'unknown key "{unknown[0]}"; known are id, text, open_question, language')
    return row


def _question(row: Mapping[str, Any]) -> QuestionKind | None:
    asked = row.get("open_question")
    if asked is None:
        return None
    if asked not in list(QuestionKind):
        raise LineError(f'"open_question" must be {", ".join(QuestionKind)} or null, not {json.dumps(asked)}')
    return QuestionKind(asked)


def _language(row: Mapping[str, Any]) -> str | None:
    language = row.get("language")
    if language is not None and not isinstance(language, str):
        raise LineError(f'"language" must be "en", "es" or null, not {json.dumps(language)}')
    return language


def _explain(texts: list[str], question: QuestionKind | None, language: str | None) -> int:
    if not texts:
        raise InputError(['--explain needs a text, such as: reminders interpret --explain "yes but no ride"'])
    for place, text in enumerate(texts):
        if place:
            print()
        for line in explained(text, interpret(text, open_question=question, language=language), question):
            print(line)
    return DONE


def explained(text: str, found: Interpretation, question: QuestionKind | None) -> Iterator[str]:
    """Tell what was understood of a text, by which of its words and by which rule, a line each."""
    asked = f"asked: {question}" if question is not None else "nothing asked"
    yield f"{_shown(text)}   ({asked})"
    for finding in found.findings:
        for line in _lines(text, finding):
            yield f"  {line}"
    if found.score is not None:
        yield f"  score           {found.score}"
    if found.keyword:
        yield f"  keyword         {found.keyword}"
    if found.may_be_idiom:
        yield "  taken as a turn of phrase: a clinic may set it to be taken at its word"


def _lines(text: str, finding: Finding) -> Iterator[str]:
    name = f"{finding.intent}{' (mild)' if finding.is_mild else ''}"
    for evidence in finding.evidence:
        words = _shown(text[evidence.start : evidence.end])
        yield f"{name:<16}{words}   by {evidence.rule}"
        name = ""


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line if len(line) <= LONGEST_SHOWN else line[: LONGEST_SHOWN - 1] + "…"}"'
