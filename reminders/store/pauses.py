"""Pauses as stored: each with its reason, who made it and who ended it. One that ended keeps its row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, update

from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.core.pauses import Pause, PauseKind, Pauses
from reminders.store.rows import appointment, pause
from reminders.store.sets import listed
from reminders.store.unit_of_work import Transaction


def current(tx: Transaction, clinic_id: ClinicId) -> Pauses:
    """Return what is paused at a clinic now."""
    return current_of(tx, [clinic_id])[clinic_id]


def current_of(tx: Transaction, clinics: Collection[ClinicId]) -> dict[ClinicId, Pauses]:
    """Return what is paused at each of these clinics now."""
    return from_rows(tx.connection.execute(_current(is_postgres=tx.is_postgres), {"ids": list(clinics)}).all(), clinics)


def from_rows(rows: Sequence[Any], clinics: Collection[ClinicId]) -> dict[ClinicId, Pauses]:
    """Return what is paused at each of these clinics, of rows as `that_hold` asks for them."""
    found: dict[ClinicId, list[Any]] = {key: [] for key in clinics}
    for row in rows:
        found[ClinicId(row.clinic_id)].append(row)
    return {key: _pauses(mine) for key, mine in found.items()}


@cache
def _current(*, is_postgres: bool) -> Select[Any]:
    return that_hold("ids", is_postgres=is_postgres)


def that_hold(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for the pauses that hold now at the clinics whose ids are given under a name."""
    columns = (pause.c.clinic_id, pause.c.kind, pause.c.subject, pause.c.patient_id)
    theirs = listed(pause.c.clinic_id, name, is_postgres=is_postgres)
    return select(*columns).where(theirs, pause.c.ended_at.is_(None))


def _pauses(rows: Sequence[Any]) -> Pauses:
    return Pauses(
        days=frozenset(date.fromisoformat(row.subject) for row in rows if row.kind is PauseKind.DAY),
        patients=frozenset(PatientId(row.patient_id) for row in rows if row.kind is PauseKind.PATIENT),
        series=frozenset(row.subject for row in rows if row.kind is PauseKind.SERIES),
    )


def find(tx: Transaction, clinic_id: ClinicId, kind: PauseKind, subject: str) -> Pause | None:
    """Return the pause of a day, patient or series that holds now."""
    here = (pause.c.clinic_id == clinic_id) & (pause.c.kind == kind) & (pause.c.subject == subject)
    row = tx.connection.execute(select(pause).where(here, pause.c.ended_at.is_(None))).one_or_none()
    return None if row is None else from_row(tx, row)


def every(tx: Transaction, clinic_id: ClinicId) -> list[Pause]:
    """Return all pauses there ever were at a clinic, the newest first."""
    statement = select(pause).where(pause.c.clinic_id == clinic_id).order_by(pause.c.made_at.desc(), pause.c.id.desc())
    return [from_row(tx, row) for row in tx.connection.execute(statement).all()]


def add(tx: Transaction, item: Pause) -> None:
    """Store a new pause."""
    values = {
        "id": item.id,
        "clinic_id": item.clinic_id,
        "patient_id": item.patient_id,
        "kind": item.kind,
        "subject": item.subject,
        "reason": tx.vault.seal("pause.reason", item.id, item.reason),
        "made_by": item.made_by,
        "made_at": item.made_at,
    }
    tx.connection.execute(insert(pause).values(values))


def end(tx: Transaction, pause_id: UUID, *, by: str, now: datetime) -> None:
    """End a pause; its row stays."""
    statement = update(pause).where(pause.c.id == pause_id, pause.c.ended_at.is_(None))
    tx.connection.execute(statement.values(ended_by=by, ended_at=now))


def of_series(tx: Transaction, clinic_id: ClinicId, series_id: str) -> dict[AppointmentId, PatientId]:
    """Return the sessions of a series, each with whose it is."""
    here = (appointment.c.clinic_id == clinic_id) & (appointment.c.series_id == series_id)
    rows = tx.connection.execute(select(appointment.c.id, appointment.c.patient_id).where(here))
    return {AppointmentId(row.id): PatientId(row.patient_id) for row in rows}


def from_row(tx: Transaction, row: Row[Any]) -> Pause:
    """Return the pause that a row holds."""
    return Pause(
        id=row.id,
        clinic_id=ClinicId(row.clinic_id),
        kind=row.kind,
        subject=row.subject,
        reason=tx.vault.open("pause.reason", row.id, row.reason),
        made_by=row.made_by,
        made_at=row.made_at,
        patient_id=None if row.patient_id is None else PatientId(row.patient_id),
        ended_by=row.ended_by,
        ended_at=row.ended_at,
    )
