"""The staff worklist: its kinds of task, what to do about each and how soon, and what opens and ends them.

Every table here is total, over TaskKind or over Reason: a task without a next action would only be bad news, and an
end that nobody thought of would be a silent one (requirement 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from reminders.core.appointments import Appointment
from reminders.core.caps import importance
from reminders.core.delivery import ENDED, MessageState
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId
from reminders.core.messages import Draft
from reminders.core.reminders import Reason


class Urgency(StrEnum):
    """How soon a person should look."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class TaskKind(StrEnum):
    """Why a person is asked to look."""

    REPLY_UNCLEAR = "reply_unclear"
    RESCHEDULE = "reschedule"
    PHONE_PATIENT = "phone_patient"
    NOT_DELIVERED = "not_delivered"
    ADDRESS_FAULT = "address_fault"
    NOT_SENT_IN_TIME = "not_sent_in_time"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NO_WINDOW = "no_window"
    NO_CONSENT = "no_consent"
    MISSING_FROM_SCHEDULE = "missing_from_schedule"
    RIDE_WANTED = "ride_wanted"
    CHANNEL_PAUSED = "channel_paused"
    SENDER_UNKNOWN = "sender_unknown"
    SCHEDULE_REFUSED = "schedule_refused"
    MARK_OUTCOME = "mark_outcome"
    SESSION_ON_CLOSED_DAY = "session_on_closed_day"
    CLOCK_WRONG = "clock_wrong"
    RESENDS_HELD = "resends_held"
    CODE_UNLISTED = "code_unlisted"
    ESCALATION = "escalation"
    SELF_DRIVE = "self_drive"
    DECLINED = "declined"
    RUNNING_LATE = "running_late"
    SYMPTOM = "symptom"
    QUESTION = "question"
    CALL_WANTED = "call_wanted"
    CONTACT_CHANGE = "contact_change"
    WRONG_NUMBER = "wrong_number"
    DECEASED = "deceased"
    UNCONFIRMED = "unconfirmed"
    CHECK_IN_UNANSWERED = "check_in_unanswered"
    ESCORT_DECLINED = "escort_declined"
    OPT_OUT_REQUEST = "opt_out_request"
    OPTED_IN = "opted_in"


class Outcome(StrEnum):
    """How a task ended, in the words of whoever resolved it."""

    DONE = "done"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    NOT_NEEDED = "not_needed"


TITLES: Mapping[TaskKind, str] = {
    TaskKind.REPLY_UNCLEAR: "A reply needs a reader",
    TaskKind.RESCHEDULE: "Patient asks for another time",
    TaskKind.PHONE_PATIENT: "Patient opted out with a word that may mean the visit",
    TaskKind.NOT_DELIVERED: "Message was not delivered",
    TaskKind.ADDRESS_FAULT: "Phone number or e-mail address does not work",
    TaskKind.NOT_SENT_IN_TIME: "Message could not be sent in time",
    TaskKind.OUTCOME_UNKNOWN: "It is not known whether a message was sent",
    TaskKind.NO_WINDOW: "No permitted hour was left for a message",
    TaskKind.NO_CONSENT: "Patient has not agreed to messages, or no longer does",
    TaskKind.MISSING_FROM_SCHEDULE: "Appointment is no longer in the schedule",
    TaskKind.RIDE_WANTED: "No ride home is arranged",
    TaskKind.CHANNEL_PAUSED: "Sending is paused",
    TaskKind.SENDER_UNKNOWN: "A number that belongs to no patient wrote",
    TaskKind.SCHEDULE_REFUSED: "A new schedule file was not taken over",
    TaskKind.MARK_OUTCOME: "Session is over and its outcome is not marked",
    TaskKind.SESSION_ON_CLOSED_DAY: "A session is booked on a day the clinic is closed",
    TaskKind.CLOCK_WRONG: "Sending waits because clocks disagree",
    TaskKind.RESENDS_HELD: "Some texts arrived twice; doubtful ones are no longer sent again",
    TaskKind.CODE_UNLISTED: "The provider refused a message with a code we do not know",
    TaskKind.ESCALATION: "A patient may need help now",
    TaskKind.SELF_DRIVE: "Patient means to drive home",
    TaskKind.DECLINED: "Patient says they are not coming",
    TaskKind.RUNNING_LATE: "Patient is late or on the way",
    TaskKind.SYMPTOM: "Patient reports how they feel",
    TaskKind.QUESTION: "Patient asks something",
    TaskKind.CALL_WANTED: "Patient asks for a call",
    TaskKind.CONTACT_CHANGE: "Patient gives another number or address",
    TaskKind.WRONG_NUMBER: "This number does not belong to the patient",
    TaskKind.DECEASED: "Somebody says that the patient has died",
    TaskKind.UNCONFIRMED: "Session is not confirmed",
    TaskKind.CHECK_IN_UNANSWERED: "Check-in was not answered",
    TaskKind.ESCORT_DECLINED: "The escort cannot fetch the patient",
    TaskKind.OPT_OUT_REQUEST: "An opt-out is still to be honoured",
    TaskKind.OPTED_IN: "Patient subscribed again; no session was confirmed by that",
}
NEXT_ACTIONS: Mapping[TaskKind, str] = {
    TaskKind.REPLY_UNCLEAR: "Read the reply and answer it, or phone the patient.",
    TaskKind.RESCHEDULE: "Offer another time; the booked one stays until you change it in the schedule.",
    TaskKind.PHONE_PATIENT: "Phone the patient and ask whether they still want the visit; texts have stopped.",
    TaskKind.NOT_DELIVERED: "Phone the patient with what the message says.",
    TaskKind.ADDRESS_FAULT: "Ask the patient for a working number or address and correct the record.",
    TaskKind.NOT_SENT_IN_TIME: "Phone the patient if the message still matters.",
    TaskKind.OUTCOME_UNKNOWN: "Ask the patient whether the message arrived before sending it again.",
    TaskKind.NO_WINDOW: "Phone the patient in opening hours with what the message says.",
    TaskKind.NO_CONSENT: "Phone the patient instead, or record their consent.",
    TaskKind.MISSING_FROM_SCHEDULE: "Check the schedule: cancel the appointment there, or restore it.",
    TaskKind.RIDE_WANTED: "Phone the patient and arrange who takes them home.",
    TaskKind.CHANNEL_PAUSED: "Tell whoever runs the service: `python3 -m reminders sending` shows why; messages wait.",
    TaskKind.SENDER_UNKNOWN: "Find out who wrote; disclose nothing until you know.",
    TaskKind.SCHEDULE_REFUSED: "`python3 -m reminders import FILE --dry-run` shows why; correct it, or add --yes.",
    TaskKind.MARK_OUTCOME: "Mark it in the schedule as fulfilled, cancelled or no-show; check-ins wait for it.",
    TaskKind.SESSION_ON_CLOSED_DAY: "Move or cancel it in the schedule, and phone the patient.",
    TaskKind.CLOCK_WRONG: "Tell whoever runs the service; `python3 -m reminders doctor` says which clock is off.",
    TaskKind.RESENDS_HELD: "Whoever runs the service finds out why receipts come late, then `sending resend`.",
    TaskKind.CODE_UNLISTED: "Tell whoever runs the service to look the code up and add it to the table.",
    TaskKind.ESCALATION: "Read the reply, phone the patient now, and acknowledge.",
    TaskKind.SELF_DRIVE: "Phone the patient: nobody may drive after a session; arrange who takes them home.",
    TaskKind.DECLINED: "Phone the patient; the session stays booked until you change it in the schedule.",
    TaskKind.RUNNING_LATE: "Tell the nurse; phone the patient if the start is at stake.",
    TaskKind.SYMPTOM: "A clinician reads this today and phones the patient where needed.",
    TaskKind.QUESTION: "Answer it, or phone the patient.",
    TaskKind.CALL_WANTED: "Phone the patient.",
    TaskKind.CONTACT_CHANGE: "Check with the patient and correct the record.",
    TaskKind.WRONG_NUMBER: "Find the patient's right number by another way; nothing more goes to this one.",
    TaskKind.DECEASED: "Make sure with the family, gently, and close the record; all messages have stopped.",
    TaskKind.UNCONFIRMED: "Phone the patient and ask whether they come.",
    TaskKind.CHECK_IN_UNANSWERED: "Phone the patient if they should be heard from.",
    TaskKind.ESCORT_DECLINED: "Phone the patient and arrange who takes them home.",
    TaskKind.OPT_OUT_REQUEST: "Find the person's number or address and record the opt-out before the deadline.",
    TaskKind.OPTED_IN: "Ask about the next session if it is not confirmed.",
}
PHONE_A_LANDLINE = "This number is a landline: phone instead of texting, and ask for a mobile number."


def next_action(kind: TaskKind, *, is_landline: bool) -> str:
    """Return what to do about a task of this kind; `is_landline` says it of the patient's number."""
    return PHONE_A_LANDLINE if is_landline and kind is TaskKind.ADDRESS_FAULT else NEXT_ACTIONS[kind]


USUAL_URGENCY: Mapping[TaskKind, Urgency] = {
    TaskKind.REPLY_UNCLEAR: Urgency.NORMAL,
    TaskKind.RESCHEDULE: Urgency.NORMAL,
    TaskKind.PHONE_PATIENT: Urgency.HIGH,
    TaskKind.NOT_DELIVERED: Urgency.NORMAL,
    TaskKind.ADDRESS_FAULT: Urgency.NORMAL,
    TaskKind.NOT_SENT_IN_TIME: Urgency.NORMAL,
    TaskKind.OUTCOME_UNKNOWN: Urgency.NORMAL,
    TaskKind.NO_WINDOW: Urgency.NORMAL,
    TaskKind.NO_CONSENT: Urgency.LOW,
    TaskKind.MISSING_FROM_SCHEDULE: Urgency.NORMAL,
    TaskKind.RIDE_WANTED: Urgency.HIGH,
    TaskKind.CHANNEL_PAUSED: Urgency.HIGH,
    TaskKind.SENDER_UNKNOWN: Urgency.LOW,
    TaskKind.SCHEDULE_REFUSED: Urgency.HIGH,
    TaskKind.MARK_OUTCOME: Urgency.NORMAL,
    TaskKind.SESSION_ON_CLOSED_DAY: Urgency.HIGH,
    TaskKind.CLOCK_WRONG: Urgency.HIGH,
    TaskKind.RESENDS_HELD: Urgency.NORMAL,
    TaskKind.CODE_UNLISTED: Urgency.LOW,
    TaskKind.ESCALATION: Urgency.HIGH,
    TaskKind.SELF_DRIVE: Urgency.HIGH,
    TaskKind.DECLINED: Urgency.HIGH,
    TaskKind.RUNNING_LATE: Urgency.HIGH,
    TaskKind.SYMPTOM: Urgency.HIGH,
    TaskKind.QUESTION: Urgency.NORMAL,
    TaskKind.CALL_WANTED: Urgency.NORMAL,
    TaskKind.CONTACT_CHANGE: Urgency.NORMAL,
    TaskKind.WRONG_NUMBER: Urgency.NORMAL,
    TaskKind.DECEASED: Urgency.HIGH,
    TaskKind.UNCONFIRMED: Urgency.NORMAL,
    TaskKind.CHECK_IN_UNANSWERED: Urgency.LOW,
    TaskKind.ESCORT_DECLINED: Urgency.HIGH,
    TaskKind.OPT_OUT_REQUEST: Urgency.NORMAL,
    TaskKind.OPTED_IN: Urgency.LOW,
}

AFTER_MESSAGE: Mapping[Reason, TaskKind | None] = {
    Reason.SUPERSEDED: None,
    Reason.REPLANNED: None,
    Reason.TOO_LATE_WHEN_PLANNED: None,
    Reason.TOO_LATE: TaskKind.NOT_SENT_IN_TIME,
    Reason.NO_WINDOW: TaskKind.NO_WINDOW,
    Reason.NO_CONSENT: TaskKind.NO_CONSENT,
    Reason.NO_ADDRESS: TaskKind.ADDRESS_FAULT,
    Reason.OPTED_OUT: TaskKind.NOT_DELIVERED,
    Reason.ADDRESS_FAULT: TaskKind.ADDRESS_FAULT,
    Reason.NOT_ON_ALLOW_LIST: None,
    Reason.ALREADY_CONFIRMED: None,
    Reason.RIDE_ARRANGED: None,
    Reason.APPOINTMENT_OFF: None,
    Reason.MERGED: None,
    Reason.CAP: TaskKind.NOT_DELIVERED,
    Reason.ON_HOLD: None,
    Reason.SERIES_STOPPED: None,
    Reason.OVERTAKEN: None,
    Reason.QUIET_HOURS: TaskKind.NO_WINDOW,
    Reason.PROVIDER_REFUSED: TaskKind.NOT_DELIVERED,
    Reason.UNDELIVERED: TaskKind.NOT_DELIVERED,
    Reason.UNKNOWN_OUTCOME: TaskKind.OUTCOME_UNKNOWN,
    Reason.KEEPS_CRASHING: TaskKind.OUTCOME_UNKNOWN,
    Reason.WITHDRAWN: None,
    Reason.ACKNOWLEDGED: None,
    Reason.ANSWERED: None,
}
"""What a person is asked to do when a message ends for a reason; None where it need not have been sent.

What gives way to a cap first is no loss that anybody should phone about: see `_is_missed`.
"""
AFTER_REMINDER: Mapping[Reason, TaskKind | None] = {**AFTER_MESSAGE, Reason.OPTED_OUT: TaskKind.NO_CONSENT}
"""The same for a reminder that never became a message. Who opted out is to be phoned, like those who never agreed."""
RIDE_CHECK = "ride_check"
FIRST_TO_MISS = "prep_first"
"""The least of the steps that are missed when a cap drops them; what gives way before it is not."""


def after_reminder(reason: Reason, step: str) -> TaskKind | None:
    """Return the task that a reminder's end calls for, at planning or past its use; None where nobody need act."""
    return AFTER_REMINDER[reason] if reason is not Reason.CAP or _is_missed(step) else None


def after_message(state: MessageState, reason: Reason | None, origin: Origin, kind: str) -> TaskKind | None:
    """Return the task that a message's end calls for, None where it is still under way or nobody need act.

    `kind` is the step that leads the message. A question about the ride that a cap dropped asks for the ride itself.
    """
    if state not in {*ENDED, MessageState.UNDELIVERED} or state is MessageState.DELIVERED:
        return None
    if state is MessageState.EXPIRED:
        return TaskKind.NOT_SENT_IN_TIME
    is_answer = origin is Origin.ANSWER and state is not MessageState.NEEDS_STAFF
    if reason is None or is_answer:
        return None
    if reason is Reason.CAP and kind == RIDE_CHECK:
        return TaskKind.RIDE_WANTED
    return AFTER_MESSAGE[reason] if reason is not Reason.CAP or _is_missed(kind) else None


def _is_missed(step: str) -> bool:
    return importance((step,)) >= importance((FIRST_TO_MISS,))


def key_of(kind: TaskKind, appointment_id: AppointmentId, version: int) -> str:
    """Return the key under which such a task is opened once for a version: a session that moves gets it anew."""
    return f"{kind}:{appointment_id}:{version}"


def by_link(key: str) -> str:
    """Return the key under which the patient opens the same task on their own page."""
    return f"{key}:link"


def key_after_message(kind: TaskKind, draft: Draft) -> str:
    """Return the key under which such a task is opened once: an address that does not work is one task per version.

    So is a ride that nobody arranged, whoever finds out first: a message, or planning.
    """
    if draft.appointment_id is None:
        return f"{kind}:{draft.id}"
    if kind in {TaskKind.RIDE_WANTED, TaskKind.ADDRESS_FAULT} and draft.version is not None:
        return key_of(kind, draft.appointment_id, draft.version)
    return f"{kind}:{draft.id}"


class Resolver(StrEnum):
    """Who ended a task's cause, where no member of staff did."""

    SCHEDULE = "schedule"
    PATIENT = "patient"
    TIME = "time"
    PROVIDER = "provider"


ABOUT_A_VERSION = frozenset(
    {
        TaskKind.RIDE_WANTED,
        TaskKind.MARK_OUTCOME,
        TaskKind.NO_WINDOW,
        TaskKind.NO_CONSENT,
        TaskKind.MISSING_FROM_SCHEDULE,
        TaskKind.SESSION_ON_CLOSED_DAY,
    }
)
"""Tasks whose cause ends when the session moves, is cancelled or its outcome is marked. What a reply or a message was
about stays for a person: a new time does not answer it."""


def ended_by(kind: TaskKind, key: str, appointment: Appointment) -> Resolver | None:
    """Say who ended the cause of an open task about an appointment; None while it stands.

    The cause of what the session's own hour ends (a ride once it is over) is for `watching` to judge.
    """
    if kind in ABOUT_A_VERSION and _is_of_another_version(kind, key, appointment):
        return Resolver.SCHEDULE
    match kind:
        case TaskKind.RIDE_WANTED:
            return Resolver.PATIENT if appointment.has_ride else _off(appointment)
        case TaskKind.MARK_OUTCOME:
            return _off(appointment)
        case TaskKind.MISSING_FROM_SCHEDULE:
            return Resolver.SCHEDULE if appointment.missing_since is None else None
        case _:
            return None


def _off(appointment: Appointment) -> Resolver | None:
    return None if appointment.status.is_coming else Resolver.SCHEDULE


def _is_of_another_version(kind: TaskKind, key: str, appointment: Appointment) -> bool:
    mine = key_of(kind, appointment.id, appointment.version)
    is_about_versions = key.startswith(f"{kind}:{appointment.id}:")
    return is_about_versions and key != mine and not key.startswith(f"{mine}:")
