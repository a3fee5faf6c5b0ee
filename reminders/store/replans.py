"""Whose reminders a change of the clinic, or a day it closes, may change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, or_, select

from reminders.core.ids import ClinicId, PatientId
from reminders.core.reminders import ReminderState
from reminders.store.rows import appointment, patient, reminder
from reminders.store.unit_of_work import Transaction


def patients_with_more_to_come(tx: Transaction, clinic_id: ClinicId, *, since: datetime) -> list[PatientId]:
    """Return a clinic's patients with a session that starts or ended after an instant, or with a waiting reminder."""
    own = appointment.c.patient_id == patient.c.id
    is_recent = or_(appointment.c.starts_at > since, appointment.c.ended_at > since)
    is_waiting = (reminder.c.patient_id == patient.c.id) & (reminder.c.state == ReminderState.PLANNED)
    more = or_(exists().where(own, is_recent), exists().where(is_waiting))
    statement = select(patient.c.id).where(patient.c.clinic_id == clinic_id, more).order_by(patient.c.id)
    return [PatientId(key) for key in tx.connection.scalars(statement)]
