"""Reading a patient's text: what it says, by which words, and nothing that it does not say."""

from __future__ import annotations

from reminders.core.cadences import QuestionKind
from reminders.core.replies.interpretation import Evidence, Finding, Interpretation
from reminders.core.replies.one_word import read_word


def interpret(text: str, *, open_question: QuestionKind | None, language: str | None = None) -> Interpretation:
    """Return what a text means; `open_question` is what this phone was last asked and has not answered."""
    reply = read_word(text, open_question=open_question)
    evidence = Evidence(0, len(text), f"word.{reply.intent}")
    return Interpretation((Finding(reply.intent, (evidence,)),), keyword=reply.word, language=language or "en")
