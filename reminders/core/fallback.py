"""Fallback: which failures send a reminder out by the other channel of its step (requirement 24).

Never an unknown, which may have arrived; never after an opt-out, which covers every automated message; never what goes
to an escort, or was written by staff or as an answer: these are no reminders to the patient, and become tasks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reminders.core.cadences import Step
from reminders.core.delivery import MOST_REDELIVERIES, MessageState
from reminders.core.patients import Channel, Patient, Recipient
from reminders.core.reminders import Reason, Reminder

FAILS_FOR_THE_ADDRESS = frozenset({MessageState.REJECTED, MessageState.UNDELIVERED, MessageState.SUPPRESSED})
"""Refused at once, not delivered later, or held back because another message showed that the address does not work."""
LANDLINE = "landline"
"""The fault of a number that Lookup knows as a landline."""
UNREACHABLE = "unreachable"
"""The fault of a number that was out of reach too often."""
LANDLINE_FAULTS = frozenset({LANDLINE, "30006", "21635"})
"""Faults on record that say what kind of line it is (domain, section D)."""
OUT_OF_REACH = "30003"
MOST_OUT_OF_REACH = 2
"""So many different messages in a row that ended as out of reach make a bad number (domain, section D)."""


def has_failed(state: MessageState, reason: Reason | None, redeliveries: int) -> bool:
    """Say whether a message ended so that what it said may go by another channel."""
    if state in FAILS_FOR_THE_ADDRESS and reason is Reason.ADDRESS_FAULT:
        return True
    is_given_up = state is MessageState.UNDELIVERED and reason is Reason.UNDELIVERED
    return is_given_up and redeliveries >= MOST_REDELIVERIES


def channels_left(step: Step, turns: Collection[Reminder], patient: Patient) -> tuple[Channel, ...]:
    """Return the channels a step may use, those it failed on left out where another one can take over.

    `turns` are the reminders of this step so far. One that took over keeps its turn although its channel closed: then
    it ends with that reason, and a person hears of it.
    """
    failed = {item.planned.key.channel for item in turns if item.has_failed}
    if not failed or step.recipient is not Recipient.PATIENT:
        return step.channels
    left = tuple(channel for channel in step.channels if channel not in failed)
    takes_over = may_fall_back(patient) and any(patient.is_open(channel) for channel in left)
    has_taken_over = any(item.planned.key.channel in left and item.planned.state.is_waiting for item in turns)
    return left if takes_over or has_taken_over else step.channels


def may_fall_back(patient: Patient) -> bool:
    """Say whether anything may go by another channel: not once the patient opted out of one of them."""
    return patient.closed <= patient.faulty


def is_landline(fault: str) -> bool:
    """Say whether a fault means that the number is a landline."""
    return fault in LANDLINE_FAULTS


def is_unreachable(last_words: Sequence[str | None]) -> bool:
    """Say whether a number is bad, given the last word on each of the latest messages to it, the newest first."""
    latest = last_words[:MOST_OUT_OF_REACH]
    return len(latest) == MOST_OUT_OF_REACH and all(code == OUT_OF_REACH for code in latest)
