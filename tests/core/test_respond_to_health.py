"""Requirements 41, 44, 45 and 58: what follows from words about how somebody is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reminders.core.check_ins import Concern
from reminders.core.consent import Source
from reminders.core.conversation.actions import Confirm, OpenTask, RaiseAlarm, RecordScore, Say
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.thread import Thread
from reminders.core.replies import Intent
from reminders.core.tasks import TaskKind, Urgency
from tests.core.conversations import (
    AFTER,
    ALONE,
    BEGUN,
    CHECK_IN,
    DANA,
    LEE,
    NOBODY,
    SHARED,
    VISIT,
    a_reading,
    after,
    done,
    opened,
    told,
)

CONFIRMED = (Confirm(VISIT.id, VISIT.version),)
OPTED_OUT = replace(ALONE, is_opted_out=True, opted_out_by=Source.KEYWORD)


@pytest.mark.parametrize("thread", [ALONE, SHARED, NOBODY, OPTED_OUT, AFTER])
def test_a_red_flag_alarms_whoever_wrote_and_tells_them_whom_to_call_unless_they_opted_out(thread: Thread) -> None:
    found = after(a_reading(Intent.RED_FLAG), thread)
    assert [type(action) for action in done(found)] == [RaiseAlarm]
    assert told(found) == ([] if thread.is_opted_out else [AnswerKind.CRISIS])


def test_on_a_shared_phone_an_alarm_names_nobody() -> None:
    assert RaiseAlarm(Concern.RED_FLAG) in after(Intent.RED_FLAG, SHARED)
    assert RaiseAlarm(Concern.RED_FLAG, DANA.id, BEGUN.id) in after(Intent.RED_FLAG, AFTER)


def test_the_numbers_to_call_go_once_while_staff_have_not_taken_over_and_also_beyond_the_usual_limit() -> None:
    assert told(after(Intent.RED_FLAG, replace(ALONE, is_crisis_told=True))) == []
    assert told(after(Intent.RED_FLAG, replace(ALONE, answers_last_hour=9))) == [AnswerKind.CRISIS]
    assert told(after(Intent.RED_FLAG, body="chest hurts. don't text back")) == [AnswerKind.CRISIS]


def test_a_confirmation_a_score_and_a_red_flag_are_all_acted_on() -> None:
    reading = a_reading(Intent.RED_FLAG, Intent.SCORE, Intent.CONFIRM, score=8)
    found = after(reading, replace(ALONE, past=(BEGUN,)))
    assert RaiseAlarm(Concern.RED_FLAG, DANA.id, BEGUN.id) in found
    assert RecordScore(DANA.id, BEGUN.id, None, 8) in found
    assert CONFIRMED[0] in found


def test_an_idiom_is_read_without_haste_unless_the_clinic_takes_it_at_its_word() -> None:
    reading = a_reading(Intent.SYMPTOM, is_mild=True, may_be_idiom=True)
    (task, _answer) = after(reading)
    assert isinstance(task, OpenTask)
    assert (task.kind, task.urgency) == (TaskKind.SYMPTOM, Urgency.LOW)
    serious = after(reading, replace(ALONE, takes_idioms_seriously=True))
    assert RaiseAlarm(Concern.IDIOM, DANA.id, VISIT.id) in serious


def test_a_score_answers_the_check_in_or_belongs_to_the_newest_session() -> None:
    found = after(a_reading(Intent.SCORE, score=7), AFTER)
    assert found == (RecordScore(DANA.id, BEGUN.id, CHECK_IN, 7), Say(AnswerKind.SCORE))
    assert opened(after(a_reading(Intent.SCORE, score=7), ALONE)) == [TaskKind.SYMPTOM]


def test_words_without_a_number_are_kept_read_and_answered_once_with_a_wish_for_one() -> None:
    found = after(Intent.UNCLEAR, AFTER)
    assert RecordScore(DANA.id, BEGUN.id, CHECK_IN, None) in found
    assert opened(found) == [TaskKind.REPLY_UNCLEAR]
    assert told(found) == [AnswerKind.SCORE_UNCLEAR]
    assert told(after(Intent.UNCLEAR, replace(AFTER, is_score_asked_again=True))) == []


def test_a_complaint_to_a_check_in_is_kept_with_it_and_read_today() -> None:
    found = after(Intent.SYMPTOM, AFTER)
    assert RecordScore(DANA.id, BEGUN.id, CHECK_IN, None) in found
    assert opened(found) == [TaskKind.SYMPTOM]
    assert told(found) == [AnswerKind.SYMPTOM]


def test_a_number_that_nobody_asked_for_on_a_phone_of_two_patients_is_nobodys_score() -> None:
    thread = replace(AFTER, patients=(DANA.id, LEE.id), last=())
    found = after(a_reading(Intent.SCORE, score=9), thread)
    assert not [action for action in found if isinstance(action, RecordScore)]
