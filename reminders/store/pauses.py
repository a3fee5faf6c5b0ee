"""Pauses as stored: each with its reason, who made it and who ended it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from reminders.core.ids import ClinicId, PatientId
from reminders.core.pauses import PauseKind, Pauses
from reminders.store.rows import pause
from reminders.store.unit_of_work import Transaction


def current(tx: Transaction, clinic_id: ClinicId) -> Pauses:
    """Return what is paused at a clinic now."""
    here = (pause.c.clinic_id == clinic_id) & pause.c.ended_at.is_(None)
    rows = tx.connection.execute(select(pause.c.kind, pause.c.subject, pause.c.patient_id).where(here)).all()
    return Pauses(
        days=frozenset(date.fromisoformat(row.subject) for row in rows if row.kind is PauseKind.DAY),
        patients=frozenset(PatientId(row.patient_id) for row in rows if row.kind is PauseKind.PATIENT),
        series=frozenset(row.subject for row in rows if row.kind is PauseKind.SERIES),
    )
