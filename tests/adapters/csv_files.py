"""Schedules for tests: a row that is good until a test changes it, and files written as given."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from reminders.adapters.schedule_csv import CsvDefaults, CsvScheduleSource, Place
from reminders.ports import ScheduleReading

HEADER = (
    "external_id,patient_id,patient_name,phone,email,language,patient_timezone,starts_at,timezone,duration_minutes,"
    "appointment_type,status,series_id,series_number,consent_sms,consent_email,escort_name,escort_phone,clinic"
)
GOOD = {
    "external_id": "A1",
    "patient_id": "P1",
    "patient_name": "Dana Rivers",
    "phone": "+12125550101",
    "email": "dana@example.org",
    "language": "en",
    "starts_at": "2027-03-09T10:00",
    "timezone": "America/New_York",
    "duration_minutes": "60",
    "appointment_type": "ketamine_infusion",
    "status": "booked",
    "consent_sms": "yes",
    "consent_email": "yes",
}
NEW_YORK = CsvDefaults(timezone="America/New_York", language="en", country="US")


def a_row(**changes: str) -> dict[str, str]:
    """Return a good row with some cells changed."""
    return GOOD | changes


def as_text(*rows: dict[str, str], header: str = HEADER) -> str:
    """Write rows as a file's text, quoted where needed."""
    output = io.StringIO()
    writer = csv.DictWriter(output, header.split(","), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return output.getvalue()


def written(folder: Path, content: str | bytes) -> Path:
    """Write a file as it stands: no newline is changed."""
    path = folder / "schedule.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder: Path, content: str | bytes, defaults: CsvDefaults = NEW_YORK) -> ScheduleReading:
    """Write a file and fetch it."""
    return CsvScheduleSource(written(folder, content), defaults).fetch()


def with_clinics(**clinics: Place) -> CsvDefaults:
    """Return defaults for an installation with these clinics."""
    return CsvDefaults(timezone="America/New_York", language="en", country="US", clinics=clinics)
