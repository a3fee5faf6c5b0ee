"""Threads and texts that tests of the conversation are made of."""

from __future__ import annotations

from datetime import datetime, timedelta

from reminders.core.cadences import QuestionKind
from reminders.core.conversation.actions import Action, OpenTask, Say
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.respond import respond
from reminders.core.conversation.scene import Scene
from reminders.core.conversation.thread import OpenQuestion, Thread
from reminders.core.conversation.understanding import Heard
from reminders.core.replies import Evidence, Finding, Intent, Interpretation
from reminders.core.tasks import Doubt, TaskKind
from tests.builders import NOON, a_patient, a_record, an_appointment, an_id

DANA, LEE = a_patient(a_record("P1")), a_patient(a_record("P2", name="Lee Stone"))
VISIT = an_appointment(NOON + timedelta(days=3))
LATER = an_appointment(NOON + timedelta(days=6), external_id="A2")
LEES = an_appointment(NOON + timedelta(days=3), external_id="A3", patient=LEE)
BEGUN = an_appointment(NOON - timedelta(hours=3), external_id="A0")
ASKED = OpenQuestion(QuestionKind.CONFIRM, ((VISIT.id, VISIT.version),))
ASKED_LATER = OpenQuestion(QuestionKind.CONFIRM, ((LATER.id, LATER.version),))
RUN = OpenQuestion(QuestionKind.CONFIRM, ((VISIT.id, VISIT.version), (LATER.id, LATER.version)))
RIDE = OpenQuestion(QuestionKind.RIDE, ((VISIT.id, VISIT.version),))
CHECK_IN = OpenQuestion(QuestionKind.CHECK_IN, ((BEGUN.id, BEGUN.version),), an_id("asked"), DANA.id)
ALONE = Thread(patients=(DANA.id,), upcoming=(VISIT,), last=(ASKED,))
SHARED = Thread(patients=(DANA.id, LEE.id), upcoming=(VISIT, LEES), last=(ASKED,))
NOBODY = Thread()
AFTER = Thread(patients=(DANA.id,), past=(BEGUN,), last=(CHECK_IN,))


def a_reading(
    *intents: Intent, score: int | None = None, keyword: str = "", is_mild: bool = False, may_be_idiom: bool = False
) -> Interpretation:
    """Build what a text was understood as."""
    found = tuple(Finding(intent, (Evidence(0, 1, f"test.{intent}"),), is_mild) for intent in intents)
    return Interpretation(found, score=score, keyword=keyword, may_be_idiom=may_be_idiom)


def after(
    reading: Interpretation | Intent,
    thread: Thread = ALONE,
    now: datetime = NOON,
    *,
    body: str = "words",
    media_count: int = 0,
    provider_word: str | None = None,
) -> tuple[Action, ...]:
    """Return all that follows from a text."""
    said = a_reading(reading) if isinstance(reading, Intent) else reading
    return respond(Scene(Heard(body, said, media_count, provider_word), thread, now))


def done(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Return what follows but what is only said."""
    return tuple(action for action in actions if not isinstance(action, Say))


def doubts(actions: tuple[Action, ...]) -> list[Doubt | None]:
    """Return why a person has to read it."""
    return [
        action.doubt for action in actions if isinstance(action, OpenTask) and action.kind is TaskKind.REPLY_UNCLEAR
    ]


def told(actions: tuple[Action, ...]) -> list[AnswerKind]:
    """Return what is said."""
    return [action.kind for action in actions if isinstance(action, Say)]


def opened(actions: tuple[Action, ...]) -> list[TaskKind]:
    """Return the kinds of the tasks."""
    return [action.kind for action in actions if isinstance(action, OpenTask)]
