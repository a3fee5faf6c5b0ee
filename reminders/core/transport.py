"""Transport: who a clinic wants at discharge, and what was last said of the ride home (domain A3).

Apart from `rides`, which reads replies, so that cadences and appointments can speak of a ride without them.
"""

from __future__ import annotations

from enum import StrEnum


class RidePolicy(StrEnum):
    """Who must be there at discharge."""

    ADULT_PRESENT = "adult_present"
    """An adult who knows the patient."""
    ADULT_OR_ESCORTED_HIRE = "adult_or_escorted_hire"
    """The same, or a hired car with somebody beside the patient."""
    HIRE_OK = "hire_ok"
    """A hired car alone will do."""


class RideState(StrEnum):
    """What was last said of the ride of one version of an appointment; None where nobody said anything."""

    NEEDED = "needed"
    HIRED = "hired"
    """A hired car, which this clinic's policy does not accept as it was said."""
    SELF = "self"
    """The patient wants to drive: a matter of safety."""
    ARRANGED = "arranged"
