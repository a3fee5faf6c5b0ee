"""Merging: what falls due for one patient on one local day becomes one message (requirement 11).

Nothing is delayed by merging. The leader gives the text; a message asks one question.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from reminders.core.cadences import QuestionKind, Step
from reminders.core.reminders import Reminder
from reminders.core.windows import local_day


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reminder that is due, or due later on the same day, with its step and the start of its appointment."""

    reminder: Reminder
    step: Step
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Bundle:
    """What leaves as one message: the leader, and what it carries along."""

    leader: Candidate
    others: tuple[Candidate, ...]

    @property
    def asks(self) -> tuple[Candidate, QuestionKind] | None:
        """The one question of this message: the leader's, or else the best-ranked of the others."""
        for candidate in (self.leader, *self.others):
            if candidate.step.asks is not None:
                return candidate, candidate.step.asks
        return None


def bundles(candidates: Iterable[Candidate], *, tz: ZoneInfo, now: datetime) -> tuple[Bundle, ...]:
    """Group one patient's candidates by channel, recipient and local day; keep groups of which a part is due.

    A part that may not go this early (a check-in before its own time) stays behind and goes alone.
    """
    ready = sorted((item for item in candidates if item.reminder.planned.not_before <= now), key=_group(tz))
    grouped = [list(members) for _, members in groupby(ready, key=_group(tz))]
    due = [members for members in grouped if any(item.reminder.due_at <= now for item in members)]
    return tuple(_bundle(members) for members in due)


def _group(tz: ZoneInfo):  # noqa: ANN202 - a sort key, whose type says less than its body
    def key(item: Candidate) -> tuple[str, str, str]:
        planned = item.reminder.planned
        return planned.key.channel, planned.key.recipient, local_day(planned.due_at, tz).isoformat()

    return key


def _bundle(members: list[Candidate]) -> Bundle:
    first, *rest = sorted(members, key=lambda item: (item.step.rank, item.starts_at))
    return Bundle(first, tuple(rest))
