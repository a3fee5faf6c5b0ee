"""What staff read for our own words. Each table is total over its enum, so that no page shows a code name.

A tone is one of good, wait, bad and calm: it colours, but the words alone say the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import MessageState
from reminders.core.reminders import Reason
from reminders.core.replies import Intent
from reminders.core.tasks import Urgency

MESSAGE_STATES: Mapping[MessageState, tuple[str, str]] = {
    MessageState.DUE: ("due", "calm"),
    MessageState.HELD: ("on hold", "wait"),
    MessageState.CLAIMED: ("leaving", "calm"),
    MessageState.SENDING: ("leaving", "calm"),
    MessageState.UNKNOWN: ("in doubt", "wait"),
    MessageState.ACCEPTED: ("sent", "calm"),
    MessageState.SENT: ("sent", "calm"),
    MessageState.DELIVERED: ("delivered", "good"),
    MessageState.UNDELIVERED: ("not delivered", "bad"),
    MessageState.REJECTED: ("refused", "bad"),
    MessageState.SUPPRESSED: ("not sent", "wait"),
    MessageState.CANCELLED: ("withdrawn", "calm"),
    MessageState.EXPIRED: ("too late", "bad"),
    MessageState.NEEDS_STAFF: ("with staff", "bad"),
}

INTENTS: Mapping[Intent, tuple[str, str]] = {
    Intent.RED_FLAG: ("needs help now", "bad"),
    Intent.OPT_OUT: ("opted out", "bad"),
    Intent.DECEASED: ("has died", "bad"),
    Intent.WRONG_NUMBER: ("wrong number", "bad"),
    Intent.DECLINE: ("will not come", "bad"),
    Intent.RESCHEDULE: ("wants another time", "wait"),
    Intent.LATE: ("runs late", "wait"),
    Intent.ARRIVED: ("is here", "good"),
    Intent.NEEDS_RIDE: ("has no ride", "wait"),
    Intent.SELF_DRIVE: ("wants to drive", "bad"),
    Intent.HIRED_RIDE: ("hired a ride", "wait"),
    Intent.HAS_RIDE: ("has a ride", "good"),
    Intent.SCORE: ("gave a score", "calm"),
    Intent.SYMPTOM: ("has a complaint", "wait"),
    Intent.CONFIRM: ("confirms", "good"),
    Intent.CALL_ME: ("wants a call", "wait"),
    Intent.CONTACT_CHANGE: ("gives new contact details", "wait"),
    Intent.OPT_IN: ("opted in", "good"),
    Intent.QUESTION: ("asks something", "wait"),
    Intent.HELP: ("asked for help", "calm"),
    Intent.THANKS: ("says thanks", "calm"),
    Intent.REACTION: ("reacted", "calm"),
    Intent.AUTO_REPLY: ("answered by a machine", "calm"),
    Intent.UNCLEAR: ("needs a reader", "wait"),
}

STATUSES: Mapping[AppointmentStatus, tuple[str, str]] = {
    AppointmentStatus.BOOKED: ("booked", "calm"),
    AppointmentStatus.ARRIVED: ("arrived", "good"),
    AppointmentStatus.FULFILLED: ("done", "calm"),
    AppointmentStatus.CANCELLED: ("cancelled", "bad"),
    AppointmentStatus.NOSHOW: ("did not come", "bad"),
}

PAUSED: Mapping[Reason, str] = {Reason.ON_HOLD: "on hold", Reason.SERIES_STOPPED: "series stopped"}
"""What a pause of staff's is called beside a name."""

URGENCIES: Mapping[Urgency, tuple[str, str]] = {
    Urgency.HIGH: ("now", "bad"),
    Urgency.NORMAL: ("today", "wait"),
    Urgency.LOW: ("when there is time", "calm"),
}
