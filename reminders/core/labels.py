"""What people read for the steps of a cadence and for reasons, on pages and in tables; short enough for a cell."""

from __future__ import annotations

from collections.abc import Mapping

from reminders.core.reminders import Reason

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
    "outcome_7d": "Week check-in",
    "outcome_14d": "Two-week check-in",
    "rebook": "Next booking",
    "pick_up": "Pick-up, to the escort",
    "pick_up_off": "No pick-up, to the escort",
    "ad_hoc": "From staff",
    "help": "Help answer",
}
"""A cadence may name further steps of its own: these are shown as they are."""

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
    Reason.QUIET_HOURS: "quiet hours",
    Reason.PROVIDER_REFUSED: "provider refused it",
    Reason.UNDELIVERED: "did not arrive",
    Reason.UNKNOWN_OUTCOME: "outcome unknown",
    Reason.KEEPS_CRASHING: "failed again and again",
    Reason.WITHDRAWN: "taken back by staff",
}
"""Whole sentences are in `explaining`."""
