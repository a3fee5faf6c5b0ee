"""How far long work has come, counted along where a person looks on."""

from __future__ import annotations

from typing import TextIO

from reminders.services.replan_clinic import Replanned

MANY = 500
"""So many patients are planned anew before anybody wonders what takes so long."""


def show_progress(report: Replanned, stream: TextIO) -> None:
    """Count along on a terminal, on one line that goes away at the end."""
    if not stream.isatty() or report.patients <= MANY:
        return
    line = f"{report.slug}: planning anew, {report.done} of {report.patients} patients"
    is_done = report.done >= report.patients
    print(f"\r{' ' * len(line)}\r" if is_done else f"\r{line}", end="", file=stream, flush=True)
