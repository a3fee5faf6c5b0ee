"""Weeks as clinics count them: from Monday to Sunday by the clinic's own clock, however long the nights of a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reminders.core.windows import civil, local_day

SPANS = (4, 12, 26)
"""How many weeks a page offers."""
MOST_WEEKS = 104


@dataclass(frozen=True, slots=True)
class Week:
    """One week: its Monday, and the UTC instants between which it lies; the end belongs to the next."""

    monday: date
    starts_at: datetime
    ends_at: datetime


def weeks_until(now: datetime, tz: ZoneInfo, count: int) -> Sequence[Week]:
    """Return so many weeks in order, the last of them the one that runs."""
    today = local_day(now, tz)
    current = today - timedelta(days=today.weekday())
    mondays = [current - timedelta(weeks=back) for back in range(count - 1, -2, -1)]
    starts = [civil(monday, time(), tz) for monday in mondays]
    return [Week(*parts) for parts in zip(mondays[:-1], starts[:-1], starts[1:], strict=True)]
