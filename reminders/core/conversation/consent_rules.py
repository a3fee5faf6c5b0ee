"""Rules about being written to at all. An opt-out holds whoever wrote and whatever else the text says."""

from __future__ import annotations

from collections.abc import Iterator

from reminders.core.consent import OptInVerdict, Source, opt_in_verdict
from reminders.core.conversation.actions import Action, Note, OpenTask, OptIn, OptOut, Say, SuspendNumber
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.scene import Scene
from reminders.core.opt_out_words import may_mean_a_part
from reminders.core.replies import Intent
from reminders.core.tasks import Doubt, TaskKind

MAY_SUBSCRIBE = frozenset({"start", "unstop", "yes"})


def opt_out(scene: Scene) -> Iterator[Action]:
    """Stop everything. A word that may mean the visit has the patient phoned; so has a wish to stop only a part."""
    reading = scene.heard.interpretation
    source = Source.KEYWORD if reading.keyword else Source.TEXT
    if scene.thread.is_page:
        source = Source.LINK
    yield OptOut(source)
    yield Say(AnswerKind.OPT_OUT_CONFIRMED)
    if scene.is_stranger:
        return
    if reading.may_be_unwanted:
        yield scene.task(TaskKind.PHONE_PATIENT)
    elif may_mean_a_part(scene.heard.body):
        yield scene.task(TaskKind.CALL_WANTED)


def opt_in(scene: Scene) -> Iterator[Action]:
    """START ends what a text began; what a person was told is not undone by a word."""
    if not scene.thread.is_opted_out:
        yield Note("was not opted out")
    elif scene.is_stranger or scene.heard.interpretation.keyword not in MAY_SUBSCRIBE:
        yield from _after_verdict(scene)


def resubscribe(scene: Scene) -> Iterator[Action]:
    """A keyword from somebody who opted out by one: START, and YES where nothing was asked (requirement 36)."""
    keyword = scene.heard.interpretation.keyword
    if scene.thread.is_opted_out and keyword in MAY_SUBSCRIBE and not scene.says(Intent.OPT_OUT):
        yield from _after_verdict(scene)


def _after_verdict(scene: Scene) -> Iterator[Action]:
    keyword, thread = scene.heard.interpretation.keyword, scene.thread
    if thread.has_stopped_since:
        yield Note("opted out again after this was written")
        return
    if thread.is_page:
        # Only the phone itself, or a person who is told so, ends an opt-out: others may open a page.
        yield scene.unread(Doubt.WANTS_TEXTS_BY_PAGE)
        return
    verdict = opt_in_verdict(
        keyword,
        opted_out_by=thread.opted_out_by,
        is_toll_free=thread.is_toll_free,
        has_open_question=bool(thread.questions),
    )
    match verdict:
        case OptInVerdict.SUBSCRIBE:
            yield OptIn(Source.KEYWORD)
            if keyword == "yes":
                yield scene.task(TaskKind.OPTED_IN)
        case OptInVerdict.ASK_STAFF:
            yield _ask_staff(scene)
        case OptInVerdict.ONLY_AN_ANSWER:
            yield Note("says nothing of being written to")


def _ask_staff(scene: Scene) -> OpenTask:
    return scene.task(TaskKind.SENDER_UNKNOWN) if scene.is_stranger else scene.unread(Doubt.WANTS_TEXTS_AGAIN)


def wrong_number(scene: Scene) -> Iterator[Action]:
    """Nothing more goes to this number, not even an answer: whoever has it learns nothing."""
    yield SuspendNumber()
    if not scene.is_stranger:
        yield scene.task(TaskKind.WRONG_NUMBER)
