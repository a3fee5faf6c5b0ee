"""Merging: what falls due for one patient on one local day becomes one message (requirement 11).

Nothing is delayed by merging. The leader gives the text; a message asks one question. Sessions on consecutive days are
a run: it is asked once whether the patient comes, and once who takes them home, for all of its days. The news that a
session moved or was cancelled goes apart: no other text says it, and it says nothing of what else is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminders.core.cadences import ASK_ESCORT, CANCELLED, MOVED, PICK_UP_OFF, QuestionKind, Step
from reminders.core.reminders import Reminder
from reminders.core.windows import local_day

NEWS = frozenset({MOVED.key, CANCELLED.key, PICK_UP_OFF.key})
NO_NEWS = "~"
"""Sorts behind every step: the news of a new time is made, and so leaves, before what speaks of that time."""
QUESTION_ORDER = (QuestionKind.CONFIRM, QuestionKind.RIDE, QuestionKind.CHECK_IN, QuestionKind.PICK_UP)
"""Who does not come needs no ride, so attendance is asked first; the other question becomes information."""
ASKED_FOR_A_RUN = frozenset({QuestionKind.CONFIRM, QuestionKind.RIDE})
ASKED_FOR_ALL = ASKED_FOR_A_RUN | {QuestionKind.PICK_UP}
"""Questions about every session of their message, which names them all; a pick-up is told on each day of a run."""
LONGEST_RUN = timedelta(days=31)
"""How far ahead a run is looked for."""
DAY = timedelta(days=1)


class Candidate(NamedTuple):
    """A waiting reminder with its step, the start of its appointment, and the day of that in the clinic's calendar."""

    reminder: Reminder
    step: Step
    starts_at: datetime
    starts_on: date


class Asking(NamedTuple):
    """The one question of a message, and the sessions it is about."""

    kind: QuestionKind
    about: tuple[Candidate, ...]


class Bundle(NamedTuple):
    """What leaves as one message: when, the leader, and what it carries along.

    `owed` are questions that an earlier message had no room for; they are asked with this one.
    """

    at: datetime
    leader: Candidate
    others: tuple[Candidate, ...]
    owed: tuple[Candidate, ...] = ()

    @property
    def also(self) -> tuple[Candidate, ...]:
        """The others of the leader's own step: the same news about further sessions, told in the same text."""
        return tuple(other for other in self.others if other.step.key == self.leader.step.key)

    @property
    def asks(self) -> Asking | None:
        """The one question of this message: what is owed first; attendance before the ride, the ride before a score.

        It is about every session whose reminder of that kind is in this message: the text names them all.
        """
        for source in (self.owed, (self.leader, *self.others)):
            asking = [item for item in source if item.step.asks is not None]
            for kind in QUESTION_ORDER if asking else ():
                about = tuple(item for item in asking if item.step.asks is kind)
                if about:
                    return Asking(kind, about if kind in ASKED_FOR_ALL else about[:1])
        return None


def bundles(
    candidates: Iterable[Candidate], *, tz: ZoneInfo, now: datetime, owed: Sequence[Candidate] = ()
) -> tuple[Bundle, ...]:
    """Return the messages that leave by `now`; what is overdue from earlier days counts as due today.

    One that is no longer useful is left out, so that it cannot lead. `owed` goes with the first that is no news.
    """
    useful = (item for item in candidates if item.reminder.planned.expires_at > now)
    leaving = [bundle for bundle in foresee(useful, tz=tz, now=now) if bundle.at <= now]
    for place, bundle in enumerate(leaving if owed else ()):
        mine = [item for item in owed if _goes_with(item, bundle)]
        if bundle.leader.step.key not in NEWS and mine:
            leaving[place] = bundle._replace(owed=tuple(mine))
            break
    return tuple(leaving)


def _goes_with(owed: Candidate, bundle: Bundle) -> bool:
    recipient = bundle.leader.reminder.planned.key.recipient
    return owed.reminder.planned.key.recipient is recipient and owed.reminder.planned.expires_at > bundle.at


class _Due(NamedTuple):
    """A candidate with the time and local day on which it falls due, worked out once."""

    item: Candidate
    at: datetime
    on: date


def foresee(candidates: Iterable[Candidate], *, tz: ZoneInfo, now: datetime | None = None) -> Iterator[Bundle]:
    """Yield all messages to one patient, stream by stream and day by day, as they will leave if nothing changes.

    A part that may not go as early as its message (a check-in before its own time) goes alone, and the others merge.
    """
    for _, stream in groupby(sorted(candidates, key=_stream), key=_stream):
        waiting = [_as_due(item, tz, now) for item in stream]
        waiting.sort(key=lambda due: (due.on, due.at))
        while waiting:
            bundle, gone = _next(waiting)
            waiting = [due for due in waiting if id(due) not in gone]
            yield bundle


def _stream(item: Candidate) -> tuple[str, str, str]:
    key = item.reminder.planned.key
    return key.channel, key.recipient, item.step.key if item.step.key in NEWS else NO_NEWS


def _as_due(item: Candidate, tz: ZoneInfo, now: datetime | None) -> _Due:
    at = item.reminder.due_at if now is None else max(item.reminder.due_at, now)
    return _Due(item, at, local_day(at, tz))


def _next(waiting: list[_Due]) -> tuple[Bundle, set[int]]:
    first = waiting[0]
    if len(waiting) == 1:  # as a rule
        return Bundle(first.at, first.item, ()), {id(first)}
    merged = [due for due in waiting if due.on == first.on and _may_go(due, first.at)]
    parts = merged + _rest_of_runs(merged, waiting, first.at)
    leader, *others = sorted((due.item for due in parts), key=lambda item: (item.step.rank, item.starts_at))
    return Bundle(first.at, leader, tuple(others)), {id(due) for due in parts}


def _may_go(due: _Due, at: datetime) -> bool:
    planned = due.item.reminder.planned
    return due.at <= at or planned.not_before <= at < planned.expires_at


def _is_asked_once(step: Step) -> bool:
    """Say whether one question holds for all days of a run; a stranger least of all is asked day by day."""
    return step.asks in ASKED_FOR_A_RUN or step.key == ASK_ESCORT.key


def _rest_of_runs(merged: Sequence[_Due], waiting: Sequence[_Due], at: datetime) -> list[_Due]:
    """Return the same question about the following days of a run, which is asked now for all of them."""
    found: list[_Due] = []
    for key in {due.item.step.key for due in merged if _is_asked_once(due.item.step)}:
        same = [due for due in waiting if due.item.step.key == key]
        days = {due.item.starts_on for due in same}
        run = {due.item.starts_on for due in merged if due.item.step.key == key}
        for on in sorted(run):
            following = on + DAY
            while following in days and following - on <= LONGEST_RUN:
                run.add(following)
                following += DAY
        inside = {id(due) for due in merged}
        found += [due for due in same if due.item.starts_on in run and id(due) not in inside and _may_go(due, at)]
    return found
