"""How a fault of a file is written for people and editors."""

from __future__ import annotations

from pathlib import Path

from reminders.ports import Fault


def fault_line(file: Path, fault: Fault) -> str:
    """Return one fault as editors and people find it: `FILE:LINE: column: what was found; what is wanted`."""
    column = f"{fault.column}: " if fault.column else ""
    return f"{file}:{fault.line}: {column}{fault.found}; {fault.wanted}"
