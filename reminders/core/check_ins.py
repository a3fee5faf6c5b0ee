"""Check-ins: the 0 to 10 answer to our question after a session, and when it concerns staff."""

from __future__ import annotations

from enum import StrEnum


class Concern(StrEnum):
    """Why staff are to be told at once."""

    RED_FLAG = "red_flag"
    """Words that a clinician put on the list (domain A5)."""
    IDIOM = "idiom"
    """Words that are usually a figure of speech, at a clinic that wants to hear of them all the same."""
    HIGH_SCORE = "high_score"
    JUMP = "jump"
    """The score rose by more than the clinic allows since the series' baseline."""
