"""Rules about what only a person can answer, and about what is no answer at all."""

from __future__ import annotations

from collections.abc import Iterator

from reminders.core.consent import provider_verdict
from reminders.core.conversation.actions import Action, HoldPatient, Note, Say
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.scene import Scene
from reminders.core.replies import Intent
from reminders.core.tasks import Doubt, TaskKind, Urgency

ANSWERED_BY_PROVIDER = frozenset({"help", "info"})
"""Whole texts that the provider answers where its own handling is on (requirement 37)."""


def deceased(scene: Scene) -> Iterator[Action]:
    """Everything stops at once, quietly, until staff have spoken with the family."""
    owner = scene.thread.owner
    if owner is not None:
        yield HoldPatient(owner)
    yield scene.task(TaskKind.DECEASED)


def call_me(scene: Scene) -> Iterator[Action]:
    """Staff phone."""
    yield scene.task(TaskKind.CALL_WANTED)
    yield Say(AnswerKind.QUESTION)


def contact_change(scene: Scene) -> Iterator[Action]:
    """Staff correct the record: a number in a text is no proof of whose it is."""
    yield scene.task(TaskKind.CONTACT_CHANGE)
    yield Say(AnswerKind.QUESTION)


def question(scene: Scene) -> Iterator[Action]:
    """Staff answer; we only say that somebody reads it."""
    yield scene.task(TaskKind.QUESTION)
    yield Say(AnswerKind.QUESTION)


def help_me(scene: Scene) -> Iterator[Action]:
    """Say who we are, whom to call, how to stop, where the provider has not done so."""
    heard, thread = scene.heard, scene.thread
    is_its_word = heard.interpretation.keyword in ANSWERED_BY_PROVIDER
    if provider_verdict(heard.provider_word) is Intent.HELP or (thread.provider_answers_keywords and is_its_word):
        yield Note("the provider answers this word itself")
    elif thread.is_opted_out:
        yield Note("opted out: help is not answered")
    else:
        yield Say(AnswerKind.HELP)


def thanks(scene: Scene) -> Iterator[Action]:
    """Chatter closes no question and needs no answer."""
    del scene
    yield Note("thanks need no answer")


def reaction(scene: Scene) -> Iterator[Action]:
    """A thumb on our text quotes our own words: it is no answer (requirement 47)."""
    del scene
    yield Note("a reaction is no answer")


def auto_reply(scene: Scene) -> Iterator[Action]:
    """A machine wrote. After a session that it is a car's should not go unseen."""
    yield Note("an automatic reply is no answer")
    today = None if scene.thread.is_shared else scene.thread.today(scene.now)
    if today is not None and today.starts_at <= scene.now:
        doubt = Doubt.MACHINE_ON_THE_DAY
        yield scene.task(TaskKind.REPLY_UNCLEAR, visits=[today], urgency=Urgency.LOW, doubt=doubt)


def unclear(scene: Scene) -> Iterator[Action]:
    """A person reads it."""
    if scene.heard.is_empty and not scene.heard.media_count:
        yield Note("an empty text")
    else:
        yield scene.unread(Doubt.PICTURE if scene.heard.is_empty else Doubt.NOT_UNDERSTOOD)


def photo(scene: Scene) -> Iterator[Action]:
    """Somebody should know of a picture; we do not keep it."""
    yield scene.task(TaskKind.SENDER_UNKNOWN) if scene.is_stranger else scene.unread(Doubt.PICTURE)
