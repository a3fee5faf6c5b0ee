"""What the audit page shows: deeds in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from reminders.core.audit import DEED_WORDS
from reminders.core.wording import dated_time
from reminders.services.read_deeds import MOST_LINES, PATIENT, STAFF, DeedLine, DeedPage, DeedQuery

KINDS = {PATIENT: "patient", STAFF: "person"}


@dataclass(frozen=True, slots=True)
class DeedRow:
    """One line, as it reads."""

    at: str
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
    return AuditView(
        rows=[_row(line) for line in found.lines],
        people=[(str(key), name) for key, name in found.people.items()],
        person=str(query.staff_id or ""),
        patient=query.patient or "",
        day=query.day.isoformat() if query.day else "",
        more=f"The newest {MOST_LINES} are shown; name a day, a person or a patient to see others."
        if found.has_more
        else "",
    )


def _row(line: DeedLine) -> DeedRow:
    event = line.event
    kind = (event.about or "").partition(":")[0]
    known = f"{KINDS[kind]} {line.subject}" if kind in KINDS and line.subject else ""
    return DeedRow(
        at=dated_time(event.done_at, ZoneInfo(line.timezone)),
        by=event.by,
        deed=DEED_WORDS[event.deed],
        subject=known or kind.replace("_", " "),
        detail=event.detail or "",
        clinic=line.clinic,
    )
