"""The plan as a picture: a line from booking to the next booking, its touches in order, as SVG made on the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from reminders.core.cadences import Anchor, Cadence, Elapsed, Offset, Phase, Step, anchors, instant
from reminders.core.labels import title
from reminders.core.patients import Recipient
from reminders.core.plan_words import ASKS, channel_words, due_words, is_used
from reminders.core.wording import many, time_of_day

WIDTH, ROW, TOP = 456, 46, 26
SESSION = datetime(2027, 6, 16, 12, tzinfo=UTC)
BOOKED_AHEAD = timedelta(days=60)
LENGTH = timedelta(hours=1)
ZONE = ZoneInfo("Etc/UTC")
NEVER = SESSION + timedelta(days=400)
HOUR = timedelta(hours=1)
SHORT: Mapping[Anchor, tuple[str, str]] = {
    Anchor.VERSION: ("at once", "booking"),
    Anchor.START: ("at its start", "it"),
    Anchor.ARRIVAL: ("at arrival", "arrival"),
    Anchor.FASTING: ("as the fast begins", "the fast"),
    Anchor.END: ("at its end", "its end"),
    Anchor.DUE: ("at its time", "its time"),
}


@dataclass(frozen=True, slots=True)
class Touch:
    """A message of the plan on the line."""

    y: int
    when: str
    name: str
    words: str
    is_on: bool
    asks: bool
    is_to_escort: bool
    whole: str


@dataclass(frozen=True, slots=True)
class Post:
    """What the line passes: the booking, the session and its end."""

    y: int
    name: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The line with everything on it."""

    width: int
    height: int
    posts: tuple[Post, ...]
    touches: tuple[Touch, ...]
    summary: str


def in_order(cadence: Cadence) -> list[Step]:
    """Return the steps of a cadence in the order in which they come, for a session at noon."""
    return sorted(cadence.steps, key=lambda step: (_at(step, cadence), step.rank))


def picture(cadence: Cadence, language: str) -> Picture:
    """Return the picture of a cadence, with times as a clinic of this language writes them."""
    rows: list[Step | str] = ["Booked"]
    for step in in_order(cadence):
        at = _at(step, cadence)
        if "Session" not in rows and at >= SESSION:
            rows.append("Session")
        if "Session ends" not in rows and at > SESSION + LENGTH:
            rows += ["Session"] * ("Session" not in rows) + ["Session ends"]
        rows.append(step)
    rows += [name for name in ("Session", "Session ends") if name not in rows]
    placed = [(TOP + place * ROW, row) for place, row in enumerate(rows)]
    used = sum(is_used(step, cadence) for step in cadence.steps)
    return Picture(
        width=WIDTH,
        height=TOP + len(rows) * ROW - ROW // 2,
        posts=tuple(Post(y, row) for y, row in placed if isinstance(row, str)),
        touches=tuple(_touch(y, row, cadence, language) for y, row in placed if isinstance(row, Step)),
        summary=f"{many(used, 'message')} from booking to the next booking, {len(cadence.steps) - used} switched off.",
    )


def _at(step: Step, cadence: Cadence) -> datetime:
    base = anchors(SESSION, LENGTH, cadence, versioned_at=SESSION - BOOKED_AHEAD, ended_at=SESSION + LENGTH)
    if step.phase is Phase.REBOOK:
        weeks = cadence.rebook_weeks
        return NEVER if weeks is None else SESSION + timedelta(weeks=weeks)
    return instant(step.due, base, ZONE)


def _touch(y: int, step: Step, cadence: Cadence, language: str) -> Touch:
    is_on, is_to_escort = is_used(step, cadence), step.recipient is Recipient.ESCORT
    words = [channel_words(step), *(["to who fetches them"] if is_to_escort else []), *([] if is_on else ["off"])]
    return Touch(
        y=y,
        when=_when(step, cadence, language),
        name=title(step.key),
        words=", ".join(words),
        is_on=is_on,
        asks=step.asks is not None,
        is_to_escort=is_to_escort,
        whole=f"{title(step.key)}: {due_words(step, cadence, language)}; {', '.join(words)}; {ASKS[step.asks]}",
    )


def _when(step: Step, cadence: Cadence, language: str) -> str:
    if step.phase is Phase.REBOOK:
        return "no weeks set" if cadence.rebook_weeks is None else f"{many(cadence.rebook_weeks, 'week')} after"
    return _short(step.due, language)


def _short(due: Offset, language: str) -> str:
    whole, behind = SHORT[due.anchor]
    if isinstance(due, Elapsed):
        if not due.by:
            return whole
        hours = f"{abs(due.by) / HOUR:g} h {'before' if due.by < timedelta(0) else 'after'}"
        return hours if due.anchor in {Anchor.START, Anchor.END} else f"{hours} {behind}"
    days = "same day" if not due.days else f"{many(abs(due.days), 'day')} {'before' if due.days < 0 else 'after'}"
    return f"{days}, {time_of_day(due.at, language)}"
