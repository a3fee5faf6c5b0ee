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
    Reason.QUIET_HOURS: "quiet hours",
    Reason.PROVIDER_REFUSED: "provider refused it",
    Reason.UNDELIVERED: "did not arrive",
    Reason.UNKNOWN_OUTCOME: "outcome unknown",
    Reason.KEEPS_CRASHING: "failed again and again",
    Reason.WITHDRAWN: "taken back by staff",
}

INTENTS: Mapping[Intent, tuple[str, str]] = {
    Intent.CONFIRM: ("confirms", "good"),
    Intent.RESCHEDULE: ("wants another time", "wait"),
    Intent.OPT_OUT: ("opted out", "bad"),
    Intent.OPT_IN: ("opted in", "good"),
    Intent.HELP: ("asked for help", "calm"),
    Intent.UNCLEAR: ("needs a reader", "wait"),
}

STATUSES: Mapping[AppointmentStatus, tuple[str, str]] = {
    AppointmentStatus.BOOKED: ("booked", "calm"),
    AppointmentStatus.ARRIVED: ("arrived", "good"),
    AppointmentStatus.FULFILLED: ("done", "calm"),
    AppointmentStatus.CANCELLED: ("cancelled", "bad"),
    AppointmentStatus.NOSHOW: ("did not come", "bad"),
}

URGENCIES: Mapping[Urgency, tuple[str, str]] = {
    Urgency.HIGH: ("now", "bad"),
    Urgency.NORMAL: ("today", "wait"),
    Urgency.LOW: ("when there is time", "calm"),
}
