"""`reminders pause` and `reminders resume`: a closed day, a patient on hold, a stopped series; each with its reason."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.progress import show_progress
from reminders.cli.tables import print_table
from reminders.core.pauses import Pause, PauseKind
from reminders.core.wording import dated_time, many
from reminders.services.pause import DaySession, PauseReport, Subject, list_pauses, pause, resume
from reminders.services.replan_clinic import Replanned

if TYPE_CHECKING:
    from reminders.core.clinics import Clinic

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Pause, resume or list. Raises InputError, or NotFoundError for whom nobody knows."""
    if arguments.kind == "list":
        return _list(arguments, environment)
    subject = Subject(PauseKind(arguments.kind), arguments.name, arguments.clinic)
    is_pause = arguments.command == "pause"

    def watch(report: Replanned) -> None:
        show_progress(report, sys.stderr)

    with opened(arguments, environment) as services:
        services.migrate()
        by = author(arguments.by)
        if is_pause:
            report = pause(services.deps, subject, reason=arguments.reason, by=by, watch=watch)
        else:
            report = resume(services.deps, subject, by=by, watch=watch)
    if arguments.json:
        print(json.dumps(_document(report, is_paused=is_pause), ensure_ascii=False, indent=2))
    elif is_pause:
        _show_pause(report, environment)
    else:
        _show_resume(report)
    return DONE


def _show_pause(report: PauseReport, environment: Mapping[str, str]) -> None:
    item = report.pause
    since = f"since {dated_time(item.made_at, report.clinic.tz)}, by {item.made_by}, because: {item.reason}"
    already = "" if report.is_new else " already"
    print(f"{_state(item.kind, item.subject)}{already}, {since}")
    for line in _effects(report):
        print(line)
    if report.sessions:
        few = "1 session is" if len(report.sessions) == 1 else f"{len(report.sessions)} sessions are"
        print(f"{few} booked on that day:")
        rows = [_session(session) for session in report.sessions]
        print_table(("Start", "Session", "Patient"), rows, environment)


def _state(kind: PauseKind, name: str) -> str:
    match kind:
        case PauseKind.DAY:
            return f"The clinic is closed on {_day(name)}"
        case PauseKind.PATIENT:
            return f"{name} is on hold"
        case PauseKind.SERIES:
            return f"Series {name} is stopped"


def _effects(report: PauseReport) -> list[str]:
    if report.pause.kind is PauseKind.DAY:
        planned = f"{many(report.patients_planned, 'patient')} planned anew, {many(report.moved, 'reminder')} moved"
        missed = f"; {many(report.failed, 'patient')} could not be planned, see the log" if report.failed else ""
        return [planned + missed]
    stopped = report.messages_stopped
    unsent = f"; {many(stopped, 'message')} that had not left {'was' if stopped == 1 else 'were'} stopped"
    return [f"{many(report.stopped, 'reminder')} will not go out{unsent if stopped else ''}"]


def _show_resume(report: PauseReport) -> None:
    item = report.pause
    name = _day(item.subject) if item.kind is PauseKind.DAY else item.subject
    what = {
        PauseKind.DAY: f"The clinic is open again on {name}",
        PauseKind.PATIENT: f"{name} is no longer on hold",
        PauseKind.SERIES: f"Series {name} goes on",
    }
    print(f"{what[item.kind]}; it was paused because: {item.reason}")
    if item.kind is PauseKind.DAY:
        print(*_effects(report))
    else:
        print(f"{many(report.revived, 'reminder')} will go out after all; what is past its use stays unsent")
    for other in report.still:
        print(
            f"{_state(other.kind, other.name)} still: `python3 -m reminders resume {other.kind} {other.name}` ends that"
        )


def _list(arguments: Namespace, environment: Mapping[str, str]) -> int:
    with opened(arguments, environment) as services:
        services.migrate()
        found = list_pauses(services.deps, arguments.clinic, with_ended=arguments.all)
    if arguments.json:
        print(json.dumps([_pause(clinic, item) for clinic, item in found], ensure_ascii=False, indent=2))
    elif found:
        rows = [_row(clinic, item) for clinic, item in found]
        print_table(("What", "Clinic", "Since", "By", "Reason", "Ended"), rows, environment)
    else:
        print("nothing is paused")
    return DONE


def _row(clinic: Clinic, item: Pause) -> tuple[str, ...]:
    ended = f"{dated_time(item.ended_at, clinic.tz)}, by {item.ended_by}" if item.ended_at else ""
    since = dated_time(item.made_at, clinic.tz)
    return f"{item.kind} {item.subject}", clinic.slug, since, item.made_by, item.reason, ended


def _session(item: DaySession) -> tuple[str, ...]:
    return dated_time(item.starts_at, ZoneInfo(item.timezone)), item.external_id, f"{item.name} ({item.patient})"


def _day(iso: str) -> str:
    return date.fromisoformat(iso).strftime("%a %d %b %Y")


def _document(report: PauseReport, *, is_paused: bool) -> dict[str, object]:
    """Return what was done, for programs. Instants are UTC in ISO 8601."""
    return {
        **_pause(report.clinic, report.pause),
        "paused": is_paused,
        "changed": report.is_new,
        "reminders_stopped": report.stopped,
        "reminders_revived": report.revived,
        "reminders_moved": report.moved,
        "messages_stopped": report.messages_stopped,
        "patients_planned": report.patients_planned,
        "patients_failed": report.failed,
        "still_paused": [{"kind": other.kind, "name": other.name} for other in report.still],
        "sessions": [
            {
                "appointment": item.external_id,
                "patient": item.patient,
                "starts_at": item.starts_at.isoformat(),
                "timezone": item.timezone,
            }
            for item in report.sessions
        ],
    }


def _pause(clinic: Clinic, item: Pause) -> dict[str, object]:
    return {
        "kind": item.kind,
        "name": item.subject,
        "clinic": clinic.slug,
        "reason": item.reason,
        "made_by": item.made_by,
        "made_at": item.made_at.isoformat(),
        "ended_by": item.ended_by,
        "ended_at": item.ended_at.isoformat() if item.ended_at else None,
    }
