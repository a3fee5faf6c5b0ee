"""What every experiment shares: its options, its report, and seeds that are not run twice."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.checker import Verdict


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; None leaves the choice to the experiment."""

    folder: Path
    seed: int | None = None
    seeds: int | None = None
    reminders: int | None = None
    kills: int | None = None
    database: str = "postgres"
    strategy: str = "intent_first"
    is_quick: bool = False
    is_forked: bool = False

    def all_seeds(self, usual: int) -> Sequence[int]:
        """Return the seeds to run: the one that is named, or so many from 1 on."""
        if self.seed is not None:
            return [self.seed]
        return range(1, (self.seeds or (1 if self.is_quick else usual)) + 1)


@dataclass(frozen=True, slots=True)
class Report:
    """What one seed of an experiment showed. `kills` counts kills or other events; `figures` are its own measures.

    `faults` are breaches of a pass line that the three logs do not show, such as a recovery that took too long.
    """

    experiment: str
    seed: int
    verdict: Verdict
    kills: int = 0
    seconds: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)
    faults: Sequence[str] = ()

    @property
    def is_good(self) -> bool:
        """Say whether the experiment passed."""
        return self.verdict.is_good and not self.faults

    @property
    def text(self) -> str:
        """The report for people."""
        head = f"{self.experiment} seed {self.seed}: {self.verdict.line}, kills {self.kills}, {self.seconds:.0f} s"
        figures = ", ".join(f"{name} {value}" for name, value in self.figures.items())
        ends = ", ".join(f"{state} {number}" for state, number in sorted(self.verdict.ends.items()))
        lines = [head, f"ends: {ends}; left to staff {self.verdict.left_to_staff}", *([figures] if figures else [])]
        return "\n  ".join([*lines, *self.faults, *self.verdict.faults])

    def document(self) -> dict[str, Any]:
        """Return the report for programs."""
        found = asdict(self)
        found["verdict"]["is_good"] = self.verdict.is_good
        return {**found, "line": self.verdict.line, "is_good": self.is_good}


Experiment = Callable[[Options], Sequence[Report]]


def kept(path: Path, run: Callable[[], Report]) -> Report:
    """Return the report kept in a file, or run and keep it there: what was interrupted goes on where it was."""
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        verdict = found.pop("verdict")
        del verdict["is_good"], found["line"], found["is_good"]
        report = Report(**{**found, "verdict": Verdict(**verdict)})
        tell(f"{path.name} is there and not run again")
    else:
        report = run()
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(report.document(), indent=2, default=str), encoding="utf-8")
        draft.replace(path)
    return report


def tell(words: str) -> None:
    """Show progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()


def table(reports: Sequence[Report]) -> str:
    """Return all reports as one table with a sum."""
    names = ("experiment", "seed", "planned", "terminal", "lost", "dup", "unavoidable", "staff", "kills", "seconds", "")
    rows = [[report.experiment, str(report.seed), *map(str, _numbers(report)), _word(report)] for report in reports]
    sums = [sum(column) for column in zip(*(_numbers(report) for report in reports), strict=True)]
    rows.append(["all", "", *map(str, sums), "good" if all(report.is_good for report in reports) else "BAD"])
    widths = [max(len(row[place]) for row in [list(names), *rows]) for place in range(len(names))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [list(names), *rows]
    )


def _numbers(report: Report) -> tuple[int, ...]:
    verdict = report.verdict
    doubles = (verdict.duplicates, len(verdict.unavoidable))
    ends = (verdict.planned, verdict.terminal, len(verdict.lost))
    return *ends, *doubles, verdict.left_to_staff, report.kills, round(report.seconds)


def _word(report: Report) -> str:
    return "good" if report.is_good else "BAD"
