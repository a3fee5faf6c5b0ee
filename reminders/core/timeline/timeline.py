"""Timelines: a patient's history as lines in order of time, each with the rule behind it (promise 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from reminders.core.appointments import AppointmentStatus
from reminders.core.cadences import QuestionKind
from reminders.core.delivery import IN_FLIGHT, WAITING, MessageState
from reminders.core.ids import AppointmentId, MessageId
from reminders.core.labels import CHANNELS, MESSAGE_STATES, REASON_SENTENCES, title
from reminders.core.tasks import TITLES
from reminders.core.timeline.alarm_lines import alarm_lines
from reminders.core.timeline.check_in_lines import check_in_lines
from reminders.core.timeline.circumstance_lines import (
    address_lines,
    consent_lines,
    pause_lines,
    permission_lines,
    reply_lines,
    task_lines,
)
from reminders.core.timeline.events import Event, EventKind, Surroundings
from reminders.core.timeline.history import History, PastMessage, Subject, SubjectKind
from reminders.core.timeline.message_lines import message_lines
from reminders.core.timeline.plan_lines import cases_of, days_that_matter, reminder_lines, session_lines

OF_A_MESSAGE = frozenset({EventKind.MESSAGE, EventKind.ATTEMPT, EventKind.RECEIPT})
OF_A_SESSION = frozenset(
    {
        EventKind.SESSION,
        EventKind.CONFIRMATION,
        EventKind.RIDE,
        EventKind.REPLY,
        EventKind.CHECK_IN,
        EventKind.ALARM,
    }
)
AWAITED: Mapping[QuestionKind, str] = {
    QuestionKind.CONFIRM: "whether they come",
    QuestionKind.RIDE: "whether the ride is arranged",
    QuestionKind.CHECK_IN: "how they are",
    QuestionKind.PICK_UP: "whether the escort will be there",
}


def timeline(history: History, scene: Surroundings) -> list[Event]:
    """Return every line of a history, in order of time."""
    cases = cases_of(history, scene)
    lines = [
        *consent_lines(history),
        *permission_lines(history),
        *address_lines(history),
        *pause_lines(history, scene, days_that_matter(history, cases)),
        *reply_lines(history),
        *check_in_lines(history),
        *alarm_lines(history),
        *session_lines(history, scene),
        *reminder_lines(history, scene, cases),
        *message_lines(history, scene),
        *task_lines(history, scene),
    ]
    return sorted(lines, key=_place)


def _place(line: Event) -> tuple[datetime, EventKind, str, EventKind]:
    """Keep what belongs to one message together where several leave at the same instant."""
    if not EventKind.REMINDER <= line.kind <= EventKind.RECEIPT:
        return line.at, line.kind, "", line.kind
    return line.at, EventKind.REMINDER, str(line.message_id or ""), line.kind


@dataclass(frozen=True, slots=True)
class Scope:
    """What a subject covers; None covers everything."""

    kind: SubjectKind
    appointments: frozenset[AppointmentId]
    messages: frozenset[MessageId]

    def covers(self, line: Event) -> bool:
        """Say whether a line belongs to the subject. What is about the patient as a whole belongs to all."""
        match self.kind:
            case SubjectKind.PATIENT:
                return True
            case SubjectKind.APPOINTMENT:
                if line.kind in OF_A_MESSAGE:
                    return line.message_id in self.messages
                return line.appointment_id in self.appointments or _is_general(line)
            case SubjectKind.MESSAGE:
                if line.kind in OF_A_SESSION:
                    return line.appointment_id in self.appointments
                return line.message_id in self.messages or _is_general(line)
        assert_never(self.kind)


def _is_general(line: Event) -> bool:
    return line.appointment_id is None and line.message_id is None


def scope_of(subject: Subject, history: History) -> Scope:
    """Return what belongs to a subject: an appointment's messages, also those it only went along in, and vice versa."""
    ties = [
        (item.reminder.appointment_id, item.message_id) for item in history.reminders if item.message_id is not None
    ]
    ties += [(item.appointment_id, item.id) for item in history.messages if item.appointment_id is not None]
    match subject.kind:
        case SubjectKind.PATIENT:
            return Scope(subject.kind, frozenset(), frozenset())
        case SubjectKind.APPOINTMENT:
            mine = AppointmentId(subject.id)
            return Scope(subject.kind, frozenset({mine}), frozenset(message for held, message in ties if held == mine))
        case SubjectKind.MESSAGE:
            text = MessageId(subject.id)
            return Scope(subject.kind, frozenset(held for held, message in ties if message == text), frozenset({text}))
    assert_never(subject.kind)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What happens next: the next touch and when, or what is waited for."""

    at: datetime | None
    what: str


def outlook(subject: Subject, history: History, scene: Surroundings) -> Outlook:
    """Say what happens next to a subject."""
    scope = scope_of(subject, history)
    if scope.kind is SubjectKind.MESSAGE:
        (message,) = [item for item in history.messages if item.id in scope.messages]
        return _after(message, scene)
    next_one = _next_touch(history, scope)
    waits = [*_open_questions(history, scene, scope), *_open_tasks(history, scope)]
    if next_one is not None:
        at, name = next_one
        when = "as soon as it may leave" if at <= scene.now else scene.tell(at)
        return Outlook(at, " ".join([f"{name}, {when}.", *waits]))
    return Outlook(None, " ".join([_why_nothing(scene, scope), *waits]))


def _after(message: PastMessage, scene: Surroundings) -> Outlook:
    if message.state in WAITING:
        because = f" ({REASON_SENTENCES[message.reason].rstrip('.')})" if message.reason is not None else ""
        return Outlook(message.due_at, f"It leaves {scene.tell(message.due_at)} if the gate lets it{because}.")
    if message.state in IN_FLIGHT:
        return Outlook(None, "It is with the provider; its answer, a receipt or the provider's list settles it.")
    if message.state in {MessageState.ACCEPTED, MessageState.SENT}:
        return Outlook(None, "The provider still has to report whether it was delivered.")
    return Outlook(None, f"Nothing more: it is {MESSAGE_STATES[message.state]}.")


def _next_touch(history: History, scope: Scope) -> tuple[datetime, str] | None:
    is_all = scope.kind is SubjectKind.PATIENT
    waiting = [
        (item.reminder.due_at, f"{title(item.reminder.step)} by {CHANNELS[item.reminder.planned.key.channel]}")
        for item in history.reminders
        if item.reminder.planned.state.is_waiting and (is_all or item.reminder.appointment_id in scope.appointments)
    ]
    waiting += [
        (item.due_at, f"{title(item.kind)} by {CHANNELS[item.channel]}")
        for item in history.messages
        if item.state in WAITING and (is_all or item.id in scope.messages)
    ]
    return min(waiting, default=None)


def _open_questions(history: History, scene: Surroundings, scope: Scope) -> list[str]:
    left = {item.id for item in history.messages if item.left_at is not None}
    kinds = [
        item.kind
        for item in history.questions
        if item.message_id in left
        and item.answered_at is None
        and item.expires_at > scene.now
        and _is_current(item.appointment_id, item.version, scene)
        and (scope.kind is SubjectKind.PATIENT or item.appointment_id in scope.appointments)
    ]
    words = ", ".join(AWAITED[kind] for kind in dict.fromkeys(kinds))
    return [f"An answer is awaited: {words}."] if kinds else []


def _is_current(appointment_id: AppointmentId, version: int, scene: Surroundings) -> bool:
    held = scene.booked.get(appointment_id)
    return held is not None and held.version == version


def _open_tasks(history: History, scope: Scope) -> list[str]:
    is_all = scope.kind is SubjectKind.PATIENT
    open_ones = [
        TITLES[item.kind]
        for item in history.tasks
        if item.resolved_at is None
        and (is_all or item.appointment_id is None or item.appointment_id in scope.appointments)
    ]
    return [f"For staff: {'; '.join(dict.fromkeys(open_ones))}."] if open_ones else []


def _why_nothing(scene: Surroundings, scope: Scope) -> str:
    """Say what the plan waits for where it holds nothing."""
    every = scope.kind is SubjectKind.PATIENT
    mine = [held for key, held in scene.booked.items() if every or key in scope.appointments]
    if scene.patient is not None and scene.patient.id in scene.pauses.patients:
        return "Nothing is planned while the patient is on hold."
    if any(held.booking.series_id in scene.pauses.series for held in mine if held.status.is_coming):
        return "Nothing is planned while the series is stopped."
    if any(held.status.is_coming for held in mine):
        return "Nothing more before the session; check-ins are planned once it is marked as fulfilled."
    if mine and all(held.status is AppointmentStatus.CANCELLED for held in mine):
        return "Nothing is planned: the session is cancelled."
    return "Nothing is planned."
