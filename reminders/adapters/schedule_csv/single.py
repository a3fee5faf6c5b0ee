"""One entry that a program hands over, read by the same rules as a row of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reminders.adapters.schedule_csv.defaults import CsvDefaults
from reminders.adapters.schedule_csv.rows import PATIENT_COLUMNS, RowReader, patient_of
from reminders.adapters.schedule_csv.table import COLUMNS
from reminders.core.appointments import ScheduleEntry
from reminders.core.clinics import Clinic
from reminders.core.patients import PatientRecord
from reminders.ports import Fault


def read_entry(row: Mapping[str, str], clinic: Clinic) -> tuple[ScheduleEntry | None, Sequence[Fault]]:
    """Read a session with its patient, its time as wall clock; None where there are faults."""
    reader = RowReader(CsvDefaults(clinic.timezone, clinic.language, clinic.country, clinics={clinic.slug: clinic}))
    written = {**_stripped(row), "clinic": clinic.slug}
    found = reader.read(1, tuple(written.get(column, "") for column in COLUMNS))
    if reader.faults or found.external_id is None or found.patient is None or found.booking is None:
        return None, reader.faults
    return ScheduleEntry(found.external_id, found.patient, found.booking), ()


def read_patient(row: Mapping[str, str], clinic: Clinic) -> tuple[PatientRecord | None, Sequence[Fault]]:
    """Read a patient alone; None where there are faults."""
    record, findings = patient_of({**dict.fromkeys(PATIENT_COLUMNS, ""), **_stripped(row)}, clinic)
    return record, list(findings.on(1))


def _stripped(row: Mapping[str, str]) -> dict[str, str]:
    return {column: cell.strip() for column, cell in row.items()}
