"""`reminders ended`: staff record when a session really ended, and check-ins count from there."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping

from reminders.cli.authors import author
from reminders.cli.opening import opened
from reminders.core.clock_words import clock, moment
from reminders.core.instants import iso
from reminders.core.texts import FALLBACK_LANGUAGE
from reminders.core.windows import local_day
from reminders.core.wording import many
from reminders.services.record_end import EndReport, record_end

DONE = 0


def run(arguments: Namespace, environment: Mapping[str, str]) -> int:
    """Record an end. Raises InputError, or NotFoundError for a session that nobody knows."""
    with opened(arguments, environment) as services:
        services.migrate()
        report = record_end(
            services.deps, arguments.appointment, arguments.clinic, arguments.at, by=author(arguments.by)
        )
    if arguments.json:
        print(json.dumps(_document(report), ensure_ascii=False, indent=2))
    else:
        print(f"{report.appointment.external_id} ended at {_when(report)}{_effects(report)}")
    return DONE


def _when(report: EndReport) -> str:
    """Write the end as the clinic's clock shows it, with its day where that is not the session's own."""
    tz = report.appointment.booking.tz
    is_same_day = local_day(report.ended_at, tz) == local_day(report.appointment.starts_at, tz)
    return (clock if is_same_day else moment)(report.ended_at, tz, FALLBACK_LANGUAGE)


def _effects(report: EndReport) -> str:
    if not report.is_changed:
        return ", as recorded already; nothing changed"
    if not report.has_outcome:
        return "; check-ins are planned once the schedule says that it took place"
    changes = ((report.planned, "planned"), (report.withdrawn, "withdrawn"))
    more = [f"{many(number, 'reminder')} {verb}" for number, verb in changes if number]
    return "; " + ", ".join([f"{many(report.moved, 'check-in')} moved", *more])


def _document(report: EndReport) -> dict[str, object]:
    """Return what was done, for programs. Instants are UTC."""
    item = report.appointment
    return {
        "appointment": item.external_id,
        "clinic": report.clinic.slug,
        "starts_at": iso(item.starts_at),
        "timezone": item.booking.timezone,
        "ended_at": iso(report.ended_at),
        "ended_by": item.ended_by,
        "changed": report.is_changed,
        "outcome_known": report.has_outcome,
        "check_ins_moved": report.moved,
        "planned": report.planned,
        "withdrawn": report.withdrawn,
    }
