"""Overrides as stored: what staff changed of the cadence for one patient; the newest holds, earlier ones are kept."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Select, insert, select, update

from reminders.core.ids import ClinicId, PatientId
from reminders.core.overrides import Decision, to_override
from reminders.core.patients import Override
from reminders.store.batches import in_batches
from reminders.store.rows import patient_override
from reminders.store.sets import listed
from reminders.store.unit_of_work import Transaction

IS_CURRENT = patient_override.c.ended_at.is_(None)


def of_patients(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, Override]:
    """Return what holds for these patients; those with the clinic's own cadence are left out."""
    found = {}
    for batch in in_batches(ids):
        for row in tx.connection.execute(_current(is_postgres=tx.is_postgres), {"ids": batch}).all():
            found[PatientId(row.patient_id)] = from_document(row.document)
    return found


@cache
def _current(*, is_postgres: bool) -> Select[Any]:
    return that_hold("ids", is_postgres=is_postgres)


def that_hold(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for what holds for the patients whose ids are given under a name."""
    columns = (patient_override.c.patient_id, patient_override.c.document)
    return select(*columns).where(IS_CURRENT, listed(patient_override.c.patient_id, name, is_postgres=is_postgres))


def from_document(document: str) -> Override:
    """Return what a stored document changes."""
    return to_override(json.loads(document))


def history(tx: Transaction, patient_id: PatientId) -> list[Decision]:
    """Return all decisions about a patient, the newest, which holds, first."""
    statement = select(patient_override).where(patient_override.c.patient_id == patient_id)
    newest_first = statement.order_by(patient_override.c.made_at.desc(), patient_override.c.id.desc())
    return [
        Decision(
            id=row.id,
            clinic_id=ClinicId(row.clinic_id),
            patient_id=PatientId(row.patient_id),
            document=json.loads(row.document),
            reason=tx.vault.open("patient_override.reason", row.id, row.reason),
            made_by=row.made_by,
            made_at=row.made_at,
            ended_at=row.ended_at,
        )
        for row in tx.connection.execute(newest_first).all()
    ]


def decide(tx: Transaction, item: Decision) -> None:
    """Store a decision, which ends the one before it."""
    before = update(patient_override).where(IS_CURRENT, patient_override.c.patient_id == item.patient_id)
    tx.connection.execute(before.values(ended_at=item.made_at))
    values = {
        "id": item.id,
        "clinic_id": item.clinic_id,
        "patient_id": item.patient_id,
        "document": json.dumps(item.document, sort_keys=True),
        "reason": tx.vault.seal("patient_override.reason", item.id, item.reason),
        "made_by": item.made_by,
        "made_at": item.made_at,
    }
    tx.connection.execute(insert(patient_override).values(values))
