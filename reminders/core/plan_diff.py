"""Differences of two plans: what an edit of the clinic's plan changes for patients, message by message.

Both plans are foreseen from the same sessions and the same past, so that nothing shows but the edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reminders.core.conditions import Case
from reminders.core.ids import AppointmentId, ReminderId
from reminders.core.patients import Recipient
from reminders.core.planning import replan
from reminders.core.reminders import Reminder
from reminders.core.upcoming import Upcoming

NOT_STORED = ReminderId(UUID(int=0))


class Change(StrEnum):
    """What becomes of a message."""

    ADDED = "added"
    GONE = "gone"
    MOVED = "moved"
    REWORDED = "reworded"


@dataclass(frozen=True, slots=True)
class Line:
    """One message that an edit changes. Where it is added there is no `before`, where it is gone no `after`."""

    change: Change
    before: Upcoming | None
    after: Upcoming | None

    @property
    def message(self) -> Upcoming:
        """The message as it will be, or as it was."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - there is no line about nothing
        return found

    @property
    def at(self) -> datetime:
        """When the first of both leaves."""
        return min(item.at for item in (self.before, self.after) if item is not None)


def held_after(case: Case, held: Sequence[Reminder]) -> list[Reminder]:
    """Return the reminders of an appointment as they would be held once it is planned anew."""
    plan = replan(case, held)
    cancelled = {id(item) for item, _ in plan.cancel}
    moved = {id(item): wanted for item, wanted in plan.move}
    kept = [
        Reminder(item.id, item.appointment_id, item.patient_id, item.version, moved.get(id(item), item.planned))
        for item in held
        if id(item) not in cancelled
    ]
    mine = case.appointment
    added = [Reminder(NOT_STORED, mine.id, mine.patient_id, mine.version, wanted) for wanted in plan.add]
    return [item for item in (*kept, *added) if item.planned.expires_at > case.now]


_Key = tuple[AppointmentId, str, Recipient]


def plan_diff(before: Iterable[Upcoming], after: Iterable[Upcoming], *, until: datetime) -> list[Line]:
    """Return what differs between what will be sent to one patient, as far as either leaves before `until`.

    A message that moves out of that time, or into it, moved; it is neither gone nor added.
    """
    olds, news = _by_key(before), _by_key(after)
    found = []
    for key in {**olds, **news}:
        old, new = olds.get(key), news.get(key)
        change = _change(old, new)
        if change is not None:
            line = Line(change, old, new)
            if line.at < until:
                found.append(line)
    return sorted(found, key=lambda line: (line.at, line.message.step))


def _by_key(messages: Iterable[Upcoming]) -> dict[_Key, Upcoming]:
    return {(item.appointment.id, item.step, item.recipient): item for item in messages if item.needless is None}


def _change(old: Upcoming | None, new: Upcoming | None) -> Change | None:
    if old is None or new is None:
        return Change.ADDED if old is None else Change.GONE
    if (old.at, old.channel) != (new.at, new.channel):
        return Change.MOVED
    return Change.REWORDED if old.words != new.words else None
