"""Working a task off: who may do what with it, and what is kept of it.

Two people who act at once must not both believe that it is theirs: the second hears who was first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reminders.core.tasks.ending import Resolver
from reminders.core.tasks.kinds import Outcome, TaskKind
from reminders.core.tasks.words import OUTCOMES
from reminders.core.wording import StaffClock


class Verb(StrEnum):
    """What staff do with a task."""

    TAKE = "take"
    ASSIGN = "assign"
    DONE = "done"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a task is: who took it over, who ended it, and how. Instants are UTC."""

    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    outcome: Outcome | None = None


RESOLVERS: Mapping[str, str] = {
    Resolver.SCHEDULE: "the schedule settled it",
    Resolver.PATIENT: "the patient's answer settled it",
    Resolver.TIME: "time settled it",
    Resolver.PROVIDER: "the provider settled it",
}
CAN_BE_CONFIRMED = frozenset({TaskKind.UNCONFIRMED, TaskKind.REPLY_UNCLEAR, TaskKind.PHONE_PATIENT})
CAN_GET_A_RIDE = frozenset({TaskKind.RIDE_WANTED, TaskKind.SELF_DRIVE, TaskKind.ESCORT_DECLINED})


def refusal(verb: Verb, standing: Standing, *, by: str, clock: StaffClock) -> str | None:
    """Say in words why this cannot be done with the task as it stands; None where it can. `by` is who asks."""
    if verb is Verb.REOPEN:
        return "is still open" if standing.resolved_at is None else None
    if standing.resolved_at is not None:
        return f"is resolved already: {how_it_ended(standing, clock)}"
    if verb is Verb.TAKE and is_taken_by_another(standing, by) and standing.acknowledged_at is not None:
        at = clock.dated(standing.acknowledged_at)
        return f"is taken already: {standing.acknowledged_by} took it on {at}"
    return None


def how_it_ended(standing: Standing, clock: StaffClock) -> str:
    """Write who resolved a task, when and how; empty while it is open."""
    if standing.resolved_at is None:
        return ""
    at, by = clock.dated(standing.resolved_at), standing.resolved_by or "somebody"
    if by in RESOLVERS:
        return f"{RESOLVERS[by]} on {at}"
    return f"by {by} on {at}" + (f", {OUTCOMES[standing.outcome]}" if standing.outcome is not None else "")


def is_taken_by_another(standing: Standing, by: str) -> bool:
    """Say whether somebody else took the task over; letter case makes nobody another person."""
    return standing.acknowledged_by is not None and standing.acknowledged_by.casefold() != by.casefold()


def with_line(note: str | None, said: str, *, by: str, at: datetime, clock: StaffClock) -> str:
    """Return a task's notes with one more line: when, who, what. Nothing that stands there is ever changed."""
    line = f"{clock.dated(at)} {by}: {said}"
    return f"{note}\n{line}" if note else line
