"""The ledger of permissions as stored: it can be added to and read, and this module offers nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, Select, exists, insert, or_, select

from reminders.core.ids import ClinicId, ContactId, InboundId, PatientId
from reminders.core.permissions import PermissionEvent
from reminders.store.batches import in_batches
from reminders.store.conversation_rows import permission_event
from reminders.store.rows import contact, patient
from reminders.store.unit_of_work import Transaction

NEWEST_LAST = (permission_event.c.recorded_at, permission_event.c.id)


def append(tx: Transaction, events: Sequence[PermissionEvent]) -> None:
    """Add to the ledger."""
    if events:
        tx.connection.execute(insert(permission_event), [_values(tx, event) for event in events])


def of_contacts(tx: Transaction, ids: Collection[ContactId]) -> list[PermissionEvent]:
    """Return all that was said of addresses, the newest last."""
    found = [
        _event(tx, row)
        for batch in in_batches(sorted(ids))
        for row in tx.connection.execute(select(permission_event).where(permission_event.c.contact_id.in_(batch)))
    ]
    return sorted(found, key=lambda event: (event.recorded_at, event.id))


def of_patient(tx: Transaction, clinic_id: ClinicId, patient_id: PatientId) -> list[PermissionEvent]:
    """Return all that was said by a patient or of one of their present addresses at a clinic, the newest last."""
    return [_event(tx, row) for row in tx.connection.execute(_theirs(clinic_id, patient_id).order_by(*NEWEST_LAST))]


def _theirs(clinic_id: ClinicId, patient_id: PatientId) -> Select[Any]:
    index = contact.c.address_index
    is_theirs = exists().where(
        contact.c.id == permission_event.c.contact_id,
        patient.c.id == patient_id,
        or_(patient.c.phone_index == index, patient.c.email_index == index),
    )
    mine = or_(permission_event.c.patient_id == patient_id, permission_event.c.patient_id.is_(None) & is_theirs)
    return select(permission_event).where(permission_event.c.clinic_id == clinic_id, mine)


def _values(tx: Transaction, event: PermissionEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "clinic_id": event.clinic_id,
        "contact_id": event.contact_id,
        "patient_id": event.patient_id,
        "inbound_id": event.inbound_id,
        "subject": event.subject,
        "is_granted": event.is_granted,
        "source": event.source,
        "words": tx.vault.seal("permission_event.words", event.id, event.words) if event.words else None,
        "recorded_by": event.recorded_by,
        "asked_on": event.asked_on,
        "due_on": event.due_on,
        "recorded_at": event.recorded_at,
    }


def _event(tx: Transaction, row: Row[Any]) -> PermissionEvent:
    return PermissionEvent(
        id=row.id,
        clinic_id=ClinicId(row.clinic_id),
        contact_id=ContactId(row.contact_id),
        patient_id=None if row.patient_id is None else PatientId(row.patient_id),
        subject=row.subject,
        is_granted=row.is_granted,
        source=row.source,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        words=tx.vault.open("permission_event.words", row.id, row.words) if row.words else "",
        inbound_id=None if row.inbound_id is None else InboundId(row.inbound_id),
        asked_on=row.asked_on,
        due_on=row.due_on,
    )
