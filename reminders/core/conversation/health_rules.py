"""Rules about how somebody is: alarms, complaints, scores. Nothing here judges more than the words (requirement 46)."""

from __future__ import annotations

from collections.abc import Iterator

from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import Concern
from reminders.core.conversation.actions import Action, RaiseAlarm, RecordScore, Say
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.binding import about, of_check_in
from reminders.core.conversation.scene import Scene
from reminders.core.replies import Intent, Interpretation
from reminders.core.tasks import Doubt, TaskKind, Urgency

WORDS_OF_A_CHECK_IN = frozenset({Intent.UNCLEAR, Intent.SYMPTOM})
"""What an open check-in may be answered with instead of a number."""
IDIOM = "idiom"
"""What the rules that read turns of phrase have in their names."""


def red_flag(scene: Scene) -> Iterator[Action]:
    """Staff at once, day or night, whoever wrote; and the numbers to call, once while staff have not taken over."""
    yield from _alarm(scene, Concern.RED_FLAG)


def idiom(scene: Scene) -> Iterator[Action]:
    """The same for turns of phrase, at a clinic that takes them at their word."""
    if not scene.says(Intent.RED_FLAG):
        yield from _alarm(scene, Concern.IDIOM)


def _alarm(scene: Scene, concern: Concern) -> Iterator[Action]:
    thread = scene.thread
    today = None if thread.is_shared else thread.today(scene.now)
    visits = (today,) if today is not None else about(thread, scene.now)
    yield RaiseAlarm(concern, thread.owner, visits[0].id if len(visits) == 1 else None)
    if not thread.is_crisis_told:
        yield Say(AnswerKind.CRISIS)


def symptom(scene: Scene) -> Iterator[Action]:
    """A clinician reads it the same day; a turn of phrase, or what is denied, without haste."""
    yield scene.task(TaskKind.SYMPTOM, urgency=Urgency.LOW if _is_mild(scene.heard.interpretation) else None)
    yield Say(AnswerKind.SYMPTOM)


def _is_mild(reading: Interpretation) -> bool:
    """Say whether a turn of phrase, or what is denied or over, is all that sounds like a complaint."""
    found = [item for item in reading.findings if item.intent is Intent.SYMPTOM]
    evidence = [one for item in found for one in item.evidence]
    phrases = [one for one in evidence if IDIOM in one.rule]
    is_all_phrase = bool(phrases) and all(
        any(one.start < phrase.end and phrase.start < one.end for phrase in phrases) for one in evidence
    )
    return (reading.may_be_idiom and is_all_phrase) or all(item.is_mild for item in found)


def score(scene: Scene) -> Iterator[Action]:
    """One number from 0 to 10, to the session that we asked about, or else the newest."""
    asked, session = of_check_in(scene.thread)
    value = scene.heard.interpretation.score
    if scene.thread.is_shared or session is None or value is None:
        yield scene.unread(_unplaced(scene)) if asked is not None else scene.task(TaskKind.SYMPTOM)
        return
    yield RecordScore(session.patient_id, session.id, asked, value)
    yield Say(AnswerKind.SCORE)


def _unplaced(scene: Scene) -> Doubt:
    return Doubt.SEVERAL_PATIENTS if scene.thread.is_shared else Doubt.NUMBER_WITHOUT_SESSION


def unscored(scene: Scene) -> Iterator[Action]:
    """Words without a number keep the check-in open: they are stored, and one number is asked for once."""
    asked, session = of_check_in(scene.thread)
    is_last = any(item.kind is QuestionKind.CHECK_IN for item in scene.thread.last)
    if asked is None or session is None or not is_last or scene.thread.is_shared or scene.heard.is_empty:
        return
    if scene.says(Intent.SCORE) or not scene.says(*WORDS_OF_A_CHECK_IN):
        return
    yield RecordScore(session.patient_id, session.id, asked, None)
    if not scene.thread.is_score_asked_again and not scene.says(Intent.SYMPTOM):
        yield Say(AnswerKind.SCORE_UNCLEAR)
