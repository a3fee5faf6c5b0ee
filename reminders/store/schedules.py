"""What is held of a schedule: as much of each session as a comparison with the next reading needs, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from reminders.core.appointments import Booking, Known
from reminders.core.ids import ClinicId, PatientId
from reminders.core.patients import PatientRecord
from reminders.store.rows import appointment
from reminders.store.unit_of_work import Transaction

ROWS_AT_ONCE = 1000
"""Fetched together: what is not kept of a row is gone before the next ones come."""
COMPARED = (
    appointment.c.id,
    appointment.c.external_id,
    appointment.c.patient_id,
    appointment.c.missing_since.is_not(None),
    appointment.c.starts_at,
    appointment.c.timezone,
    appointment.c.duration_minutes,
    appointment.c.appointment_type,
    appointment.c.status,
    appointment.c.series_id,
    appointment.c.series_number,
    appointment.c.escort_name,
    appointment.c.escort_phone,
)


def known_of(
    tx: Transaction, clinic_id: ClinicId, source: str, records: Mapping[PatientId, PatientRecord]
) -> dict[str, Known]:
    """Return what we hold of every session of a source under its external id; `records` are the clinic's patients."""
    statement = select(*COMPARED).where(appointment.c.clinic_id == clinic_id, appointment.c.source == source)
    rows = tx.connection.execute(statement.execution_options(yield_per=ROWS_AT_ONCE))
    open_field = tx.vault.open
    shared: dict[str, str] = {}
    """A zone or a type stands in every row: one text of it is kept."""
    lengths: dict[int, timedelta] = {}
    found: dict[str, Known] = {}
    for key, name, patient_id, is_missing, start, zone, minutes, kind, status, series, place, escort, phone in rows:
        booking = Booking(
            start,
            shared.setdefault(zone, zone),
            lengths.get(minutes) or lengths.setdefault(minutes, timedelta(minutes=minutes)),
            shared.setdefault(kind, kind),
            status,
            series,
            place,
            None if escort is None else open_field("appointment.escort_name", key, escort),
            None if phone is None else open_field("appointment.escort_phone", key, phone),
        )
        found[name] = Known(records[patient_id], booking, is_missing=bool(is_missing))
    return found
