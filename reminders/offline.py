"""The composition root of what needs no installation: no database, no broker, no provider is even imported."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

from reminders.adapters.clinic_files import read_clinic_files
from reminders.adapters.schedule_csv import CsvDefaults, CsvScheduleSource
from reminders.adapters.system_clock import SystemClock
from reminders.core.clinic_document import BUILT_IN, read_clinic
from reminders.core.ids import ClinicId
from reminders.services.preview_schedule import Preview, preview_schedule, read_clinics


def preview_file(
    schedule: Path, clinic_source: Path | None, *, now: datetime | None, days: int | None, marks_crowded: bool
) -> Preview:
    """Plan a schedule file with the clinics of a file or folder, else with the built-in one; nothing else is read.

    Raises ScheduleError where the schedule cannot be read, ClinicFileError where a clinic file has faults.
    """
    documents = read_clinic_files(clinic_source) if clinic_source is not None else []
    known = {clinic.slug: clinic for clinic in read_clinics(documents)}
    clinic = next(iter(known.values()), None) or read_clinic(BUILT_IN, clinic_id=ClinicId(UUID(int=0)))
    source = CsvScheduleSource(schedule, CsvDefaults(clinic.timezone, clinic.language, clinic.country, clinics=known))
    return preview_schedule(
        source, clinic, known, now=now or SystemClock().now(), days=days, marks_crowded=marks_crowded
    )
