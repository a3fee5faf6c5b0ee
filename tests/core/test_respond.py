"""Requirements 30, 35 to 37 and 41 to 47: what follows from a reply, and never a guess about who will come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.consent import Source
from reminders.core.conversation.actions import (
    Confirm,
    HoldPatient,
    Note,
    OpenTask,
    OptIn,
    OptOut,
    Say,
    SuspendNumber,
    TakeBack,
)
from reminders.core.conversation.answers import AnswerKind
from reminders.core.conversation.respond import FROM_A_STRANGER, RULES
from reminders.core.conversation.thread import OpenQuestion, Thread
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.replies import Intent
from reminders.core.tasks import Doubt, TaskKind, Urgency
from tests.builders import NOON, an_appointment
from tests.core.conversations import (
    AFTER,
    ALONE,
    ASKED,
    ASKED_LATER,
    BEGUN,
    CHECK_IN,
    DANA,
    LATER,
    LEES,
    NOBODY,
    RIDE,
    RUN,
    SHARED,
    VISIT,
    a_reading,
    after,
    done,
    opened,
    told,
)

CONFIRMED = (Confirm(VISIT.id, VISIT.version),)
MOVED = replace(VISIT, version=2)
OPTED_OUT = replace(ALONE, is_opted_out=True, opted_out_by=Source.KEYWORD)


def a_task(
    kind: TaskKind = TaskKind.REPLY_UNCLEAR,
    urgency: Urgency = Urgency.NORMAL,
    about: AppointmentId | None = None,
    patient: PatientId | None = None,
    doubt: Doubt | None = None,
) -> tuple[OpenTask]:
    return (OpenTask(kind, urgency, about, patient, doubt=doubt),)


# ----- opting out and in


@pytest.mark.parametrize("thread", [ALONE, SHARED, NOBODY, OPTED_OUT, AFTER])
def test_an_opt_out_holds_whoever_owns_the_phone(thread: Thread) -> None:
    found = after(a_reading(Intent.OPT_OUT, keyword="stop"), thread)
    assert done(found) == (OptOut(Source.KEYWORD),)
    assert done(after(Intent.OPT_OUT, thread)) == (OptOut(Source.TEXT),)


@pytest.mark.parametrize("word", ["cancel", "end", "quit"])
def test_an_opt_out_that_may_mean_the_visit_also_has_the_patient_phoned(word: str) -> None:
    reading = a_reading(Intent.OPT_OUT, keyword=word)
    assert opened(after(reading)) == [TaskKind.PHONE_PATIENT]
    assert done(after(reading, SHARED))[1:] == a_task(TaskKind.PHONE_PATIENT, Urgency.HIGH)


def test_a_wish_to_stop_a_part_stops_everything_and_a_person_asks() -> None:
    found = after(Intent.OPT_OUT, AFTER, body="stop the check ins but keep reminders")
    assert OptOut(Source.TEXT) in found
    assert opened(found) == [TaskKind.CALL_WANTED]


def test_all_that_stands_beside_an_opt_out_is_done_too_and_nothing_else_is_said() -> None:
    reading = a_reading(Intent.OPT_OUT, Intent.DECLINE, Intent.RESCHEDULE, Intent.CONTACT_CHANGE)
    found = after(reading, body="No I can't, can we do Thursday? also stop texting this number use my cell")
    assert opened(found) == [TaskKind.DECLINED, TaskKind.RESCHEDULE, TaskKind.CONTACT_CHANGE]
    assert told(found) == [AnswerKind.OPT_OUT_CONFIRMED]


def test_start_opts_in_only_who_opted_out_by_text() -> None:
    start = a_reading(Intent.OPT_IN, keyword="start")
    assert done(after(start, OPTED_OUT)) == (OptIn(Source.KEYWORD),)
    assert opened(after(start, replace(OPTED_OUT, opted_out_by=Source.VOICE))) == [TaskKind.REPLY_UNCLEAR]
    (note,) = after(start, ALONE)
    assert isinstance(note, Note)


def test_yes_subscribes_again_only_where_nothing_was_asked() -> None:
    yes = a_reading(Intent.THANKS, keyword="yes")
    asked_nothing = replace(OPTED_OUT, last=())
    assert OptIn(Source.KEYWORD) in after(yes, asked_nothing)
    assert opened(after(yes, asked_nothing)) == [TaskKind.OPTED_IN]
    answer = after(a_reading(Intent.CONFIRM, keyword="yes"), OPTED_OUT)
    assert Confirm(VISIT.id, 1) in answer
    assert OptIn(Source.KEYWORD) not in answer
    assert OptIn(Source.KEYWORD) not in after(yes, replace(asked_nothing, is_toll_free=True))
    assert OptIn(Source.KEYWORD) not in after(yes, replace(asked_nothing, opted_out_by=Source.TEXT))


# ----- confirming


def test_a_confirmation_answers_the_version_that_was_asked_about() -> None:
    assert done(after(Intent.CONFIRM)) == CONFIRMED
    found = after(Intent.CONFIRM, replace(ALONE, upcoming=(VISIT, LATER)))
    assert found == (*CONFIRMED, Say(AnswerKind.CONFIRMED, (VISIT,)))


def test_a_confirmation_answers_for_every_session_that_was_asked_about() -> None:
    other = an_appointment(NOON + timedelta(days=5), external_id="A8")
    thread = replace(ALONE, upcoming=(VISIT, other, LATER), last=(RUN,))
    assert done(after(Intent.CONFIRM, thread)) == (*CONFIRMED, Confirm(LATER.id, LATER.version))


def test_for_what_moved_since_the_new_time_is_asked() -> None:
    found = after(Intent.CONFIRM, replace(ALONE, upcoming=(MOVED,)))
    assert Say(AnswerKind.MOVED, (MOVED,), QuestionKind.CONFIRM) in found
    assert not any(isinstance(action, Confirm | OpenTask) for action in found)
    both = after(Intent.CONFIRM, replace(ALONE, upcoming=(MOVED, LATER), last=(RUN,)))
    assert Confirm(LATER.id, 1) in both
    assert told(both) == [AnswerKind.CONFIRMED, AnswerKind.MOVED]


@pytest.mark.parametrize(
    "thread", [replace(OPTED_OUT, upcoming=(MOVED,)), replace(ALONE, upcoming=(MOVED,), answers_last_hour=3)]
)
def test_where_the_new_time_cannot_be_asked_a_person_does(thread: Thread) -> None:
    found = after(Intent.CONFIRM, thread)
    assert opened(found) == [TaskKind.REPLY_UNCLEAR]
    assert told(found) == []


def test_a_confirmation_of_a_visit_that_is_off_or_past_goes_to_a_person() -> None:
    assert done(after(Intent.CONFIRM, replace(ALONE, upcoming=()))) == a_task(patient=DANA.id, doubt=Doubt.NO_SESSION)
    found = done(after(Intent.CONFIRM, replace(ALONE, upcoming=(LATER,))))
    assert found == a_task(about=LATER.id, patient=DANA.id, doubt=Doubt.SESSION_GONE)


def test_words_of_attendance_under_a_question_about_the_ride_mean_its_visit() -> None:
    assert done(after(Intent.CONFIRM, replace(ALONE, last=(RIDE,)))) == CONFIRMED


def test_a_confirmation_between_two_visits_goes_to_a_person() -> None:
    thread = replace(ALONE, upcoming=(VISIT, LATER), last=(RIDE,), older=((ASKED_LATER,),))
    assert opened(after(Intent.CONFIRM, thread)) == [TaskKind.REPLY_UNCLEAR]
    same = replace(thread, older=((ASKED,),))
    assert done(after(Intent.CONFIRM, same)) == CONFIRMED


def test_an_older_question_is_confirmed_where_the_last_was_about_another_thing() -> None:
    thread = Thread(patients=(DANA.id,), upcoming=(VISIT,), past=(BEGUN,), last=(CHECK_IN,), older=((ASKED,),))
    assert done(after(Intent.CONFIRM, thread)) == CONFIRMED


@pytest.mark.parametrize(
    ("upcoming", "is_clear"),
    [
        ((VISIT,), True),
        ((an_appointment(NOON + timedelta(days=7)),), True),
        ((an_appointment(NOON + timedelta(days=7, seconds=1)),), False),
        ((VISIT, an_appointment(NOON + timedelta(days=30), external_id="A9")), True),
        ((VISIT, LATER), False),
        ((), False),
    ],
)
def test_without_a_question_only_the_one_visit_of_the_next_seven_days_can_be_meant(
    upcoming: tuple[Appointment, ...], *, is_clear: bool
) -> None:
    action, *_ = after(Intent.CONFIRM, Thread(patients=(DANA.id,), upcoming=upcoming))
    assert isinstance(action, Confirm) is is_clear
    if not is_clear:
        assert isinstance(action, OpenTask)
        assert action.kind is TaskKind.REPLY_UNCLEAR


def test_without_a_question_a_visit_is_not_confirmed_for_a_time_that_they_have_not_heard_of() -> None:
    thread = Thread(patients=(DANA.id,), upcoming=(VISIT,), unheard=frozenset({VISIT.id}))
    found = after(Intent.CONFIRM, thread)
    assert Say(AnswerKind.MOVED, (VISIT,), QuestionKind.CONFIRM) in found
    assert not any(isinstance(action, Confirm) for action in found)
    assert opened(after(Intent.HAS_RIDE, thread)) == [TaskKind.REPLY_UNCLEAR]


def test_what_is_confirmed_already_bothers_nobody() -> None:
    far = replace(an_appointment(NOON + timedelta(days=20)), confirmed_version=1)
    (note,) = after(Intent.CONFIRM, Thread(patients=(DANA.id,), upcoming=(far,)))
    assert isinstance(note, Note)


def test_on_a_phone_of_two_expected_patients_nobody_is_confirmed() -> None:
    assert done(after(Intent.CONFIRM, SHARED)) == a_task(doubt=Doubt.SEVERAL_PATIENTS)


def test_on_a_shared_phone_a_confirmation_holds_where_only_one_patient_is_expected() -> None:
    assert done(after(Intent.CONFIRM, replace(SHARED, upcoming=(VISIT,)))) == CONFIRMED


def test_an_opted_out_patient_may_still_confirm() -> None:
    assert after(Intent.CONFIRM, OPTED_OUT) == CONFIRMED


@pytest.mark.parametrize("other", [Intent.DECLINE, Intent.WRONG_NUMBER, Intent.DECEASED])
def test_a_yes_beside_what_contradicts_it_is_no_yes(other: Intent) -> None:
    assert not any(isinstance(action, Confirm) for action in after(a_reading(other, Intent.CONFIRM)))


# ----- declining, changing, being late


def test_a_decline_takes_an_earlier_yes_back_and_leaves_the_schedule_alone() -> None:
    held = replace(VISIT, confirmed_version=1)
    found = after(Intent.DECLINE, replace(ALONE, upcoming=(held,)))
    assert done(found) == (TakeBack(VISIT.id, 1), *a_task(TaskKind.DECLINED, Urgency.HIGH, VISIT.id, DANA.id))
    assert told(found) == [AnswerKind.DECLINED]


def test_a_decline_of_nothing_is_unclear() -> None:
    assert opened(after(Intent.DECLINE, Thread(patients=(DANA.id,)))) == [TaskKind.REPLY_UNCLEAR]


def test_a_wish_for_another_time_becomes_a_task_with_its_words_and_changes_nothing() -> None:
    found = after(Intent.RESCHEDULE, body="can we do Thursday after 2?")
    assert done(found) == (OpenTask(TaskKind.RESCHEDULE, Urgency.NORMAL, VISIT.id, DANA.id, "Thursday after 2"),)
    several = replace(ALONE, upcoming=(VISIT, LATER), last=())
    assert done(after(Intent.RESCHEDULE, several)) == a_task(TaskKind.RESCHEDULE, patient=DANA.id)
    assert done(after(Intent.RESCHEDULE, SHARED)) == a_task(TaskKind.RESCHEDULE)


def test_which_day_of_a_run_somebody_means_is_asked_of_them_not_guessed() -> None:
    thread = replace(ALONE, upcoming=(VISIT, LATER), last=(RUN,))
    assert done(after(Intent.RESCHEDULE, thread)) == a_task(TaskKind.RESCHEDULE, patient=DANA.id)
    (task,) = after(Intent.UNCLEAR, thread, now=VISIT.starts_at - timedelta(hours=24))
    assert isinstance(task, OpenTask)
    assert task.urgency is Urgency.HIGH


@pytest.mark.parametrize("intent", [Intent.LATE, Intent.ARRIVED])
def test_being_late_counts_on_the_day_of_the_session_only(intent: Intent) -> None:
    today = after(intent, now=VISIT.starts_at - timedelta(hours=1))
    assert opened(today) == [TaskKind.RUNNING_LATE]
    assert told(today) == [AnswerKind.LATE]
    assert opened(after(intent)) == [TaskKind.REPLY_UNCLEAR]
    assert opened(after(intent, SHARED, now=VISIT.starts_at - timedelta(hours=1))) == [TaskKind.REPLY_UNCLEAR]


# ----- who else it may be


def test_a_wrong_number_is_suspended_and_told_nothing() -> None:
    found = after(Intent.WRONG_NUMBER)
    assert found == (SuspendNumber(), *a_task(TaskKind.WRONG_NUMBER, about=VISIT.id, patient=DANA.id))
    assert done(after(Intent.WRONG_NUMBER, NOBODY)) == (SuspendNumber(),)


def test_a_death_stops_everything_quietly() -> None:
    found = after(Intent.DECEASED)
    assert found == (HoldPatient(DANA.id), *a_task(TaskKind.DECEASED, Urgency.HIGH, VISIT.id, DANA.id))
    assert done(after(Intent.DECEASED, SHARED)) == a_task(TaskKind.DECEASED, Urgency.HIGH)


@pytest.mark.parametrize("intent", [intent for intent in Intent if intent not in FROM_A_STRANGER])
def test_of_an_unknown_number_only_safety_and_consent_are_acted_on(intent: Intent) -> None:
    found = done(after(intent, NOBODY))
    is_shown = intent not in {Intent.THANKS, Intent.REACTION, Intent.AUTO_REPLY}
    assert found == (a_task(TaskKind.SENDER_UNKNOWN, Urgency.LOW) if is_shown else (Note("nothing to do"),))


def test_a_task_about_a_visit_within_a_day_is_urgent() -> None:
    (task,) = after(Intent.UNCLEAR, now=VISIT.starts_at - timedelta(hours=24))
    assert isinstance(task, OpenTask)
    assert task.urgency is Urgency.HIGH


def test_an_unclear_reply_goes_to_a_person_with_all_that_is_sure_about_it() -> None:
    doubt = Doubt.NOT_UNDERSTOOD
    assert after(Intent.UNCLEAR) == a_task(about=VISIT.id, patient=DANA.id, doubt=doubt)
    assert after(Intent.UNCLEAR, SHARED) == a_task(doubt=doubt)
    assert after(Intent.UNCLEAR, replace(ALONE, upcoming=())) == a_task(patient=DANA.id, doubt=doubt)


@pytest.mark.parametrize(
    ("intent", "kind"),
    [
        (Intent.QUESTION, TaskKind.QUESTION),
        (Intent.CALL_ME, TaskKind.CALL_WANTED),
        (Intent.CONTACT_CHANGE, TaskKind.CONTACT_CHANGE),
    ],
)
def test_what_only_a_person_can_answer_becomes_a_task(intent: Intent, kind: TaskKind) -> None:
    found = after(intent)
    assert opened(found) == [kind]
    assert told(found) == [AnswerKind.QUESTION]


# ----- no answers


@pytest.mark.parametrize("intent", [Intent.REACTION, Intent.AUTO_REPLY, Intent.THANKS])
def test_machines_and_thanks_get_no_answer(intent: Intent) -> None:
    (note,) = after(intent)
    assert isinstance(note, Note)


def test_an_automatic_reply_after_todays_session_is_seen_by_a_person() -> None:
    found = after(Intent.AUTO_REPLY, replace(AFTER, last=()))
    assert opened(found) == [TaskKind.REPLY_UNCLEAR]
    assert told(found) == []


def test_a_photo_is_seen_by_a_person_and_an_empty_text_by_nobody() -> None:
    assert opened(after(Intent.UNCLEAR, body="", media_count=1)) == [TaskKind.REPLY_UNCLEAR]
    assert told(after(Intent.UNCLEAR, AFTER, body="", media_count=1)) == []
    assert opened(after(Intent.UNCLEAR, body=" ")) == []
    assert opened(after(Intent.CONFIRM, body="C", media_count=1)) == [TaskKind.REPLY_UNCLEAR]


@pytest.mark.parametrize(
    ("thread", "is_answered"),
    [
        (ALONE, True),
        (NOBODY, True),
        (replace(ALONE, answers_last_hour=2), True),
        (replace(ALONE, answers_last_hour=3), False),
        (OPTED_OUT, False),
        (replace(ALONE, provider_answers_keywords=True), False),
    ],
)
def test_help_is_answered_where_nobody_else_does_and_not_for_ever(thread: Thread, *, is_answered: bool) -> None:
    found = after(a_reading(Intent.HELP, keyword="help"), thread)
    assert told(found) == ([AnswerKind.HELP] if is_answered else [])
    assert opened(found) == []


def test_who_is_this_is_answered_by_us_though_the_provider_answers_help() -> None:
    assert told(after(Intent.HELP, replace(ALONE, provider_answers_keywords=True))) == [AnswerKind.HELP]
    assert told(after(Intent.HELP, provider_word="HELP")) == []


def test_there_is_a_rule_for_everything_that_a_text_can_say() -> None:
    assert set(RULES) == set(Intent)


@pytest.mark.parametrize("thread", [ALONE, SHARED, NOBODY, AFTER, OPTED_OUT])
@pytest.mark.parametrize("intent", list(Intent))
def test_no_reply_vanishes(intent: Intent, thread: Thread) -> None:
    assert after(intent, thread)


@pytest.mark.parametrize("asked", [ASKED, RIDE, OpenQuestion(QuestionKind.CHECK_IN, ((LEES.id, 1),))])
@pytest.mark.parametrize("intent", [intent for intent in Intent if intent is not Intent.CONFIRM])
def test_nothing_but_a_confirmation_ever_confirms(intent: Intent, asked: OpenQuestion) -> None:
    found = after(intent, replace(ALONE, last=(asked,)))
    assert not any(isinstance(action, Confirm) for action in found)
