"""Choices: what somebody told the clinic about being written to, by voice, letter, e-mail or in person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reminders.core.business_days import IsBusinessDay, deadline
from reminders.core.consent import BY_STAFF, Source

LONGEST_AGO = 3650
"""Days. A request that is older has its year mistyped."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One such word: how it came, on which day (the clinic's), what staff note about it, and who they are."""

    source: Source
    received_on: date
    note: str
    by: str


def faults(heard: Heard, *, today: date) -> list[str]:
    """Say what is wrong with what staff enter; `today` is the clinic's day."""
    found = []
    if heard.source not in BY_STAFF:
        found.append(f"--by: found {heard.source}; a person hears by {', '.join(BY_STAFF)}")
    if heard.received_on > today:
        found.append(f"--received-on: found {heard.received_on}, which is still to come")
    elif (today - heard.received_on).days > LONGEST_AGO:
        found.append(f"--received-on: found {heard.received_on}; is that its year?")
    return found


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when a request had to be honoured (requirement 39), and whether it was, as of a day of the clinic's."""

    due_on: date
    is_met: bool


def deadline_of(heard: Heard, is_business_day: IsBusinessDay, *, today: date) -> Deadline:
    """Return the deadline of an opt-out that is honoured today."""
    due_on = deadline(heard.received_on, is_business_day)
    return Deadline(due_on, today <= due_on)
