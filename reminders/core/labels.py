"""What people read for the steps of a cadence, on pages and in tables alike."""

from __future__ import annotations

from collections.abc import Mapping

STEPS: Mapping[str, str] = {
    "moved": "New time",
    "cancelled": "Cancellation",
    "booked": "Booking",
    "prep_first": "Preparation",
    "remind_confirm": "Asked to confirm",
    "ride_check": "Asked about ride",
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
