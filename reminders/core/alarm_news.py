"""What is told of alarms, and when: once when one begins, each hour while it lasts, once when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reminders.core.alarms import Alarm, minutes
from reminders.core.wording import many

AGAIN = timedelta(hours=1)
OVER_AFTER = timedelta(seconds=60)
"""One that comes and goes within seconds is one alarm, not many."""


@dataclass(frozen=True, slots=True)
class Told:
    """An alarm that was told; `told_at` is when last, `seen_at` when it last was so. Machine time."""

    alarm: Alarm
    since: datetime
    told_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell now; `after` is what has been told once that succeeded."""

    begun: tuple[Told, ...]
    lasting: tuple[Told, ...]
    over: tuple[Told, ...]
    after: tuple[Told, ...]

    @property
    def is_any(self) -> bool:
        """Say whether there is anything to tell."""
        return bool(self.begun or self.lasting or self.over)


def news(told: Sequence[Told], found: Sequence[Alarm], *, is_blind: bool, machine_now: datetime) -> News:
    """Compare what was told with what is so now.

    `is_blind` says that the database was not seen: then nothing is known to be over. Where nobody can be told, keep
    `told` as it is, and all of it is news again.
    """
    known = {item.alarm.key: item for item in told}
    now = {alarm.key: alarm for alarm in found}
    begun = tuple(Told(alarm, machine_now, machine_now, machine_now) for key, alarm in now.items() if key not in known)
    lasting: list[Told] = []
    quiet: list[Told] = []
    over: list[Told] = []
    for key, item in known.items():
        if key in now:
            is_due = machine_now - item.told_at >= AGAIN
            seen = replace(item, alarm=now[key], seen_at=machine_now)
            (lasting if is_due else quiet).append(replace(seen, told_at=machine_now) if is_due else seen)
        else:
            is_over = not is_blind and machine_now - item.seen_at >= OVER_AFTER
            (over if is_over else quiet).append(item)
    return News(begun, tuple(lasting), tuple(over), (*begun, *lasting, *quiet))


def subject(item: News) -> str:
    """Return the subject of a mail about news."""
    if item.begun:
        extra = len(item.begun) - 1
        more = f" and {extra} more" if extra else ""
        return f"Reminders: {item.begun[0].alarm.code.replace('_', ' ')}{more}"
    if item.lasting:
        return f"Reminders: still wrong ({many(len(item.lasting), 'alarm')})"
    return f"Reminders: {many(len(item.over), 'alarm')} over" if item.after else "Reminders: all is well again"


def text(item: News, *, machine_now: datetime) -> str:
    """Return what a mail about news says."""
    parts = [_part("New", item.begun, machine_now), _part("Still so", item.lasting, machine_now)]
    ended = [f"- {told.alarm.sentence}\n  It was so for {minutes(told.seen_at - told.since)}." for told in item.over]
    parts.append("\n".join(["Over:", *ended]) if ended else "")
    parts.append("`reminders status` shows how things stand, `reminders doctor` looks for causes.")
    return "\n\n".join(filter(None, parts)) + "\n"


def _part(heading: str, items: Sequence[Told], machine_now: datetime) -> str:
    if not items:
        return ""
    lines = [f"{heading}:"]
    for told in items:
        since = machine_now - told.since
        lasts = f" (told {minutes(since)} ago)" if since >= OVER_AFTER else ""
        lines.append(f"- {told.alarm.sentence}{lasts}\n  What to do: {told.alarm.what_to_do}")
    return "\n".join(lines)
