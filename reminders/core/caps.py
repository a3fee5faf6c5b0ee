"""Caps: how many automated messages one patient gets, and which of them gives way where there would be more.

Requirement 12. What matters less gives way before the cap is reached: room is kept for everything that matters more and
is still to come, so that a message never takes the place of a better one. Both channels count alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from reminders.core.check_ins import NUDGE
from reminders.core.clinics import Caps
from reminders.core.windows import SendWindow, civil, local_day, next_opening

WEEK = timedelta(days=7)
"""The span of the weekly cap: elapsed time, which slides along."""
LONGEST_DAY = timedelta(hours=26)
"""No local day is longer, with a clock change and some to spare."""
NEVER_CAPPED = frozenset({"remind_final", "moved", "cancelled"})
"""They leave over the cap too, and count."""
_OUTCOMES = "outcome_"
_IN_ORDER = (
    "booked",
    "rebook",
    NUDGE,
    "checkin_evening",
    _OUTCOMES,
    "checkin_72h",
    "day_of",
    "prep_first",
    "checkin_24h",
    "remind_confirm",
    "ride_check",
)
"""What gives way, first to last."""
_PLACES = {step: place for place, step in enumerate(_IN_ORDER)} | dict.fromkeys(NEVER_CAPPED, len(_IN_ORDER))
_OF_ANY_OTHER = _PLACES["prep_first"]
"""A clinic's own steps stand with the first of those that give way late: what they say we do not know."""


class Ruling(StrEnum):
    """What the caps say about a message."""

    GO = "go"
    WAIT = "wait"
    """Not on this local day."""
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Coming:
    """A message to the same patient that is still to leave, when (UTC), and how much it matters."""

    at: datetime
    importance: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """The automated messages of one patient: when those of the last week left (UTC), and those still to come."""

    left: tuple[datetime, ...] = ()
    coming: tuple[Coming, ...] = ()


def importance(steps: Iterable[str]) -> int:
    """Say how late a message gives way: as late as the best of the steps that it carries."""
    return max(_PLACES.get(_OUTCOMES if step.startswith(_OUTCOMES) else step, _OF_ANY_OTHER) for step in steps)


def is_capped(weight: int) -> bool:
    """Say whether a message of this importance may be held or dropped by a cap."""
    return weight < len(_IN_ORDER)


def ruling(weight: int, traffic: Traffic, caps: Caps, *, zone: ZoneInfo, now: datetime) -> Ruling:
    """Decide about a message of this importance that could leave now. `zone` is the patient's; days are its days.

    It goes where it exceeds no cap itself, and where everything that matters more, as far as it is known to come,
    would find room after it: on its local day and in the 7 days that end with it.
    """
    if not is_capped(weight) or len(traffic.left) + len(traffic.coming) < min(caps.per_day, caps.per_week):
        return Ruling.GO
    left = sorted(traffic.left)
    better = sorted([max(item.at, now) for item in traffic.coming if item.importance > weight])
    if not _fits_week(left, better, caps.per_week, now):
        return Ruling.DROP
    near = [at for at in (*left, *better) if -LONGEST_DAY < at - now < LONGEST_DAY]
    if len(near) < caps.per_day:
        return Ruling.GO
    today = local_day(now, zone)
    return Ruling.GO if sum(local_day(at, zone) == today for at in near) < caps.per_day else Ruling.WAIT


def _fits_week(left: Sequence[datetime], better: Sequence[datetime], most: int, now: datetime) -> bool:
    """Say whether one more message now has room in its own week and leaves room in that of each better one after it.

    Both are in order of time.
    """
    for place, then in enumerate((now, *better)):
        since = then - WEEK
        if since < now and len(left) - bisect_right(left, since) + place >= most:
            return False
    return True


def next_day(now: datetime, zone: ZoneInfo, window: SendWindow) -> datetime | None:
    """Return the first opening of a day after this one, for what must wait; None where the window never opens."""
    midnight = civil(local_day(now, zone) + timedelta(days=1), time(0), zone)
    return next_opening(midnight, zone, window)
