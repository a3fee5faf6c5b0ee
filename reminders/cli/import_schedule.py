"""`reminders import`: show what a schedule changes, then apply it."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from reminders.cli.faults import fault_line
from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.appointments import Booking, Change, ChangeKind
from reminders.core.errors import ScheduleError
from reminders.core.wording import dated_time, many
from reminders.services.sync_schedule import SyncOptions, SyncReport, sync_schedule

DONE, BAD_INPUT = 0, 2
SHOWN = (ChangeKind.MOVED, ChangeKind.CANCELLED)
"""What a person should see row by row: it touches patients who may know otherwise."""


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Import a file. Faults go to standard error, one line each.

    Raises ScheduleError where the file as a whole cannot be read.
    """
    file: Path = arguments.file
    if file.is_dir():
        raise ScheduleError(
            [f"{file}: a folder; name one CSV file (the service itself reads a folder: REMINDERS_SCHEDULE_FILE)"]
        )
    options = SyncOptions(
        is_partial=arguments.partial,
        is_approved=arguments.yes,
        is_announced=arguments.announce,
        is_dry_run=arguments.dry_run,
    )
    with opened(arguments, environment) as services:
        notes = services.prepare()
        try:
            report = sync_schedule(services.deps, services.schedule_source(file), options)
        except ScheduleError as error:
            raise ScheduleError([f"{file}: {fault}" for fault in error.faults]) from None
    for fault in report.faults:
        print(fault_line(file, fault), file=sys.stderr)
    if arguments.json:
        print(json.dumps(to_document(file, report, options), ensure_ascii=False, indent=2))
    else:
        is_refused = bool(report.faults) and not options.is_partial
        _show(report, (*notes, *report.notes), environment, is_refused=is_refused)
    # With --json standard output is for a program; else standard error holds the faults alone, one line each.
    print(_conclusion(report, options), file=sys.stderr if arguments.json else sys.stdout)
    waits = report.waits_for_yes and not (report.is_applied or options.is_dry_run)
    return BAD_INPUT if report.faults or waits else DONE


def _show(report: SyncReport, notes: tuple[str, ...], environment: Mapping[str, str], *, is_refused: bool) -> None:
    for note in notes:
        print(f"note: {note}")
    if is_refused:
        return  # what a faulty file seems to change and to leave out is no news
    print(", ".join(f"{report.count(kind)} {kind}" for kind in ChangeKind))
    shown = [change for kind in SHOWN for change in report.changes if change.kind is kind]
    headings = ("Change", "Appointment", "Patient", "Was", "Becomes")
    print_table(headings, [_row(change) for change in shown], environment)
    for external_id in _missing(report):
        print(f"missing: {external_id} is no longer in the file; it stays booked, and staff get a task to check it")


def _missing(report: SyncReport) -> list[str]:
    """Return what is no longer named; a faulty row may well name it, so a faulty file says nothing about it."""
    return [] if report.faults else report.missing


def _row(change: Change) -> tuple[str, ...]:
    before = _start(change.before.booking) if change.before else ""
    after = "cancelled" if change.kind is ChangeKind.CANCELLED else _start(change.entry.booking)
    return change.kind, change.entry.external_id, change.entry.patient.name, before, after


def _start(booking: Booking) -> str:
    return dated_time(booking.starts_at, booking.tz)


def _conclusion(report: SyncReport, options: SyncOptions) -> str:
    """Return what was done, and what to do where nothing was."""
    rows, faults = many(len(report.changes), "row"), many(len(report.faults), "fault")
    if report.is_applied:
        added, cancelled = many(report.reminders_added, "reminder"), report.reminders_cancelled
        rest = f"; the rows of {faults} were left out" if report.faults else ""
        return f"imported {rows}{rest}; {added} planned, {cancelled} withdrawn"
    if report.faults and not options.is_partial:
        return f"nothing was imported: {faults} (correct them, or import the good rows with --partial)"
    if options.is_dry_run:
        return "nothing was imported, as asked" + ("; it would wait for --yes" if report.waits_for_yes else "")
    return "nothing was imported: this cancels more than 20 % of what is to come; if that is right, add --yes"


def to_document(file: Path, report: SyncReport, options: SyncOptions) -> dict[str, object]:
    """Return the outcome for programs. Instants are UTC in ISO 8601."""
    return {
        "file": str(file),
        "applied": report.is_applied,
        "dry_run": options.is_dry_run,
        "waits_for_yes": report.waits_for_yes and not report.is_applied,
        "counts": {kind.value: report.count(kind) for kind in ChangeKind},
        "changes": [_change(change) for change in report.changes if change.kind is not ChangeKind.UNCHANGED],
        "missing": _missing(report),
        "faults": [asdict(fault) for fault in report.faults],
        "notes": list(report.notes),
        "reminders": {"added": report.reminders_added, "cancelled": report.reminders_cancelled},
    }


def _change(change: Change) -> dict[str, object]:
    before = change.before.booking if change.before else None
    return {
        "kind": change.kind,
        "external_id": change.entry.external_id,
        "patient": change.entry.patient.external_id,
        "starts_at": change.entry.booking.starts_at.isoformat(),
        "started_at_before": before.starts_at.isoformat() if before else None,
        "line": change.entry.line,
    }
