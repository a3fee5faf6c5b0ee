"""Why a reply needs a reader: whoever opens that task says so, and staff read it in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reminders.core.consent import Source
from reminders.core.conversation.actions import OpenTask
from reminders.core.conversation.thread import Thread
from reminders.core.replies import Intent, Interpretation
from reminders.core.tasks import DOUBTS, Doubt, TaskKind
from tests.builders import NOON, an_appointment
from tests.core.conversations import (
    AFTER,
    ALONE,
    ASKED_LATER,
    BEGUN,
    CHECK_IN,
    DANA,
    LATER,
    NOBODY,
    RIDE,
    SHARED,
    VISIT,
    a_reading,
    after,
    doubts,
)

MOVED = replace(VISIT, version=2)
STOPPED = replace(ALONE, is_opted_out=True, opted_out_by=Source.VOICE)
MINE = replace(ALONE, last=())
DURING = VISIT.starts_at + timedelta(minutes=20)
IN_IT = replace(ALONE, upcoming=(), past=(VISIT,))
FAR = replace(MINE, upcoming=(an_appointment(NOON + timedelta(days=30)),))
ENOUGH = replace(ALONE, upcoming=(MOVED,), answers_last_hour=3)


@pytest.mark.parametrize(
    ("reading", "thread", "doubt"),
    [
        (Intent.UNCLEAR, ALONE, Doubt.NOT_UNDERSTOOD),
        (Intent.CONFIRM, SHARED, Doubt.SEVERAL_PATIENTS),
        (Intent.CONFIRM, replace(MINE, upcoming=(VISIT, LATER)), Doubt.SEVERAL_SESSIONS),
        (
            Intent.CONFIRM,
            replace(ALONE, upcoming=(VISIT, LATER), last=(RIDE,), older=((ASKED_LATER,),)),
            Doubt.SEVERAL_SESSIONS,
        ),
        (Intent.CONFIRM, replace(ALONE, upcoming=(LATER,)), Doubt.SESSION_GONE),
        (Intent.CONFIRM, replace(MINE, upcoming=()), Doubt.NO_SESSION),
        (Intent.CONFIRM, FAR, Doubt.FAR_AHEAD),
        (Intent.CONFIRM, ENOUGH, Doubt.MOVED),
        (Intent.DECLINE, Thread(patients=(DANA.id,)), Doubt.NO_SESSION),
        (Intent.LATE, ALONE, Doubt.NOT_TODAY),
        (Intent.HAS_RIDE, SHARED, Doubt.SEVERAL_PATIENTS),
        (Intent.HAS_RIDE, replace(ALONE, upcoming=(MOVED,), last=(RIDE,)), Doubt.RIDE_FOR_EARLIER),
        (a_reading(Intent.SCORE, score=4), replace(SHARED, last=(CHECK_IN,)), Doubt.SEVERAL_PATIENTS),
        (a_reading(Intent.SCORE, score=4), replace(AFTER, past=()), Doubt.NUMBER_WITHOUT_SESSION),
        (Intent.AUTO_REPLY, replace(AFTER, last=()), Doubt.MACHINE_ON_THE_DAY),
        (a_reading(Intent.OPT_IN, keyword="start"), STOPPED, Doubt.WANTS_TEXTS_AGAIN),
        (a_reading(Intent.OPT_IN, keyword="start"), replace(STOPPED, is_page=True), Doubt.WANTS_TEXTS_BY_PAGE),
    ],
)
def test_what_stands_in_the_way_is_named(reading: Intent | Interpretation, thread: Thread, doubt: Doubt) -> None:
    assert doubts(after(reading, thread)) == [doubt]


def test_a_yes_that_comes_after_the_session_began_says_so() -> None:
    assert doubts(after(Intent.CONFIRM, IN_IT, now=DURING)) == [Doubt.CONFIRMED_LATE]
    assert doubts(after(Intent.CONFIRM, IN_IT, now=DURING + timedelta(days=2))) == [Doubt.CONFIRMED_LATE]
    assert DOUBTS[Doubt.CONFIRMED_LATE] == "confirmed after the session had begun"


def test_a_picture_is_named_where_words_say_nothing() -> None:
    assert doubts(after(Intent.UNCLEAR, body="", media_count=1)) == [Doubt.PICTURE]
    assert doubts(after(Intent.CONFIRM, body="C", media_count=1)) == [Doubt.PICTURE]


@pytest.mark.parametrize("thread", [ALONE, SHARED, NOBODY, AFTER, MINE, FAR, IN_IT, ENOUGH, STOPPED])
def test_no_reply_asks_for_a_reader_without_saying_why_and_none_twice(thread: Thread) -> None:
    for first in Intent:
        for second in (first, Intent.HAS_RIDE, Intent.CONFIRM):
            said = after(
                a_reading(*dict.fromkeys((first, second)), score=4 if Intent.SCORE in (first, second) else None), thread
            )
            found = doubts(said)
            assert len(found) <= 1
            assert None not in found
            others = [one for one in said if isinstance(one, OpenTask) and one.kind is not TaskKind.REPLY_UNCLEAR]
            assert all(one.doubt is None for one in others)


def test_every_doubt_has_words_of_its_own() -> None:
    assert set(DOUBTS) == set(Doubt)
    assert len(set(DOUBTS.values())) == len(Doubt)
    assert BEGUN.starts_at < NOON
