"""Findings: the lines of an examination, and the exit status that they come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reminders.core.examination.codes import EXIT_STATUSES, LOOK_STATUS, Area, Code, Fault, Severity
from reminders.core.examination.faults import FAULTS

ALL_WELL = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what was found; without a code all is well with it."""

    area: Area
    subject: str
    found: str
    code: Code | None = None
    it: str = ""
    """What the hint speaks of: a file, a process, an address."""

    @property
    def fault(self) -> Fault | None:
        """What the table says of it."""
        return None if self.code is None else FAULTS[self.code]

    @property
    def severity(self) -> Severity | None:
        """How bad it is; None where all is well."""
        return None if self.code is None else FAULTS[self.code].severity

    @property
    def hint(self) -> str:
        """The one next thing to do."""
        return "" if self.code is None else FAULTS[self.code].hint.format(it=self.it or self.subject)


def well(area: Area, subject: str, found: str) -> Finding:
    """Return a line without fault."""
    return Finding(area, subject, found)


def faulty(code: Code, subject: str, found: str, it: str = "") -> Finding:
    """Return a line with a fault, in the area of its code."""
    return Finding(FAULTS[code].area, subject, found, code, it)


def judged(code: Code | None, area: Area, subject: str, found: str) -> Finding:
    """Return a line of an area whose fault is this one, or none."""
    return well(area, subject, found) if code is None else faulty(code, subject, found)


def exit_status(findings: Iterable[Finding]) -> int:
    """Return 0 where all is well, the lowest status of the areas where something is broken, else that for a look."""
    faults = [item.fault for item in findings if item.fault is not None]
    broken = [EXIT_STATUSES[fault.area] for fault in faults if fault.severity is Severity.BROKEN]
    return min(broken, default=LOOK_STATUS if faults else ALL_WELL)


def worst(findings: Iterable[Finding]) -> Finding | None:
    """Return where to begin: a finding that decides the exit status; None where all is well."""
    faults = [item for item in findings if item.fault is not None]
    return min(faults, key=_rank, default=None)


def _rank(item: Finding) -> tuple[bool, int]:
    return item.severity is not Severity.BROKEN, EXIT_STATUSES[item.area]
