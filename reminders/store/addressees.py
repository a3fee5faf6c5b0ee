"""Patients as far as it takes to write to them."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, select

from reminders.core.ids import PatientId
from reminders.core.patients import NO_OVERRIDE, Addressee
from reminders.store import overrides
from reminders.store.rows import patient, patient_override
from reminders.store.sets import listed
from reminders.store.unit_of_work import Transaction


def get_many(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, Addressee]:
    """Return what it takes to write to patients.

    Raises NotReadyError or SpoiledError where a record does not open, be it only the name, which is not told: nothing
    is made for somebody whose record is in doubt.
    """
    rows = tx.connection.execute(_by_id(is_postgres=tx.is_postgres), {"ids": list(ids)}).all()
    return {row[0]: _addressee(tx, row) for row in rows}


def _addressee(tx: Transaction, row: Row[*tuple[Any, ...]]) -> Addressee:
    key, name, phone, email, language, timezone, override = row
    tx.vault.open("patient.name", key, name)
    return Addressee(
        key,
        tx.vault.open_optional("patient.phone", key, phone),
        tx.vault.open_optional("patient.email", key, email),
        language,
        timezone,
        NO_OVERRIDE if override is None else overrides.from_document(override),
    )


@cache
def _by_id(*, is_postgres: bool) -> Select[Any]:
    sealed = (patient.c.name, patient.c.phone, patient.c.email)
    columns = (patient.c.id, *sealed, patient.c.language, patient.c.timezone)
    changed = (patient_override.c.patient_id == patient.c.id) & overrides.IS_CURRENT
    held = select(*columns, patient_override.c.document).outerjoin(patient_override, changed)
    return held.where(listed(patient.c.id, "ids", is_postgres=is_postgres))
