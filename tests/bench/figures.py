"""A figure: ours beside a limit that was measured in the same round, as a ratio with its range.

The machine has quiet and loud minutes, so only what was measured side by side is compared, and the ratio is formed
for each round by itself. Where the limit alone varied by more than two, the run says `noisy` and judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

MOST_SPREAD = 2.0
"""The limit's slowest round may be so many times its fastest; beyond that the machine was too loud to judge by."""


class Verdict(StrEnum):
    """What a figure says. `told` is one that no bar is set for: a peer, or a count for orientation."""

    GOOD = "good"
    MISSED = "missed"
    NOISY = "noisy"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, round by round.

    `limit` is empty where a figure stands for itself (a latency, a size). `at_least` or `at_most` is the bar: of the
    ratio where there is a limit, else of the figure. `notes` are counts worth a look; a `fault` (a message lost or sent
    twice) makes the figure missed whatever it measured.
    """

    part: str
    name: str
    unit: str
    ours: Sequence[float]
    limit: Sequence[float] = ()
    against: str = ""
    at_least: float | None = None
    at_most: float | None = None
    notes: Mapping[str, float | str] = field(default_factory=dict)
    fault: str = ""

    @property
    def ratios(self) -> Sequence[float]:
        """Return ours to the limit, for each round."""
        return [mine / other for mine, other in zip(self.ours, self.limit, strict=True)] if self.limit else []

    @property
    def judged(self) -> float:
        """Return what the bar is held to: the median of the ratios, or of the figure itself."""
        return median(self.ratios or self.ours)

    @property
    def is_noisy(self) -> bool:
        """Say whether the limit varied too much to compare with."""
        return bool(self.limit) and max(self.limit) > MOST_SPREAD * min(self.limit)

    @property
    def verdict(self) -> Verdict:
        """Judge."""
        if self.fault:
            return Verdict.MISSED
        if self.at_least is None and self.at_most is None:
            return Verdict.TOLD
        if self.is_noisy:
            return Verdict.NOISY
        is_low = self.at_least is not None and self.judged < self.at_least
        is_high = self.at_most is not None and self.judged > self.at_most
        return Verdict.MISSED if is_low or is_high else Verdict.GOOD

    @property
    def document(self) -> Mapping[str, object]:
        """Return it for a program."""
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "ours": list(self.ours),
            "limit": list(self.limit),
            "against": self.against,
            "ratios": list(self.ratios),
            "judged": self.judged,
            "at_least": self.at_least,
            "at_most": self.at_most,
            "notes": dict(self.notes),
            "fault": self.fault,
            "verdict": self.verdict.value,
        }


HEADINGS = ("part", "what", "ours (range)", "limit (range)", "ratio (range)", "bar", "")


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table for people, with what was counted below."""
    rows = [HEADINGS, *(_row(item) for item in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = [f"{item.part} {item.name}: {_told(item)}" for item in figures if item.notes or item.fault]
    return "\n".join([*lines, "", *told]).rstrip()


def _row(item: Figure) -> tuple[str, ...]:
    bar = (
        f">= {item.at_least:g}"
        if item.at_least is not None
        else f"<= {item.at_most:g}"
        if item.at_most is not None
        else ""
    )
    limit = f"{_range(item.limit)} {item.against}" if item.limit else ""
    return (
        item.part,
        item.name,
        f"{_range(item.ours)} {item.unit}",
        limit,
        _range(item.ratios) if item.limit else "",
        bar,
        item.verdict.value,
    )


def _range(values: Sequence[float]) -> str:
    middle = _short(median(values))
    return middle if len(values) == 1 else f"{middle} ({_short(min(values))}-{_short(max(values))})"


def _short(value: float) -> str:
    """Three digits that count: 12,345 and 0.123 are as exact as these figures get."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _told(item: Figure) -> str:
    said = ", ".join(
        f"{name} {_short(value) if isinstance(value, float | int) else value}" for name, value in item.notes.items()
    )
    return "; ".join(part for part in (item.fault and f"FAULT: {item.fault}", said) if part)
