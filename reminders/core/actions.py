"""What follows from a reply. The service applies these actions in the transaction that reads the reply.

Attendance is never guessed (requirements 30, 35, 36, 41 and 42): a confirmation counts only for the version that was
asked about, or where exactly one visit can be meant. Everything else goes to a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.replies import Intent, Reply
from reminders.core.tasks import USUAL_URGENCY, TaskKind, Urgency

SOON = timedelta(days=7)
"""How far ahead a confirmation reaches that answers no open question (replies, section 4)."""
URGENT = timedelta(hours=24)
MOST_ANSWERS = 3
"""Automatic answers to one phone in an hour (requirement 47): two machines must not talk for ever."""
HELP_ANSWER = "help"


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What this phone was last asked and has not answered, about which versions of which appointments.

    One question may be about several: the days of a run, or all sessions that one text names.
    """

    kind: QuestionKind
    about: tuple[tuple[AppointmentId, int], ...]


@dataclass(frozen=True, slots=True)
class Thread:
    """What a reply falls into. `patients` are all whom this phone may belong to; none means that we do not know it.

    `upcoming` are their appointments that are booked and start after now. `answers_last_hour` counts automatic answers
    to this phone. `provider_answers_keywords` is true where the provider replies to HELP by itself.
    """

    patients: tuple[PatientId, ...]
    upcoming: tuple[Appointment, ...]
    open_question: OpenQuestion | None = None
    is_opted_out: bool = False
    answers_last_hour: int = 0
    provider_answers_keywords: bool = False

    def writer(self, about: AppointmentId | None) -> PatientId | None:
        """Return who wrote, where that is sure: the only owner of the phone, or whose appointment it was about."""
        if about is not None:
            return next((item.patient_id for item in self.upcoming if item.id == about), None)
        return self.patients[0] if len(self.patients) == 1 else None


@dataclass(frozen=True, slots=True)
class ConfirmAppointment:
    """The patient will come, to this version."""

    appointment_id: AppointmentId
    version: int


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A person should look. `appointment_id` and `patient_id` only where there is no doubt about them."""

    kind: TaskKind
    urgency: Urgency
    appointment_id: AppointmentId | None = None
    patient_id: PatientId | None = None


@dataclass(frozen=True, slots=True)
class OptOutAddress:
    """Nothing automatic goes to this address any more, and what waits is cancelled."""


@dataclass(frozen=True, slots=True)
class OptInAddress:
    """The opt-out of this address ends."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An automatic answer; `kind` names its text."""

    kind: str


@dataclass(frozen=True, slots=True)
class Note:
    """Nothing to do, and why: kept with the reply so that staff see the decision (requirement 48)."""

    reason: str


Action = ConfirmAppointment | OpenTask | OptOutAddress | OptInAddress | Answer | Note


def respond(reply: Reply, thread: Thread, *, now: datetime) -> tuple[Action, ...]:
    """Decide what follows from a reply. At least one action: no reply vanishes."""
    match reply.intent:
        case Intent.OPT_OUT:
            phone = (_task(TaskKind.PHONE_PATIENT, thread, now),) if reply.may_be_unwanted else ()
            return (OptOutAddress(), *phone)
        case Intent.OPT_IN:
            return (OptInAddress() if thread.is_opted_out else Note("was not opted out"),)
        case Intent.HELP:
            return (_help(thread),)
        case Intent.RESCHEDULE:
            return (_task(TaskKind.RESCHEDULE, thread, now),)
        case Intent.CONFIRM:
            return _confirm(thread, now)
        case _:
            return (_task(TaskKind.REPLY_UNCLEAR if thread.patients else TaskKind.SENDER_UNKNOWN, thread, now),)


def _help(thread: Thread) -> Answer | Note:
    if thread.is_opted_out:
        return Note("opted out: help is not answered")
    if thread.provider_answers_keywords:
        return Note("the provider answers this word itself")
    if thread.answers_last_hour >= MOST_ANSWERS:
        return Note(f"{MOST_ANSWERS} automatic answers in the last hour are enough")
    return Answer(HELP_ANSWER)


def _confirm(thread: Thread, now: datetime) -> tuple[Action, ...]:
    meant = [] if _is_shared(thread) else _confirmed(thread, now)
    if not meant:
        return (_task(TaskKind.REPLY_UNCLEAR, thread, now),)
    return tuple(ConfirmAppointment(item.id, item.version) for item in meant)


def _confirmed(thread: Thread, now: datetime) -> list[Appointment]:
    """Return what a confirmation means without doubt: all that was asked about and did not move, or the only visit."""
    question = thread.open_question
    if question is None:
        soon = [item for item in thread.upcoming if item.starts_at <= now + SOON]
        return soon if len(soon) == 1 else []
    if question.kind is not QuestionKind.CONFIRM:
        return []
    return [item for item in thread.upcoming if (item.id, item.version) in question.about]


def _is_shared(thread: Thread) -> bool:
    """Say whether more than one patient of this phone is expected: then no word tells who wrote."""
    return len({item.patient_id for item in thread.upcoming}) > 1


def _task(kind: TaskKind, thread: Thread, now: datetime) -> OpenTask:
    about = _about(thread)
    people = {item.patient_id for item in about}
    patient = people.pop() if people else _only_patient(thread)
    is_urgent = any(item.starts_at <= now + URGENT for item in about)
    # Which day of a run somebody means who writes about it, only they can say.
    only = about[0].id if len(about) == 1 else None
    return OpenTask(kind, Urgency.HIGH if is_urgent else USUAL_URGENCY[kind], only, patient)


def _about(thread: Thread) -> list[Appointment]:
    """Return what a task should show: the visits last asked about, or the only one there is."""
    if _is_shared(thread):
        return []
    asked = {key for key, _ in thread.open_question.about} if thread.open_question is not None else set()
    last = [item for item in thread.upcoming if item.id in asked]
    return last or (list(thread.upcoming) if len(thread.upcoming) == 1 else [])


def _only_patient(thread: Thread) -> PatientId | None:
    return thread.patients[0] if len(thread.patients) == 1 else None
