"""Requirements 30, 35 to 37, 41, 42 and 47: what follows from a reply, and never a guess about who will come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reminders.core.actions import (
    Action,
    Answer,
    ConfirmAppointment,
    Note,
    OpenQuestion,
    OpenTask,
    OptInAddress,
    OptOutAddress,
    Thread,
    respond,
)
from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.replies import Intent, Reply
from reminders.core.tasks import TaskKind, Urgency
from tests.builders import NOON, a_patient, a_record, an_appointment

DANA, LEE = a_patient(a_record("P1")), a_patient(a_record("P2", name="Lee Stone"))
VISIT = an_appointment(NOON + timedelta(days=3))
LATER = an_appointment(NOON + timedelta(days=6), external_id="A2")
LEES = an_appointment(NOON + timedelta(days=3), external_id="A3", patient=LEE)
ASKED = OpenQuestion(QuestionKind.CONFIRM, ((VISIT.id, VISIT.version),))
RUN = OpenQuestion(QuestionKind.CONFIRM, ((VISIT.id, VISIT.version), (LATER.id, LATER.version)))
ALONE = Thread(patients=(DANA.id,), upcoming=(VISIT,), open_question=ASKED)
SHARED = Thread(patients=(DANA.id, LEE.id), upcoming=(VISIT, LEES), open_question=ASKED)
NOBODY = Thread(patients=(), upcoming=())
CONFIRM = Reply(Intent.CONFIRM, "c")
HELP = Reply(Intent.HELP, "help")
START = Reply(Intent.OPT_IN, "start")
UNCLEAR = Reply(Intent.UNCLEAR)
CONFIRMED = (ConfirmAppointment(VISIT.id, VISIT.version),)


def _unclear(appointment: AppointmentId | None = None, patient: PatientId | None = None) -> tuple[Action, ...]:
    return (OpenTask(TaskKind.REPLY_UNCLEAR, Urgency.NORMAL, appointment, patient),)


def _respond(reply: Reply, thread: Thread, now: datetime = NOON) -> tuple[Action, ...]:
    return respond(reply, thread, now=now)


# ----- opting out and in


@pytest.mark.parametrize("thread", [ALONE, SHARED, NOBODY, replace(ALONE, is_opted_out=True)])
def test_an_opt_out_holds_whoever_owns_the_phone(thread: Thread) -> None:
    assert _respond(Reply(Intent.OPT_OUT, "stop"), thread) == (OptOutAddress(),)


@pytest.mark.parametrize("word", ["cancel", "end", "quit"])
def test_an_opt_out_that_may_mean_the_visit_also_has_the_patient_phoned(word: str) -> None:
    phone = OpenTask(TaskKind.PHONE_PATIENT, Urgency.HIGH, VISIT.id, DANA.id)
    assert _respond(Reply(Intent.OPT_OUT, word), ALONE) == (OptOutAddress(), phone)
    anyone = OpenTask(TaskKind.PHONE_PATIENT, Urgency.HIGH)
    assert _respond(Reply(Intent.OPT_OUT, word), SHARED) == (OptOutAddress(), anyone)


def test_start_opts_in_only_who_had_opted_out() -> None:
    assert _respond(START, replace(ALONE, is_opted_out=True)) == (OptInAddress(),)
    (note,) = _respond(START, ALONE)
    assert isinstance(note, Note)


# ----- confirming


def test_a_confirmation_answers_the_version_that_was_asked_about() -> None:
    assert _respond(CONFIRM, ALONE) == CONFIRMED
    assert _respond(CONFIRM, replace(ALONE, upcoming=(VISIT, LATER))) == CONFIRMED


def test_a_confirmation_answers_for_every_session_that_was_asked_about() -> None:
    other = an_appointment(NOON + timedelta(days=5), external_id="A8")
    thread = replace(ALONE, upcoming=(VISIT, other, LATER), open_question=RUN)
    assert _respond(CONFIRM, thread) == (*CONFIRMED, ConfirmAppointment(LATER.id, LATER.version))


def test_what_moved_since_is_not_confirmed_with_the_others_and_alone_it_goes_to_a_person() -> None:
    moved = replace(LATER, version=2)
    assert _respond(CONFIRM, replace(ALONE, upcoming=(VISIT, moved), open_question=RUN)) == CONFIRMED
    both = (replace(VISIT, version=2), moved)
    assert _respond(CONFIRM, replace(ALONE, upcoming=both, open_question=RUN)) == _unclear(None, DANA.id)


def test_which_day_of_a_run_somebody_means_is_asked_of_them_not_guessed() -> None:
    thread = replace(ALONE, upcoming=(VISIT, LATER), open_question=RUN)
    assert _respond(Reply(Intent.RESCHEDULE, "r"), thread) == (
        OpenTask(TaskKind.RESCHEDULE, Urgency.NORMAL, None, DANA.id),
    )
    (task,) = _respond(UNCLEAR, thread, now=VISIT.starts_at - timedelta(hours=24))
    assert isinstance(task, OpenTask)
    assert task.urgency is Urgency.HIGH


def test_a_confirmation_of_an_earlier_time_is_no_confirmation_of_the_new() -> None:
    moved = replace(VISIT, version=2)
    assert _respond(CONFIRM, replace(ALONE, upcoming=(moved,))) == _unclear(VISIT.id, DANA.id)


def test_a_confirmation_of_a_visit_that_is_off_or_past_goes_to_a_person() -> None:
    assert _respond(CONFIRM, replace(ALONE, upcoming=())) == _unclear(None, DANA.id)
    assert _respond(CONFIRM, replace(ALONE, upcoming=(LATER,))) == _unclear(LATER.id, DANA.id)


@pytest.mark.parametrize("kind", [QuestionKind.RIDE, QuestionKind.CHECK_IN])
def test_a_confirmation_does_not_answer_another_question(kind: QuestionKind) -> None:
    thread = replace(ALONE, open_question=replace(ASKED, kind=kind))
    assert _respond(CONFIRM, thread) == _unclear(VISIT.id, DANA.id)


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
    thread = Thread(patients=(DANA.id,), upcoming=upcoming)
    (action,) = _respond(CONFIRM, thread)
    assert isinstance(action, ConfirmAppointment) is is_clear
    if not is_clear:
        assert isinstance(action, OpenTask)
        assert action.kind is TaskKind.REPLY_UNCLEAR


def test_on_a_phone_of_two_expected_patients_nobody_is_confirmed() -> None:
    assert _respond(CONFIRM, SHARED) == _unclear()


def test_on_a_shared_phone_a_confirmation_holds_where_only_one_patient_is_expected() -> None:
    assert _respond(CONFIRM, replace(SHARED, upcoming=(VISIT,))) == CONFIRMED


def test_an_opted_out_patient_may_still_confirm() -> None:
    assert _respond(CONFIRM, replace(ALONE, is_opted_out=True)) == CONFIRMED


# ----- everything that goes to a person


def test_a_wish_for_another_time_becomes_a_task_and_changes_nothing() -> None:
    reply = Reply(Intent.RESCHEDULE, "r")
    assert _respond(reply, ALONE) == (OpenTask(TaskKind.RESCHEDULE, Urgency.NORMAL, VISIT.id, DANA.id),)
    assert _respond(reply, replace(ALONE, upcoming=(VISIT, LATER), open_question=None)) == (
        OpenTask(TaskKind.RESCHEDULE, Urgency.NORMAL, None, DANA.id),
    )
    assert _respond(reply, SHARED) == (OpenTask(TaskKind.RESCHEDULE, Urgency.NORMAL),)


def test_a_task_about_a_visit_within_a_day_is_urgent() -> None:
    (task,) = _respond(UNCLEAR, ALONE, now=VISIT.starts_at - timedelta(hours=24))
    assert isinstance(task, OpenTask)
    assert task.urgency is Urgency.HIGH


def test_an_unclear_reply_goes_to_a_person_with_all_that_is_sure_about_it() -> None:
    assert _respond(UNCLEAR, ALONE) == _unclear(VISIT.id, DANA.id)
    assert _respond(UNCLEAR, SHARED) == _unclear()
    assert _respond(UNCLEAR, replace(ALONE, upcoming=())) == _unclear(None, DANA.id)


def test_a_text_from_an_unknown_number_goes_to_a_person_as_such() -> None:
    assert _respond(UNCLEAR, NOBODY) == (OpenTask(TaskKind.SENDER_UNKNOWN, Urgency.LOW),)


# ----- help


@pytest.mark.parametrize(
    ("thread", "is_answered"),
    [
        (ALONE, True),
        (NOBODY, True),
        (replace(ALONE, answers_last_hour=2), True),
        (replace(ALONE, answers_last_hour=3), False),
        (replace(ALONE, is_opted_out=True), False),
        (replace(ALONE, provider_answers_keywords=True), False),
    ],
)
def test_help_is_answered_where_nobody_else_does_and_not_for_ever(thread: Thread, *, is_answered: bool) -> None:
    (action,) = _respond(HELP, thread)
    assert action == Answer("help") if is_answered else isinstance(action, Note)


@pytest.mark.parametrize("thread", [ALONE, SHARED, NOBODY])
@pytest.mark.parametrize("intent", list(Intent))
def test_no_reply_vanishes(intent: Intent, thread: Thread) -> None:
    assert _respond(Reply(intent), thread)
