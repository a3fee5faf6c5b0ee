"""Merging: what falls due for one patient on one local day becomes one message (requirement 11).

Nothing is delayed by merging. The leader gives the text; a message asks one question. The news that a session moved or
was cancelled goes apart: no other text says it, and it says nothing of what else is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from reminders.core.cadences import CANCELLED, MOVED, QuestionKind, Step
from reminders.core.reminders import Reminder
from reminders.core.windows import local_day

NEWS = frozenset({MOVED.key, CANCELLED.key})


QUESTION_ORDER = (QuestionKind.CONFIRM, QuestionKind.RIDE, QuestionKind.CHECK_IN)
"""Who does not come needs no ride, so attendance is asked first; the other question becomes information."""


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
    def also(self) -> tuple[Candidate, ...]:
        """The others of the leader's own step: the same news about further sessions, told in the same text."""
        return tuple(other for other in self.others if other.step.key == self.leader.step.key)

    @property
    def asks(self) -> tuple[Candidate, QuestionKind] | None:
        """The one question of this message: attendance before the ride, the ride before a score."""
        asking = [(item, item.step.asks) for item in (self.leader, *self.others) if item.step.asks is not None]
        return min(asking, key=lambda pair: QUESTION_ORDER.index(pair[1]), default=None)


def bundles(candidates: Iterable[Candidate], *, tz: ZoneInfo, now: datetime) -> tuple[Bundle, ...]:
    """Group one patient's candidates by channel, recipient and local day; keep groups of which a part is due.

    A part that may not go this early (a check-in before its own time) stays behind and goes alone; one that is no
    longer useful is left out, so that it cannot lead. What is overdue from earlier days counts as due today.
    """
    group = _group(tz, now)
    ready = sorted((item for item in candidates if _may_go(item, now)), key=group)
    grouped = [list(members) for _, members in groupby(ready, key=group)]
    due = [members for members in grouped if any(item.reminder.due_at <= now for item in members)]
    return tuple(_bundle(members) for members in due)


def _may_go(item: Candidate, now: datetime) -> bool:
    planned = item.reminder.planned
    return planned.not_before <= now < planned.expires_at


def _group(tz: ZoneInfo, now: datetime) -> Callable[[Candidate], tuple[str, str, str, date]]:
    def key(item: Candidate) -> tuple[str, str, str, date]:
        planned = item.reminder.planned
        news = item.step.key if item.step.key in NEWS else ""
        return planned.key.channel, planned.key.recipient, news, local_day(max(planned.due_at, now), tz)

    return key


def _bundle(members: list[Candidate]) -> Bundle:
    first, *rest = sorted(members, key=lambda item: (item.step.rank, item.starts_at))
    return Bundle(first, tuple(rest))
