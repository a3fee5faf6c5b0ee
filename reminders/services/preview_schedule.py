"""Preview: what a schedule leads to, worked out from its file alone. Nothing is stored and nothing is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from reminders.core.appointments import ScheduleEntry
from reminders.core.clinic_document import read_clinic
from reminders.core.clinics import Clinic
from reminders.core.crowding import within_caps
from reminders.core.errors import ClinicFileError
from reminders.core.foresight import Touch, foresee_schedule
from reminders.core.ids import ClinicId
from reminders.ports import Fault, ScheduleSource


@dataclass(frozen=True, slots=True)
class Preview:
    """The touches that fall due in the asked-for time, in order, and what is wrong with the file."""

    touches: tuple[Touch, ...]
    crowded: frozenset[str]
    """What the caps would hold back or leave out if all of it were sent, written APPOINTMENT/step, where asked for."""
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def read_clinics(documents: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Clinic]:
    """Return the clinics of documents, each with its file's name. Raises ClinicFileError with every fault."""
    found: list[Clinic] = []
    faults: list[str] = []
    for place, (name, document) in enumerate(documents):
        try:
            found.append(read_clinic(document, clinic_id=ClinicId(UUID(int=place))))
        except ClinicFileError as error:
            faults += [f"{name}: {fault}" for fault in error.faults]
    if faults:
        raise ClinicFileError(faults)
    return found


def preview_schedule(
    source: ScheduleSource,
    clinic: Clinic,
    known: Mapping[str, Clinic],
    *,
    now: datetime,
    days: int | None,
    marks_crowded: bool = True,
) -> Preview:
    """Return what falls due in [now, now + days), or ever where no days are given.

    Rows are planned as the clinic of `known` that they name; where none is known, all as `clinic`. Raises ScheduleError
    where the file as a whole cannot be read.
    """
    reading = source.fetch()
    by_slug: dict[str | None, list[ScheduleEntry]] = {}
    for slug, entry in reading.entries:
        by_slug.setdefault(slug, []).append(entry)
    touches: list[Touch] = []
    crowded: set[str] = set()
    for slug, entries in by_slug.items():
        own = known.get(slug or "", clinic)
        planned = foresee_schedule(own, entries, now=now)
        touches += planned
        if marks_crowded:
            crowded |= {touch.name for touch in set(within_caps(own, planned)).difference(planned)}
    until = None if days is None else now + timedelta(days=days)
    shown = [item for item in touches if now <= item.due_at and (until is None or item.due_at < until)]
    shown.sort(key=lambda item: (item.due_at, item.entry.external_id, item.step))
    return Preview(tuple(shown), frozenset(crowded), reading.faults, reading.notes)
