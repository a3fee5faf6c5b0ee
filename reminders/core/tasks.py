"""The staff worklist's kinds of task: what each is called, what to do about it, and how soon.

Every table here is total over TaskKind: a task without a next action would only be bad news.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from reminders.core.delivery import ENDED, MessageState
from reminders.core.gate import Origin
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


TITLES: Mapping[TaskKind, str] = {
    TaskKind.REPLY_UNCLEAR: "A reply needs a reader",
    TaskKind.RESCHEDULE: "Patient asks for another time",
    TaskKind.PHONE_PATIENT: "Patient opted out with a word that may mean the visit",
    TaskKind.NOT_DELIVERED: "Message was not delivered",
    TaskKind.ADDRESS_FAULT: "Phone number or e-mail address does not work",
    TaskKind.NOT_SENT_IN_TIME: "Message could not be sent in time",
    TaskKind.OUTCOME_UNKNOWN: "It is not known whether a message was sent",
    TaskKind.NO_WINDOW: "No permitted hour was left for a message",
    TaskKind.NO_CONSENT: "Patient has given no consent to messages",
    TaskKind.MISSING_FROM_SCHEDULE: "Appointment is no longer in the schedule",
    TaskKind.RIDE_WANTED: "No ride home is arranged",
    TaskKind.CHANNEL_PAUSED: "Sending is paused",
    TaskKind.SENDER_UNKNOWN: "A number that belongs to no patient wrote",
    TaskKind.SCHEDULE_REFUSED: "A new schedule file was not taken over",
    TaskKind.MARK_OUTCOME: "Session is over and its outcome is not marked",
    TaskKind.SESSION_ON_CLOSED_DAY: "A session is booked on a day the clinic is closed",
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
    TaskKind.NO_CONSENT: "Remind the patient by phone, or record their consent.",
    TaskKind.MISSING_FROM_SCHEDULE: "Check the schedule: cancel the appointment there, or restore it.",
    TaskKind.RIDE_WANTED: "Phone the patient and arrange who takes them home.",
    TaskKind.CHANNEL_PAUSED: "Tell whoever runs the service to check the provider account, then resume sending.",
    TaskKind.SENDER_UNKNOWN: "Find out who wrote; disclose nothing until you know.",
    TaskKind.SCHEDULE_REFUSED: "`python3 -m reminders import FILE --dry-run` shows why; correct it, or add --yes.",
    TaskKind.MARK_OUTCOME: "Mark it in the schedule as fulfilled, cancelled or no-show; check-ins wait for it.",
    TaskKind.SESSION_ON_CLOSED_DAY: "Move or cancel it in the schedule, and phone the patient.",
}
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
}

QUIET_ENDS = frozenset(
    {
        Reason.SUPERSEDED,
        Reason.REPLANNED,
        Reason.ALREADY_CONFIRMED,
        Reason.RIDE_ARRANGED,
        Reason.APPOINTMENT_OFF,
        Reason.WITHDRAWN,
        Reason.ON_HOLD,
        Reason.SERIES_STOPPED,
        Reason.CAP,
        Reason.NOT_ON_ALLOW_LIST,
    }
)
"""Reasons for which a message need not have been sent: nobody has to do anything."""
BY_REASON: Mapping[Reason, TaskKind] = {
    Reason.ADDRESS_FAULT: TaskKind.ADDRESS_FAULT,
    Reason.NO_ADDRESS: TaskKind.ADDRESS_FAULT,
    Reason.NO_CONSENT: TaskKind.NO_CONSENT,
    Reason.OPTED_OUT: TaskKind.NOT_DELIVERED,
    Reason.UNDELIVERED: TaskKind.NOT_DELIVERED,
    Reason.PROVIDER_REFUSED: TaskKind.NOT_DELIVERED,
    Reason.UNKNOWN_OUTCOME: TaskKind.OUTCOME_UNKNOWN,
    Reason.KEEPS_CRASHING: TaskKind.OUTCOME_UNKNOWN,
    Reason.NO_WINDOW: TaskKind.NO_WINDOW,
    Reason.QUIET_HOURS: TaskKind.NO_WINDOW,
}


def after_message(state: MessageState, reason: Reason | None, origin: Origin) -> TaskKind | None:
    """Return the task that a message's end calls for, None where it is still under way or nobody need act."""
    if state not in {*ENDED, MessageState.UNDELIVERED} or state is MessageState.DELIVERED:
        return None
    if state is MessageState.EXPIRED:
        return TaskKind.NOT_SENT_IN_TIME
    is_answer = origin is Origin.ANSWER and state is not MessageState.NEEDS_STAFF
    if reason is None or reason in QUIET_ENDS or is_answer:
        return None
    return BY_REASON.get(reason, TaskKind.NOT_DELIVERED)


def key_after_message(kind: TaskKind, draft: Draft) -> str:
    """Return the key under which such a task is opened once: an address that does not work is one task per session."""
    is_about_the_address = kind is TaskKind.ADDRESS_FAULT and draft.appointment_id is not None
    return f"{kind}:{draft.appointment_id if is_about_the_address else draft.id}"
