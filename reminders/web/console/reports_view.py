"""What the page of reports shows: each table with its plot, and which clinic and how many weeks can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reminders.core.reports import SPANS, Report, Words
from reminders.services.read_report import ReportReading
from reminders.web.console.report_plot import BarPlot, bar_plot, day


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its heading, and its cells with whether they are words."""

    name: str
    cells: Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Section:
    """One report."""

    key: str
    title: str
    counted: str
    of: str
    columns: Sequence[tuple[str, bool]]
    lines: Sequence[Line]
    plot: BarPlot | None


@dataclass(frozen=True, slots=True)
class ReportsView:
    """The page. `switch` names the clinics to choose from, empty where there is one only."""

    clinic: str
    slug: str
    zone: str
    weeks: int
    spans: Sequence[int]
    switch: Sequence[tuple[str, str]]
    sections: Sequence[Section]


def reports_view(found: ReportReading) -> ReportsView:
    """Return the page."""
    return ReportsView(
        clinic=found.clinic.sender,
        slug=found.clinic.slug,
        zone=found.clinic.timezone,
        weeks=len(found.weeks),
        spans=SPANS,
        switch=[(item.slug, item.sender) for item in found.every] if len(found.every) > 1 else [],
        sections=[_section(report) for report in found.reports],
    )


def _section(report: Report) -> Section:
    is_weekly = report.plotted is not None
    lines = [
        Line(day(row.name) if is_weekly else row.name, [(str(cell), isinstance(cell, Words)) for cell in row.cells])
        for row in reversed(report.rows)
    ]
    if not is_weekly:
        lines.reverse()
    elif lines:
        lines[0] = Line(f"{lines[0].name}, so far", lines[0].cells)
    words = [is_words for _, is_words in lines[0].cells] if lines else [False] * len(report.columns)
    return Section(
        key=report.key,
        title=report.title,
        counted=report.counted,
        of=report.of,
        columns=list(zip(report.columns, words, strict=True)),
        lines=lines,
        plot=bar_plot(report),
    )
