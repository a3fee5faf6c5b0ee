"""The plot of check-in scores: an SVG made here, of shapes and classes only, readable in print and without colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.check_ins import LEAST, MOST, Thresholds
from reminders.core.wording import StaffClock

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 40, 16, 16, 56
LEAST_SPAN = timedelta(days=2)
NEAREST_LABELS = 56.0
"""Dates closer together than this would run into each other; their ticks stay."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A check-in that left: when it was answered or asked, and the score; None where no number came."""

    at: datetime
    score: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn: check-ins in order of time, the starts of the sessions, and the score they are compared with."""

    asked: Sequence[Asked]
    sessions: Sequence[datetime]
    baseline: int | None
    thresholds: Thresholds


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the plot with what it stands for. A hollow mark has no score."""

    x: float
    y: float
    title: str
    is_hollow: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A session's start; `label` is empty where there is no room for its date."""

    x: float
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line: the baseline or a threshold."""

    y: float
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything the template draws, in the units of its view box. `lines` are broken where an answer is missing."""

    width: int
    height: int
    left: int
    right: float
    bottom: float
    grid: Sequence[tuple[float, int]]
    ticks: Sequence[Tick]
    levels: Sequence[Level]
    lines: Sequence[str]
    marks: Sequence[Mark]
    summary: str


def plot(series: Series, clock: StaffClock) -> Plot | None:
    """Return the drawing of one series; None where nothing was asked yet. Dates are those of `clock`."""
    if not series.asked:
        return None
    times = [*(item.at for item in series.asked), *series.sessions]
    first, last = min(times), max(times)
    if last - first < LEAST_SPAN:
        first, last = first - LEAST_SPAN / 2, last + LEAST_SPAN / 2
    span = last - first

    def across(at: datetime) -> float:
        return round(LEFT + 12 + (WIDTH - LEFT - RIGHT - 24) * ((at - first) / span), 1)

    marks = [_mark(item, across(item.at), clock) for item in series.asked]
    return Plot(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=_up(LEAST),
        grid=[(_up(score), score) for score in range(LEAST, MOST + 1, 2)],
        ticks=_ticks(series.sessions, [across(at) for at in series.sessions], clock),
        levels=_levels(series),
        lines=_lines(marks),
        marks=marks,
        summary=_summary(series),
    )


def _up(score: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (score - LEAST) / (MOST - LEAST), 1)


def _mark(item: Asked, x: float, clock: StaffClock) -> Mark:
    when = clock.dated(item.at)
    title = f"{when}: {item.score} of {MOST}" if item.score is not None else f"{when}: {item.words}"
    return Mark(x, _up(LEAST if item.score is None else item.score), title, is_hollow=item.score is None)


def _ticks(starts: Sequence[datetime], places: Sequence[float], clock: StaffClock) -> list[Tick]:
    found: list[Tick] = []
    free_from = 0.0
    for at, x in zip(starts, places, strict=True):
        has_room = x >= free_from
        free_from = x + NEAREST_LABELS if has_room else free_from
        found.append(Tick(x, clock.date(at) if has_room else "", f"Session, {clock.dated(at)}"))
    return found


def _levels(series: Series) -> list[Level]:
    found = []
    high, jump, first = series.thresholds.high, series.thresholds.jump, series.baseline
    if high is not None:
        found.append(Level(_up(high), f"staff are told from {high}", "threshold"))
    if first is not None:
        found.append(Level(_up(first), f"first score {first}", "baseline"))
        if jump is not None and first + jump <= MOST and (high is None or first + jump < high):
            found.append(Level(_up(first + jump), f"{jump} above the first", "threshold"))
    return found


def _lines(marks: Sequence[Mark]) -> list[str]:
    """Return one run of points for each stretch without a missing answer."""
    runs: list[list[Mark]] = [[]]
    for mark in marks:
        if mark.is_hollow:
            runs.append([])
        else:
            runs[-1].append(mark)
    return [" ".join(f"{mark.x},{mark.y}" for mark in run) for run in runs if len(run) > 1]


def _summary(series: Series) -> str:
    scores = [item.score for item in series.asked if item.score is not None]
    missing = len(series.asked) - len(scores)
    told = f"Scores in order of time: {', '.join(map(str, scores))}." if scores else "No scores yet."
    return told + (f" {missing} without a number." if missing else "")
