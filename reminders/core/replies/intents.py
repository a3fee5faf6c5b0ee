"""What a text can ask of us or tell us: the intents, most pressing first."""

from __future__ import annotations

from enum import StrEnum


class Intent(StrEnum):
    """One thing that a text says. The order is that of precedence (requirement 41): what staff should read first."""

    RED_FLAG = "red_flag"
    OPT_OUT = "opt_out"
    DECEASED = "deceased"
    WRONG_NUMBER = "wrong_number"
    DECLINE = "decline"
    RESCHEDULE = "reschedule"
    LATE = "late"
    ARRIVED = "arrived"
    NEEDS_RIDE = "needs_ride"
    SELF_DRIVE = "self_drive"
    HIRED_RIDE = "hired_ride"
    HAS_RIDE = "has_ride"
    SCORE = "score"
    SYMPTOM = "symptom"
    CONFIRM = "confirm"
    CALL_ME = "call_me"
    CONTACT_CHANGE = "contact_change"
    OPT_IN = "opt_in"
    QUESTION = "question"
    HELP = "help"
    THANKS = "thanks"
    REACTION = "reaction"
    AUTO_REPLY = "auto_reply"
    UNCLEAR = "unclear"


PRECEDENCE = {intent: place for place, intent in enumerate(Intent)}
STANDS_ALONE = frozenset({Intent.THANKS, Intent.REACTION, Intent.AUTO_REPLY, Intent.UNCLEAR})
"""Said only of a text that says nothing else."""
