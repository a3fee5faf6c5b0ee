"""The small plot above a report's table: a bar for each week, of shapes and classes only. The table has every value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reminders.core.reports import Report, Share, Span

WIDTH, HEIGHT = 560, 120
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 14, 24
HUNDREDTHS = 100.0
FILLED = 0.7
MOST_LABELS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """One week. `is_open` while it still runs; `height` 0 where nothing can be drawn."""

    x: float
    y: float
    width: float
    height: float
    title: str
    label: str
    middle: float
    is_open: bool


@dataclass(frozen=True, slots=True)
class BarPlot:
    """Everything the template draws, in the units of its view box."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    most: str
    least: str
    bars: Sequence[Bar]
    title: str


def bar_plot(report: Report) -> BarPlot | None:
    """Return the drawing of a report; None where there is nothing to draw."""
    heights = report.drawn()
    found = [height for height in heights if height is not None]
    if report.plotted is None or not found:
        return None
    place = list(report.columns).index(report.plotted)
    example = report.rows[0].cells[place]
    most = HUNDREDTHS if isinstance(example, Share) else max(*found, 1.0)
    step = (WIDTH - LEFT - RIGHT) / len(heights)
    every = -(-len(heights) // MOST_LABELS)
    bars = []
    for number, (row, height) in enumerate(zip(report.rows, heights, strict=True)):
        tall = (HEIGHT - TOP - BOTTOM) * (height or 0) / most
        week = day(row.name)
        bars.append(
            Bar(
                x=round(LEFT + step * (number + (1 - FILLED) / 2), 1),
                y=round(HEIGHT - BOTTOM - tall, 1),
                width=round(step * FILLED, 1),
                height=round(tall, 1),
                title=f"Week of {week}: {row.cells[place]}",
                label=week if (len(heights) - 1 - number) % every == 0 else "",
                middle=round(LEFT + step * (number + 0.5), 1),
                is_open=number == len(heights) - 1,
            )
        )
    return BarPlot(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        most=_scale(most, example),
        least="0",
        bars=bars,
        title=f"{report.title}: {report.plotted.lower()}, by week",
    )


def day(iso: str) -> str:
    """Write a Monday as it stands in a table: '8 Mar'."""
    on = date.fromisoformat(iso)
    return f"{on.day} {on:%b}"


def _scale(most: float, example: object) -> str:
    if isinstance(example, Share):
        return f"{most:.0f} %"
    return str(Span(most)) if isinstance(example, Span) else f"{most:.0f}"
