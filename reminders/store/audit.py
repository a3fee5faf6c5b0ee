"""The audit log as stored: rows are added, never changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select

from reminders.core.audit import AuditEvent, Deed
from reminders.core.ids import ClinicId, PatientId, StaffId
from reminders.store.batches import in_batches
from reminders.store.rows import patient
from reminders.store.staff_rows import audit_event
from reminders.store.unit_of_work import Transaction

DETAIL = "audit_event.detail"


def add(tx: Transaction, item: AuditEvent) -> None:
    """Write one deed down."""
    values = {
        "id": item.id,
        "clinic_id": item.clinic_id,
        "staff_id": item.staff_id,
        "by": item.by,
        "deed": item.deed.value,
        "about": item.about,
        "detail": tx.vault.seal_optional(DETAIL, item.id, item.detail),
        "done_at": item.done_at,
    }
    tx.connection.execute(insert(audit_event).values(values))


def newest(
    tx: Transaction,
    clinic_ids: Collection[ClinicId],
    *,
    within: tuple[datetime, datetime] | None = None,
    staff_id: StaffId | None = None,
    about: Collection[str] | None = None,
    with_unassigned: bool = False,
    limit: int,
) -> list[AuditEvent]:
    """Return deeds of these clinics, `within` a time from its start on and before its end, the newest first."""
    of_clinics = audit_event.c.clinic_id.in_(clinic_ids)
    statement = select(audit_event)
    if with_unassigned:
        statement = statement.where(of_clinics | audit_event.c.clinic_id.is_(None))
    else:
        statement = statement.where(of_clinics)
    if within is not None:
        since, before = within
        statement = statement.where(audit_event.c.done_at >= since, audit_event.c.done_at < before)
    if staff_id is not None:
        statement = statement.where(audit_event.c.staff_id == staff_id)
    if about is not None:
        statement = statement.where(audit_event.c.about.in_(about))
    newest_first = statement.order_by(audit_event.c.done_at.desc(), audit_event.c.id.desc()).limit(limit)
    return [
        AuditEvent(
            id=row.id,
            clinic_id=None if row.clinic_id is None else ClinicId(row.clinic_id),
            staff_id=None if row.staff_id is None else StaffId(row.staff_id),
            by=row.by,
            deed=Deed(row.deed),
            about=row.about,
            detail=tx.vault.open_optional(DETAIL, row.id, row.detail),
            done_at=row.done_at,
        )
        for row in tx.connection.execute(newest_first)
    ]


def patients_called(tx: Transaction, clinic_ids: Collection[ClinicId], external_id: str) -> list[PatientId]:
    """Return whom these clinics call by an id of the schedule."""
    here = patient.c.clinic_id.in_(clinic_ids) & (patient.c.external_id == external_id)
    return [PatientId(key) for key in tx.connection.scalars(select(patient.c.id).where(here))]


def patient_ids(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, str]:
    """Return what the schedule calls these patients."""
    found = {}
    for batch in in_batches(ids):
        columns = (patient.c.id, patient.c.external_id)
        for row in tx.connection.execute(select(*columns).where(patient.c.id.in_(batch))):
            found[PatientId(row.id)] = row.external_id
    return found
