"""What people read for our own words: steps, reasons, channels and states, on pages, in tables and in timelines.

Each table but that of the steps is total over its enum, so that nobody is shown a code name.
"""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.delivery import AttemptState, MessageState, ReceiptStatus
from reminders.core.patients import Channel
from reminders.core.reminders import Reason, ReminderState
from reminders.core.replies import Intent
from reminders.core.transport import RideState

STEPS: Mapping[str, str] = {
    "moved": "New time",
    "cancelled": "Cancellation",
    "booked": "Booking",
    "prep_first": "Preparation",
    "remind_confirm": "Asks to confirm",
    "ride_check": "Asks about ride",
    "remind_final": "Final reminder",
    "day_of": "Reminder today",
    "checkin_evening": "Evening check-in",
    "checkin_24h": "24 h check-in",
    "checkin_72h": "72 h check-in",
    "checkin_nudge": "Asks again how they are",
    "outcome_7d": "Week check-in",
    "outcome_14d": "Two-week check-in",
    "rebook": "Next booking",
    "ask_escort": "Asks the escort",
    "pick_up": "Pick-up, to the escort",
    "pick_up_off": "No pick-up, to the escort",
    "ad_hoc": "From staff",
    "test": "Test to staff",
    "opt_out_confirmed": "Confirms the opt-out",
    "answer_help": "Help answer",
    "answer_crisis": "Numbers for an emergency",
    "answer_moved": "Asks about the new time",
    "alert": "Calls who is on call",
    "alert_taken": "Tells that somebody took over",
    "alert_codes": "Names what is open",
}
"""A cadence may name further steps of its own: these are shown as they are."""
ANSWER = "answer_"
"""How the kinds of automatic answers begin."""


def title(step: str) -> str:
    """Return what a step is called on screen."""
    if step.startswith(ANSWER) and step not in STEPS:
        return f"Answer: {step.removeprefix(ANSWER).replace('_', ' ')}"
    return STEPS.get(step) or step.replace("_", " ").capitalize()


REASONS: Mapping[Reason, str] = {
    Reason.SUPERSEDED: "the appointment changed",
    Reason.REPLANNED: "planned differently now",
    Reason.TOO_LATE_WHEN_PLANNED: "too late when planned",
    Reason.TOO_LATE: "too late to be useful",
    Reason.NO_WINDOW: "no permitted hour left",
    Reason.NO_CONSENT: "no consent",
    Reason.NO_ADDRESS: "no phone or e-mail",
    Reason.OPTED_OUT: "opted out",
    Reason.ADDRESS_FAULT: "address does not work",
    Reason.NOT_ON_ALLOW_LIST: "not on the allow-list",
    Reason.ALREADY_CONFIRMED: "already confirmed",
    Reason.RIDE_ARRANGED: "ride is arranged",
    Reason.APPOINTMENT_OFF: "appointment is off",
    Reason.MERGED: "part of another message",
    Reason.CAP: "enough messages already",
    Reason.ON_HOLD: "patient is on hold",
    Reason.SERIES_STOPPED: "series is stopped",
    Reason.OVERTAKEN: "next session came first",
    Reason.QUIET_HOURS: "quiet hours",
    Reason.PROVIDER_REFUSED: "provider refused it",
    Reason.UNDELIVERED: "did not arrive",
    Reason.UNKNOWN_OUTCOME: "outcome unknown",
    Reason.KEEPS_CRASHING: "failed again and again",
    Reason.WITHDRAWN: "taken back by staff",
    Reason.ACKNOWLEDGED: "somebody took it over",
    Reason.ANSWERED: "already answered",
}
"""Short enough for a cell."""
REASON_SENTENCES: Mapping[Reason, str] = {
    Reason.SUPERSEDED: "The session changed; its new version has its own reminders.",
    Reason.REPLANNED: "The same session is planned differently now.",
    Reason.TOO_LATE_WHEN_PLANNED: "It was already too late to be of use when the session became known.",
    Reason.TOO_LATE: "It could not leave while it was still of use.",
    Reason.NO_WINDOW: "No permitted hour was left while it was of use.",
    Reason.NO_CONSENT: "The patient has given no consent to messages.",
    Reason.NO_ADDRESS: "There is no phone number or e-mail address to write to.",
    Reason.OPTED_OUT: "The patient opted out of messages.",
    Reason.ADDRESS_FAULT: "The number or address does not work.",
    Reason.NOT_ON_ALLOW_LIST: "The number or address is not on the allow-list.",
    Reason.ALREADY_CONFIRMED: "The session is confirmed already.",
    Reason.RIDE_ARRANGED: "The ride is arranged already.",
    Reason.APPOINTMENT_OFF: "The session does not take place.",
    Reason.MERGED: "It went along in another message of the same day.",
    Reason.CAP: "The patient has had as many messages as we may send in that time.",
    Reason.ON_HOLD: "Staff put the patient on hold.",
    Reason.SERIES_STOPPED: "Staff stopped the series.",
    Reason.OVERTAKEN: "The patient's next session came first.",
    Reason.QUIET_HOURS: "These are quiet hours.",
    Reason.PROVIDER_REFUSED: "The provider refused it.",
    Reason.UNDELIVERED: "The provider could not deliver it.",
    Reason.UNKNOWN_OUTCOME: "Nobody could find out whether it was sent.",
    Reason.KEEPS_CRASHING: "It failed again and again.",
    Reason.WITHDRAWN: "Staff took it back.",
    Reason.ACKNOWLEDGED: "Somebody took over what it was to raise.",
    Reason.ANSWERED: "The question it was to ask again has its answer.",
}
REMINDER_STATES: Mapping[ReminderState, str] = {
    ReminderState.PLANNED: "planned",
    ReminderState.DISPATCHED: "became a message",
    ReminderState.MERGED: "went along",
    ReminderState.SUPPRESSED: "not sent",
    ReminderState.CANCELLED: "withdrawn",
    ReminderState.EXPIRED: "too late",
}
MESSAGE_STATES: Mapping[MessageState, str] = {
    MessageState.DUE: "waits to leave",
    MessageState.HELD: "on hold",
    MessageState.CLAIMED: "leaving",
    MessageState.SENDING: "leaving",
    MessageState.UNKNOWN: "in doubt",
    MessageState.ACCEPTED: "handed over",
    MessageState.SENT: "sent",
    MessageState.DELIVERED: "delivered",
    MessageState.UNDELIVERED: "not delivered",
    MessageState.REJECTED: "refused",
    MessageState.SUPPRESSED: "not sent",
    MessageState.CANCELLED: "withdrawn",
    MessageState.EXPIRED: "too late",
    MessageState.NEEDS_STAFF: "with staff",
}
ATTEMPT_STATES: Mapping[AttemptState, str] = {
    AttemptState.SENDING: "under way",
    AttemptState.ACCEPTED: "accepted",
    AttemptState.ABSENT: "provably not sent",
    AttemptState.REJECTED: "refused",
    AttemptState.UNKNOWN: "in doubt",
    AttemptState.FAILED: "accepted, then reported as not delivered",
}
RECEIPTS: Mapping[ReceiptStatus, str] = {
    ReceiptStatus.QUEUED: "queued",
    ReceiptStatus.SENT: "sent",
    ReceiptStatus.DELIVERED: "delivered",
    ReceiptStatus.UNDELIVERED: "not delivered",
    ReceiptStatus.FAILED: "failed",
    ReceiptStatus.CANCELLED: "cancelled",
}
RIDES: Mapping[RideState | None, str] = {
    None: "no ride",
    RideState.NEEDED: "no ride: needs one",
    RideState.HIRED: "no ride: hired car not accepted",
    RideState.SELF: "no ride: wants to drive",
    RideState.ARRANGED: "ride",
}
"""What was last said of the ride home; whatever is no ride says so first."""
CHANNELS: Mapping[Channel, str] = {Channel.SMS: "text", Channel.EMAIL: "e-mail"}
INTENTS: Mapping[Intent, str] = {
    Intent.RED_FLAG: "needs help now",
    Intent.OPT_OUT: "opted out",
    Intent.DECEASED: "has died",
    Intent.WRONG_NUMBER: "wrong number",
    Intent.DECLINE: "will not come",
    Intent.RESCHEDULE: "wants another time",
    Intent.LATE: "runs late",
    Intent.ARRIVED: "is here",
    Intent.NEEDS_RIDE: "has no ride",
    Intent.SELF_DRIVE: "wants to drive",
    Intent.HIRED_RIDE: "hired a ride",
    Intent.HAS_RIDE: "has a ride",
    Intent.SCORE: "gave a score",
    Intent.SYMPTOM: "has a complaint",
    Intent.CONFIRM: "confirms",
    Intent.CALL_ME: "wants a call",
    Intent.CONTACT_CHANGE: "gives new contact details",
    Intent.OPT_IN: "opted in",
    Intent.QUESTION: "asks something",
    Intent.HELP: "asked for help",
    Intent.THANKS: "says thanks",
    Intent.REACTION: "reacted",
    Intent.AUTO_REPLY: "answered by a machine",
    Intent.UNCLEAR: "needs a reader",
}
"""What a text says, of whoever wrote it."""
