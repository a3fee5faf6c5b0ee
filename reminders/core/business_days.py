"""Business days: until when an opt-out that reached the clinic by another way than a text must be honoured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reminders.core.windows import civil

HONOURED_WITHIN = 10
"""Business days (47 CFR 64.1200(a)(10)); the clinic's own closures do not prolong it, legal holidays do."""
HURRIES_WITHIN = 2
"""So many business days before its deadline a request that is still open becomes urgent."""
CLOSES = time(17)
"""When a business day ends, in the clinic's zone."""
MOST_DAYS = 100
"""No calendar has so many days in a row on which nobody works: one that says so does not move a deadline away."""

IsBusinessDay = Callable[[date], bool]


def deadline(asked_on: date, is_business_day: IsBusinessDay) -> date:
    """Return the last day on which a request may be honoured that somebody made on a day; that day counts as none."""
    return _counted(asked_on, HONOURED_WITHIN, timedelta(days=1), is_business_day)


def hurries_on(due_on: date, is_business_day: IsBusinessDay) -> date:
    """Return the day from which a request that is due on a day should come before other work."""
    return _counted(due_on, HURRIES_WITHIN, timedelta(days=-1), is_business_day)


def end_of(on: date, tz: ZoneInfo) -> datetime:
    """Return the UTC instant at which a business day ends."""
    return civil(on, CLOSES, tz)


def _counted(start: date, count: int, step: timedelta, is_business_day: IsBusinessDay) -> date:
    found = [on for _, on in zip(range(count), _business_days(start, step, is_business_day), strict=False)]
    return found[-1] if len(found) == count else start + count * step


def _business_days(start: date, step: timedelta, is_business_day: IsBusinessDay) -> Iterator[date]:
    return (on for on in (start + number * step for number in range(1, MOST_DAYS)) if is_business_day(on))
