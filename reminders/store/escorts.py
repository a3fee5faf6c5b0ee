"""Escorts' own consents as stored: append-only, the newest word of a phone about a patient holds (requirement 52)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from reminders.core.ids import PatientId
from reminders.store.batches import in_batches
from reminders.store.rows import escort_consent
from reminders.store.unit_of_work import Transaction


def willing(tx: Transaction, ids: Collection[PatientId]) -> set[tuple[PatientId, str]]:
    """Return (patient, phone) of everybody who agreed to be texted about fetching that patient, and still does."""
    newest: dict[tuple[PatientId, str], bool] = {}
    for batch in in_batches(ids):
        statement = select(escort_consent).where(escort_consent.c.patient_id.in_(batch))
        for row in tx.connection.execute(statement.order_by(escort_consent.c.recorded_at, escort_consent.c.id)):
            phone = tx.vault.open("escort_consent.phone", row.id, row.phone)
            newest[PatientId(row.patient_id), phone] = row.is_granted
    return {key for key, is_granted in newest.items() if is_granted}
