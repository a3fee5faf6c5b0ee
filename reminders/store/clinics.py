"""Clinics as stored: the document they were configured by, and its version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from reminders.core.clinic_document import read_clinic
from reminders.core.clinics import Clinic
from reminders.core.errors import NotFoundError
from reminders.core.ids import ClinicId
from reminders.store.rows import clinic
from reminders.store.unit_of_work import Transaction


def every(tx: Transaction) -> dict[ClinicId, Clinic]:
    """Return all clinics by id."""
    rows = tx.connection.execute(select(clinic.c.id, clinic.c.document).order_by(clinic.c.slug))
    return {ClinicId(row.id): _parsed(row.id, row.document) for row in rows}


def lock(tx: Transaction, clinic_id: ClinicId) -> None:
    """Let one transaction at a time change what a clinic has booked."""
    here = select(clinic.c.id).where(clinic.c.id == clinic_id)
    tx.connection.execute(here.with_for_update(key_share=True))


def get(tx: Transaction, clinic_id: ClinicId) -> Clinic:
    """Return one clinic. Raises NotFoundError."""
    document = tx.connection.scalar(select(clinic.c.document).where(clinic.c.id == clinic_id))
    if document is None:
        raise NotFoundError(f"no clinic {clinic_id}")
    return _parsed(clinic_id, document)


def document(tx: Transaction, slug: str) -> Mapping[str, Any] | None:
    """Return the stored configuration of a clinic as it was given, or None."""
    text = tx.connection.scalar(select(clinic.c.document).where(clinic.c.slug == slug))
    return None if text is None else json.loads(text)


def save(tx: Transaction, new_id: ClinicId, slug: str, content: Mapping[str, Any], *, now: datetime) -> bool:
    """Store a clinic's configuration as a new version; False where nothing changed."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    held = tx.connection.execute(select(clinic).where(clinic.c.slug == slug)).one_or_none()
    if held is None:
        values = {"id": new_id, "slug": slug, "document": text, "version": 1, "applied_at": now}
        tx.connection.execute(insert(clinic).values(values))
        return True
    if held.document == text:
        return False
    changed = update(clinic).where(clinic.c.id == held.id)
    tx.connection.execute(changed.values(document=text, version=held.version + 1, applied_at=now))
    return True


def rename(tx: Transaction, old: str, new: str, *, only_if: Mapping[str, Any]) -> bool:
    """Give a clinic another slug, if its configuration is still this one and the new slug is free."""
    is_taken = tx.connection.scalar(select(clinic.c.id).where(clinic.c.slug == new)) is not None
    if is_taken or document(tx, old) != only_if:
        return False
    tx.connection.execute(update(clinic).where(clinic.c.slug == old).values(slug=new))
    return True


@lru_cache(maxsize=1024)
def _parsed(clinic_id: UUID, text: str) -> Clinic:
    return read_clinic(json.loads(text), clinic_id=ClinicId(clinic_id))
