"""Crowding: what the caps would make of a foreseen plan, if every message of it left at its time (requirement 12)."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from reminders.core.caps import LONGEST_DAY, WEEK, Coming, Ruling, Traffic, importance, is_capped, next_day, ruling
from reminders.core.clinics import Caps, Clinic
from reminders.core.foresight import Touch
from reminders.core.gate import LEAST_USEFUL_LIFE
from reminders.core.patients import Recipient
from reminders.core.reminders import Reason, ReminderState
from reminders.core.windows import local_day

_Waiting = tuple[datetime, int, int, Coming]
"""A message on its way: when, how soon it gives way among those of one instant, its place, and how others see it."""


@dataclass(frozen=True, slots=True)
class _Message:
    """One message: the touch that leads it, and those that go with it."""

    leader: Touch
    others: tuple[Touch, ...]

    @property
    def parts(self) -> tuple[Touch, ...]:
        return (self.leader, *self.others)

    @property
    def weight(self) -> int:
        return importance({touch.step for touch in self.parts})


def within_caps(clinic: Clinic, touches: Iterable[Touch]) -> list[Touch]:
    """Return the touches of one clinic as the caps would let them leave, in order of time.

    What would be dropped is suppressed by `cap`, with what was merged into it; what would be held moves to that time.
    """
    kept: list[Touch] = []
    by_patient: dict[str, list[Touch]] = {}
    for touch in touches:
        is_capped_kind = touch.merged_into is not None or touch.state is ReminderState.PLANNED
        if is_capped_kind and touch.recipient is Recipient.PATIENT:
            by_patient.setdefault(touch.entry.patient.external_id, []).append(touch)
        else:
            kept.append(touch)
    kept += [touch for mine in by_patient.values() for touch in _of_patient(clinic, mine)]
    return sorted(kept, key=lambda touch: (touch.due_at, touch.entry.external_id, touch.step))


def _of_patient(clinic: Clinic, touches: Sequence[Touch]) -> Iterator[Touch]:
    merged: dict[str, list[Touch]] = {}
    for touch in touches:
        if touch.merged_into is not None:
            merged.setdefault(touch.merged_into, []).append(touch)
    leaders = [touch for touch in touches if touch.merged_into is None]
    messages = [_Message(one, tuple(merged.get(one.name, ()))) for one in leaders]
    for message, at in _rulings(messages, clinic, touches[0].tz):
        for touch in message.parts:
            if at is None:
                yield replace(touch, state=ReminderState.SUPPRESSED, reason=Reason.CAP, merged_into=None)
            else:
                yield touch if touch.due_at == at else replace(touch, due_at=at)


def _rulings(
    messages: Sequence[_Message], clinic: Clinic, zone: ZoneInfo
) -> Iterator[tuple[_Message, datetime | None]]:
    """Yield each message with the time at which the caps let it leave, None where they never do (requirement 12)."""
    if not _may_reach_a_cap(sorted(message.leader.due_at for message in messages), clinic.caps, zone):
        yield from ((message, message.leader.due_at) for message in messages)
        return
    waiting = sorted(_waiting(message.leader.due_at, message.weight, place) for place, message in enumerate(messages))
    left: list[datetime] = []
    while waiting:
        at, _, place, seen = waiting.pop(0)
        traffic = _traffic(left, waiting, at) if is_capped(seen.importance) else Traffic()
        match ruling(seen.importance, traffic, clinic.caps, zone=zone, now=at):
            case Ruling.GO:
                left.append(at)
                yield messages[place], at
            case Ruling.WAIT if (later := _held_until(messages[place], at, clinic, zone)) is not None:
                insort(waiting, _waiting(later, seen.importance, place))
            case _:
                yield messages[place], None


def _waiting(at: datetime, weight: int, place: int) -> _Waiting:
    return at, -weight, place, Coming(at, weight)


def _may_reach_a_cap(times: Sequence[datetime], caps: Caps, zone: ZoneInfo) -> bool:
    """Say whether all of these together exceed a cap anywhere; where they do not, none of them has to give way."""
    is_full_week = any(last - first < WEEK for first, last in zip(times, times[caps.per_week :], strict=False))
    return is_full_week or any(
        last - first < LONGEST_DAY and local_day(first, zone) == local_day(last, zone)
        for first, last in zip(times, times[caps.per_day :], strict=False)
    )


def _traffic(left: Sequence[datetime], waiting: Sequence[_Waiting], now: datetime) -> Traffic:
    recent = left[bisect_left(left, now - WEEK - LONGEST_DAY) :]
    soon = waiting[: bisect_left(waiting, now + WEEK, key=_leaves_at)]
    return Traffic(tuple(recent), tuple([item[3] for item in soon]))


def _leaves_at(item: _Waiting) -> datetime:
    return item[0]


def _held_until(message: _Message, at: datetime, clinic: Clinic, zone: ZoneInfo) -> datetime | None:
    """Return the next day's opening, None where the message would be useless by then."""
    later = next_day(at, zone, clinic.window)
    expires_at = message.leader.expires_at
    return None if later is None or later + LEAST_USEFUL_LIFE > expires_at else later
