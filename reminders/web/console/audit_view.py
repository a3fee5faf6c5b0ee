"""What the audit page shows: deeds in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reminders.core.audit import DEED_WORDS
from reminders.services.read_deeds import MOST_LINES, PATIENT, STAFF, DeedLine, DeedPage, DeedQuery
from reminders.web.console.times import Times, When

KINDS = {PATIENT: "patient", STAFF: "person"}


@dataclass(frozen=True, slots=True)
class DeedRow:
    """One line, as it reads."""

    at: When
    by: str
    deed: str
    subject: str
    detail: str
    clinic: str


@dataclass(frozen=True, slots=True)
class AuditView:
    """The page: the filter as it was asked, and the lines."""

    rows: Sequence[DeedRow]
    people: Sequence[tuple[str, str]]
    person: str
    patient: str
    day: str
    more: str


def audit_view(found: DeedPage, query: DeedQuery) -> AuditView:
    """Return the page."""
    times = Times(found.clock)
    return AuditView(
        rows=[_row(line, times) for line in found.lines],
        people=[(str(key), name) for key, name in found.people.items()],
        person=str(query.staff_id or ""),
        patient=query.patient or "",
        day=query.day.isoformat() if query.day else "",
        more=f"The newest {MOST_LINES} are shown; name a day, a person or a patient to see others."
        if found.has_more
        else "",
    )


def _row(line: DeedLine, times: Times) -> DeedRow:
    event = line.event
    kind = (event.about or "").partition(":")[0]
    known = f"{KINDS[kind]} {line.subject}" if kind in KINDS and line.subject else ""
    return DeedRow(
        at=times.dated(event.done_at, line.clock),
        by=event.by,
        deed=DEED_WORDS[event.deed],
        subject=known or kind.replace("_", " "),
        detail=event.detail or "",
        clinic=line.clinic,
    )
