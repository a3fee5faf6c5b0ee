"""Check-ins: the 0 to 10 answer to our question after a session, and when it concerns staff.

No number here is advice: thresholds are the clinic's, a line through a series is for a clinician to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from reminders.core.ids import AppointmentId

NUDGE = "checkin_nudge"
"""The kind of the message that asks a second time."""
LEAST, MOST = 0, 10
SPAN_WITHOUT_SERIES = timedelta(days=90)
"""Without a series, scores are compared with the patient's first one in so long a time."""
LEAST_AFTER_NUDGE = timedelta(hours=1)
"""With less time left to answer than this, nobody is asked again."""
MOST_TIMES_UNCLEAR = 1
"""So often words without a score are answered with a wish for one number; then a person reads them."""


class Concern(StrEnum):
    """Why staff are to be told at once."""

    RED_FLAG = "red_flag"
    """Words that a clinician put on the list (domain A5)."""
    IDIOM = "idiom"
    """Words that are usually a figure of speech, at a clinic that wants to hear of them all the same."""
    HIGH_SCORE = "high_score"
    JUMP = "jump"
    """The score rose by more than the clinic allows since the series' baseline."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which score, and from which rise above the baseline, staff are told at once; None switches one off."""

    high: int | None = 8
    jump: int | None = 3


@dataclass(frozen=True, slots=True)
class CheckInRules:
    """What a clinic decides about check-ins. `nudge_after` None asks nobody twice."""

    thresholds: Thresholds = Thresholds()
    nudge_after: timedelta | None = timedelta(hours=6)


DEFAULT_RULES = CheckInRules()


@dataclass(frozen=True, slots=True)
class Misread:
    """What an answer was read as before a person read it otherwise: `score` is the wrong one, None for mere words."""

    score: int | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckIn:
    """An answer as it holds: the patient's exact words, and the score where they are one. Instants are UTC."""

    appointment_id: AppointmentId
    series_id: str | None
    score: int | None
    words: str
    asked_at: datetime | None
    answered_at: datetime
    corrected: Misread | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A score beside the one that it is compared with; both baseline and change are None for a first score."""

    baseline: int | None
    change: int | None


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """When a session ended, and its number in its series, None where the schedule gives none."""

    number: int | None
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Point:
    """A place on a series' line: after which session, how many hours after its end, and the score."""

    session: int
    hours_after: int
    score: int


def is_score(found: int | None) -> bool:
    """Say whether this answers the question; words alone leave it open."""
    return found is not None and LEAST <= found <= MOST


def asks_once_more(times_unclear: int) -> bool:
    """Say whether words without a score are answered with a wish for one number.

    `times_unclear` counts the answers without a score to this question, this one included.
    """
    return 0 < times_unclear <= MOST_TIMES_UNCLEAR


def baseline(earlier: Sequence[CheckIn], *, series_id: str | None, at: datetime) -> int | None:
    """Return the score to compare with: the series' first, or without a series the patient's first in 90 days.

    `earlier` are the patient's answers before this one, in order of time. None where this is the first score itself.
    """
    return next((item.score for item in earlier if item.score is not None and _is_beside(item, series_id, at)), None)


def _is_beside(item: CheckIn, series_id: str | None, at: datetime) -> bool:
    return item.series_id == series_id if series_id is not None else item.answered_at >= at - SPAN_WITHOUT_SERIES


def judge(score: int, first: int | None, thresholds: Thresholds) -> Concern | None:
    """Say whether a score concerns staff at once: high in itself, or risen from the baseline by so much."""
    if thresholds.high is not None and score >= thresholds.high:
        return Concern.HIGH_SCORE
    if thresholds.jump is not None and first is not None and score - first >= thresholds.jump:
        return Concern.JUMP
    return None


def changes(every: Sequence[CheckIn]) -> list[Change]:
    """Return for each of a patient's answers, in order of time, what it is compared with and by how much it differs."""
    return [_change(item, every[:place]) for place, item in enumerate(every)]


def _change(item: CheckIn, earlier: Sequence[CheckIn]) -> Change:
    if item.score is None:
        return Change(None, None)
    first = baseline(earlier, series_id=item.series_id, at=item.answered_at)
    return Change(first, None if first is None else item.score - first)


def may_nudge(left_at: datetime, expires_at: datetime, rules: CheckInRules, *, opens_at: datetime | None) -> bool:
    """Say whether a question that left at `left_at` may be asked once more at `opens_at`, when we may write next.

    Not so soon that the patient had no time, nor so late that the answer would hardly count; `opens_at` is None where
    the clinic never writes.
    """
    if rules.nudge_after is None or opens_at is None:
        return False
    return left_at + rules.nudge_after <= opens_at <= expires_at - LEAST_AFTER_NUDGE


def nudge_key(question_id: UUID) -> str:
    """Return the request key of a question's nudge: there is never a second one."""
    return f"{NUDGE}:{question_id}"


def trend(answers: Iterable[CheckIn], ends: Mapping[AppointmentId, SessionEnd]) -> dict[str | None, list[Point]]:
    """Return the line of each series, by its id, in order of time; under None that of sessions without a series.

    A session without a number gets its place among those of its series that were answered.
    """
    found: dict[str | None, list[CheckIn]] = {}
    for item in answers:
        if item.score is not None:
            found.setdefault(item.series_id, []).append(item)
    return {series_id: _line(items, ends) for series_id, items in found.items()}


def _line(items: Sequence[CheckIn], ends: Mapping[AppointmentId, SessionEnd]) -> list[Point]:
    in_order = sorted({item.appointment_id for item in items}, key=lambda key: ends[key].ended_at)
    numbers = {key: ends[key].number or place for place, key in enumerate(in_order, start=1)}
    found = []
    for item in sorted(items, key=lambda item: item.answered_at):
        if item.score is not None:
            late = hours_after(ends[item.appointment_id].ended_at, item.answered_at)
            found.append(Point(numbers[item.appointment_id], late, item.score))
    return found


def in_words(change: int) -> str:
    """Write how a score compares with the first: '2 above', '3 below', 'the same as'."""
    if change == 0:
        return "the same as"
    return f"{abs(change)} {'above' if change > 0 else 'below'}"


def hours_after(end: datetime, at: datetime) -> int:
    """Return how many whole hours after a session's end something was."""
    return max(0, round((at - end) / timedelta(hours=1)))
