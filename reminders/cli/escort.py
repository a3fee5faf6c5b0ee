"""`reminders escort`: record what the person who fetches a patient said about being texted, or show it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.cli.tables import print_table
from reminders.core.errors import InputError
from reminders.core.wording import dated_time
from reminders.services.escort_consent import EscortReport, clinic_named, read_escorts, record_escort_consent

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Record a consent or its end, or show all. Raises InputError or NotFoundError."""
    missing = [name for name in ("phone", "consent", "note") if getattr(arguments, name) is None]
    is_record = len(missing) < len(("phone", "consent", "note"))
    if is_record and missing:
        rule = "--phone, --consent and --note are given together"
        raise InputError([f"--{name}: found nothing; {rule}" for name in missing])
    with opened(arguments, environment) as services:
        services.migrate()
        if is_record:
            clinic = clinic_named(services.deps, arguments.clinic)
            report = record_escort_consent(
                services.deps,
                arguments.patient,
                arguments.clinic,
                services.phone(arguments.phone, clinic.country),
                is_granted=arguments.consent == "yes",
                note=arguments.note,
                by=author(arguments.by),
            )
        else:
            report = read_escorts(services.deps, arguments.patient, arguments.clinic)
    if arguments.json:
        print(json.dumps(_document(report), ensure_ascii=False, indent=2))
    elif is_record:
        _show_recorded(report)
    else:
        _show(report, environment)
    return DONE


def _show_recorded(report: EscortReport) -> None:
    said = report.history[0]
    if not said.is_granted:
        print(f"{said.phone} is not texted about fetching {report.patient}")
        return
    if said.phone not in report.willing:
        print(f"{said.phone} agreed, but opted out by text or cannot be reached: nothing is sent until START comes")
        return
    print(f"{said.phone} may be texted when and where to fetch {report.patient}, and nothing else")
    if report.sessions:
        few = "1 session to come names" if report.sessions == 1 else f"{report.sessions} sessions to come name"
        planned = "1 reminder was" if report.planned == 1 else f"{report.planned} reminders were"
        print(f"{few} this phone; {planned} planned")
    else:
        print("no session to come names this phone as escort_phone; nothing is planned until the schedule does")


def _show(report: EscortReport, environment: Mapping[str, str]) -> None:
    if not report.history:
        print(f"nobody who fetches {report.patient} has been asked yet, so nobody but the patient is texted")
    rows = [
        (
            dated_time(item.recorded_at, report.clinic.tz),
            item.phone,
            "yes" if item.is_granted else "no",
            item.recorded_by,
            item.note,
        )
        for item in report.history
    ]
    print_table(("Recorded", "Phone", "Consent", "By", "Note"), rows, environment)
    if report.history:
        print(f"may be texted now: {', '.join(sorted(report.willing)) or 'nobody'}")


def _document(report: EscortReport) -> dict[str, object]:
    """Return who may be texted and all that was said, for programs. Instants are UTC in ISO 8601."""
    return {
        "patient": report.patient,
        "willing": sorted(report.willing),
        "sessions": report.sessions,
        "planned": report.planned,
        "withdrawn": report.withdrawn,
        "history": [
            {
                "phone": item.phone,
                "consent": item.is_granted,
                "note": item.note,
                "recorded_by": item.recorded_by,
                "recorded_at": item.recorded_at.isoformat(),
            }
            for item in report.history
        ],
    }
