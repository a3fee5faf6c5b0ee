"""What staff read for our own words. Each table is total over its enum, so that no page shows a code name.

A tone is one of good, wait, bad and calm: it colours, but the words alone say the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.appointments import AppointmentStatus
from reminders.core.delivery import MessageState
from reminders.core.labels import INTENTS as INTENT_WORDS
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

TONES: Mapping[Intent, str] = {
    Intent.RED_FLAG: "bad",
    Intent.OPT_OUT: "bad",
    Intent.DECEASED: "bad",
    Intent.WRONG_NUMBER: "bad",
    Intent.DECLINE: "bad",
    Intent.RESCHEDULE: "wait",
    Intent.LATE: "wait",
    Intent.ARRIVED: "good",
    Intent.NEEDS_RIDE: "wait",
    Intent.SELF_DRIVE: "bad",
    Intent.HIRED_RIDE: "wait",
    Intent.HAS_RIDE: "good",
    Intent.SCORE: "calm",
    Intent.SYMPTOM: "wait",
    Intent.CONFIRM: "good",
    Intent.CALL_ME: "wait",
    Intent.CONTACT_CHANGE: "wait",
    Intent.OPT_IN: "good",
    Intent.QUESTION: "wait",
    Intent.HELP: "calm",
    Intent.THANKS: "calm",
    Intent.REACTION: "calm",
    Intent.AUTO_REPLY: "calm",
    Intent.UNCLEAR: "wait",
}
INTENTS: Mapping[Intent, tuple[str, str]] = {intent: (INTENT_WORDS[intent], tone) for intent, tone in TONES.items()}

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
