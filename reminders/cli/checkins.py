"""`reminders checkins`: what a patient answered after each session, beside the first score, and the line it makes."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter

from reminders.cli.opening import opened
from reminders.cli.tables import BOLD, paint, print_table
from reminders.core.check_ins import MOST, Change, CheckIn, Point
from reminders.core.ids import AppointmentId
from reminders.core.instants import iso
from reminders.core.wording import day_and_time
from reminders.services.read_check_ins import CheckInReport, read_check_ins

DONE = 0
HEADINGS = ("Session", "Asked", "Answered", "Score", "Change", "Words")
FULL, EMPTY = "\N{FULL BLOCK}", "\N{MIDDLE DOT}"


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Show them, for people or with `--json` for programs. Raises NotFoundError or InputError."""
    with opened(arguments, environment) as services:
        services.migrate()
        report = read_check_ins(services.deps, arguments.patient, arguments.clinic)
    if arguments.json:
        print(json.dumps(to_document(report), ensure_ascii=False, indent=2))
    else:
        show(report, environment)
    return DONE


def to_document(report: CheckInReport) -> dict[str, object]:
    """Return everything for programs. Instants are UTC in ISO 8601."""
    return {
        "patient": report.patient,
        "clinic": report.clinic.slug,
        "answers": [_answer(item, change, report) for item, change in report.answers],
        "unanswered": [
            {
                "appointment": report.sessions[item.appointment_id].external_id,
                "asked_at": iso(item.asked_at),
                "expires_at": iso(item.expires_at),
                "is_over": item.expires_at <= report.now,
            }
            for item in report.unanswered
        ],
        "series": [
            {
                "series_id": series_id,
                "points": [
                    {"session": point.session, "hours_after": point.hours_after, "score": point.score}
                    for point in points
                ],
            }
            for series_id, points in report.lines.items()
        ],
    }


def _answer(item: CheckIn, change: Change, report: CheckInReport) -> dict[str, object]:
    return {
        "appointment": report.sessions[item.appointment_id].external_id,
        "series_id": item.series_id,
        "asked_at": iso(item.asked_at) if item.asked_at is not None else None,
        "answered_at": iso(item.answered_at),
        "score": item.score,
        "baseline": change.baseline,
        "change": change.change,
        "words": item.words,
    }


def show(report: CheckInReport, environment: Mapping[str, str]) -> None:
    """Print the table, and below it the line of each series."""
    print(paint(f"Check-ins of {report.name} ({report.patient})", BOLD, environment))
    print(f"{report.clinic.sender}; times are those of {report.clinic.timezone}\n")
    if not report.answers and not report.unanswered:
        print("nothing was asked after a session yet")
        return
    print_table(HEADINGS, rows(report), environment)
    for series_id, points in report.lines.items():
        name = f"series {series_id}" if series_id is not None else "sessions without a series"
        print(f"\n{paint(f'Pain, 0 to {MOST}: {name}', BOLD, environment)}")
        print("\n".join(plot(points)))


def rows(report: CheckInReport) -> list[tuple[str, ...]]:
    """Return answers and silences as lines of the table, in the order in which they were asked."""
    found = [(item.asked_at or item.answered_at, _answered(item, change, report)) for item, change in report.answers]
    for silence in report.unanswered:
        state = "not answered" if silence.expires_at <= report.now else f"open until {_at(silence.expires_at, report)}"
        session = _session(silence.appointment_id, report)
        found.append((silence.asked_at, (session, _at(silence.asked_at, report), state, "", "", "")))
    return [row for _, row in sorted(found, key=itemgetter(0))]


def _answered(item: CheckIn, change: Change, report: CheckInReport) -> tuple[str, ...]:
    return (
        _session(item.appointment_id, report),
        _at(item.asked_at, report) if item.asked_at is not None else "",
        _at(item.answered_at, report),
        "\N{EN DASH}" if item.score is None else str(item.score),
        _change(change) if item.score is not None else "",
        f"\N{LEFT DOUBLE QUOTATION MARK}{item.words}\N{RIGHT DOUBLE QUOTATION MARK}",
    )


def _session(key: AppointmentId, report: CheckInReport) -> str:
    session = report.sessions[key]
    number = session.booking.series_number
    return session.external_id + (f" (no. {number})" if number is not None else "")


def _at(at: datetime, report: CheckInReport) -> str:
    return day_and_time(at, report.clinic.tz)


def _change(change: Change) -> str:
    if change.change is None:
        return "first"
    return f"{change.change:+d}" if change.change else "0"


def plot(points: Sequence[Point]) -> Iterator[str]:
    """Draw a series as bars, one line for each answer: which session, how long after it, and how bad."""
    wide = max(len(str(point.session)) for point in points)
    late = max(len(str(point.hours_after)) for point in points)
    for point in points:
        bar = FULL * point.score + EMPTY * (MOST - point.score)
        yield f"  no. {point.session:>{wide}}  +{point.hours_after:>{late}} h  {bar}  {point.score}"
