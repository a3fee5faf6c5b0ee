"""The audit log as stored: rows are added, never changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select

from reminders.core.audit import AuditEvent, Deed
from reminders.core.ids import ClinicId, StaffId
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
    since: datetime,
    before: datetime,
    staff_id: StaffId | None = None,
    about: str | None = None,
    with_unassigned: bool = False,
    limit: int,
) -> list[AuditEvent]:
    """Return deeds of these clinics within a time (machine's), the newest first."""
    within = audit_event.c.clinic_id.in_(clinic_ids)
    if with_unassigned:
        within |= audit_event.c.clinic_id.is_(None)
    statement = select(audit_event).where(within, audit_event.c.done_at >= since, audit_event.c.done_at < before)
    if staff_id is not None:
        statement = statement.where(audit_event.c.staff_id == staff_id)
    if about is not None:
        statement = statement.where(audit_event.c.about == about)
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
