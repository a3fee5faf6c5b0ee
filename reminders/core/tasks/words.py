"""What staff read about a task: its title, what to do next, how urgent it usually is, and how it ended.

Every table is total: a task without a next action would only be bad news.
"""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.tasks.kinds import Outcome, TaskKind, Urgency

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
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.DONE: "done",
    Outcome.REACHED: "reached the patient",
    Outcome.NOT_REACHED: "nobody reached",
    Outcome.NOT_NEEDED: "not needed",
}
