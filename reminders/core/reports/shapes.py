"""A report as a table: cells that know how they are shown to people, to spreadsheets and to programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from typing_extensions import override

LEAST_FOR_A_SHARE = 5
"""Of fewer than these a share says more than is known, and too much about somebody."""
BOM = "\ufeff"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet would take for a formula (requirement 16), the wide letters that some read alike among them."""
MINUTE, HOUR = 60, 3600
LONG_MINUTES, LONG_HOURS = 2 * MINUTE, 2 * HOUR
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Number:
    """How many."""

    value: int

    @override
    def __str__(self) -> str:
        return str(self.value)

    @property
    def raw(self) -> int:
        """For spreadsheets and programs."""
        return self.value

    @property
    def drawn(self) -> float:
        """How high it stands in a plot."""
        return float(self.value)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole; of a small whole only as numbers."""

    part: int
    whole: int

    @override
    def __str__(self) -> str:
        if not self.whole:
            return NOTHING
        return f"{self.part} of {self.whole}" if self.raw is None else f"{self.raw} %"

    @property
    def raw(self) -> int | None:
        """Hundredths, rounded half up; None of a small whole."""
        return None if self.whole < LEAST_FOR_A_SHARE else (200 * self.part + self.whole) // (2 * self.whole)

    @property
    def drawn(self) -> float | None:
        """How high it stands in a plot."""
        return self.raw


@dataclass(frozen=True, slots=True)
class Span:
    """So many seconds, or none where nothing was measured."""

    seconds: float | None

    @override
    def __str__(self) -> str:
        if self.seconds is None:
            return NOTHING
        if round(self.seconds) < LONG_MINUTES:
            return f"{self.seconds:.0f} s"
        if round(self.seconds) < LONG_HOURS:
            return f"{self.seconds / MINUTE:.0f} min"
        return f"{timedelta(seconds=self.seconds) / timedelta(hours=1):.1f} h"

    @property
    def raw(self) -> int | None:
        """Whole seconds."""
        return None if self.seconds is None else round(self.seconds)

    @property
    def drawn(self) -> float | None:
        """How high it stands in a plot."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Words:
    """Something to read."""

    text: str

    @override
    def __str__(self) -> str:
        return self.text

    @property
    def raw(self) -> str:
        """As it is."""
        return self.text

    @property
    def drawn(self) -> float | None:
        """Words do not stand in a plot."""
        return None


Cell = Number | Share | Span | Words


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is about (a week's Monday in ISO 8601, or a code), and its cells under the report's columns."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Report:
    """One table with how it is counted. `plotted` is the column that is drawn, by week; None for tables of codes."""

    key: str
    title: str
    counted: str
    of: str
    columns: Sequence[str]
    rows: Sequence[Row]
    plotted: str | None = None
    units: dict[str, str] = field(default_factory=dict)
    """What the raw cells of a column are in, where it is not a count."""

    def drawn(self) -> Sequence[float | None]:
        """Return the heights of the plotted column, in the order of the rows."""
        if self.plotted is None:
            return []
        place = list(self.columns).index(self.plotted)
        return [row.cells[place].drawn for row in self.rows]


def to_csv(report: Report, *, has_bom: bool = False) -> str:
    """Return a table as RFC 4180 has it, with headings; numbers are bare, spans in seconds, shares in hundredths.

    No cell can be taken for a formula. `has_bom` is for spreadsheets that do not guess UTF-8 by themselves.
    """
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    units = (report.units.get(name, "") for name in report.columns)
    heads = [f"{name} ({unit})" if unit else name for name, unit in zip(report.columns, units, strict=True)]
    lines.writerow([_safe(cell) for cell in (report.of, *heads)])
    for row in report.rows:
        lines.writerow([_safe("" if raw is None else str(raw)) for raw in (row.name, *(c.raw for c in row.cells))])
    return (BOM if has_bom else "") + out.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(DANGEROUS) else cell
