"""The ride home: what a patient said of it, and what a clinic accepts (domain A3; replies 2.5 and 2.6).

Attendance and ride are separate facts (requirement 43): nothing here confirms a visit.
"""

from __future__ import annotations

from collections.abc import Collection

from reminders.core.replies.intents import Intent
from reminders.core.transport import RidePolicy, RideState

__all__ = ["OF_RIDES", "RidePolicy", "RideState", "ride_after"]

OF_RIDES = frozenset({Intent.SELF_DRIVE, Intent.HIRED_RIDE, Intent.NEEDS_RIDE, Intent.HAS_RIDE})
"""The intents that say something of the ride; a yes to our question is read as `has_ride`."""
ESCORTED_HIRE = frozenset({RidePolicy.ADULT_OR_ESCORTED_HIRE, RidePolicy.HIRE_OK})
"""Policies under which somebody beside the patient makes a hired car good."""


def ride_after(intents: Collection[Intent], policy: RidePolicy) -> RideState | None:
    """Return what a text makes of the ride, the worst that it says; None where it says nothing of it.

    Driving oneself is never accepted. A hired car is, alone or with somebody beside the patient, as the policy says.
    A ride that is still sought outweighs one that is named: "no ride yet, maybe my son".
    """
    if Intent.SELF_DRIVE in intents:
        return RideState.SELF
    if Intent.HIRED_RIDE in intents and not _is_accepted(policy, is_escorted=Intent.HAS_RIDE in intents):
        return RideState.HIRED
    if Intent.NEEDS_RIDE in intents:
        return RideState.NEEDED
    return RideState.ARRANGED if OF_RIDES.intersection(intents) else None


def _is_accepted(policy: RidePolicy, *, is_escorted: bool) -> bool:
    return policy is RidePolicy.HIRE_OK or (is_escorted and policy in ESCORTED_HIRE)
