"""The patients' yes to their appointments, as stored: said, asked after, and taken back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from reminders.core.feed import FeedEvent, FeedKind
from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.store import events
from reminders.store.rows import appointment
from reminders.store.sets import among, listed
from reminders.store.unit_of_work import Transaction


def confirm(tx: Transaction, ids: Collection[AppointmentId], *, now: datetime) -> None:
    """Record the patients' yes to these as they are: they are locked, so that none has moved on since."""
    given = {"ids": sorted(ids), "now": now}
    rows = tx.connection.execute(_confirmed(is_postgres=tx.is_postgres), given).all()
    kind = FeedKind.APPOINTMENT_CONFIRMED
    told = [
        FeedEvent(
            kind,
            ClinicId(row.clinic_id),
            "appointment",
            row.id,
            now,
            PatientId(row.patient_id),
            {"version": row.version},
        )
        for row in rows
    ]
    events.add(tx, told)


@cache
def _confirmed(*, is_postgres: bool) -> ReturningUpdate[Any]:
    columns = appointment.c
    here = update(appointment).where(listed(columns.id, "ids", is_postgres=is_postgres))
    now = bindparam("now", type_=columns.confirmed_at.type)
    done = here.values(confirmed_version=columns.version, confirmed_at=now)
    return done.returning(columns.id, columns.version, columns.clinic_id, columns.patient_id)


def confirmed_at(tx: Transaction, ids: Collection[AppointmentId], times: Collection[datetime]) -> set[AppointmentId]:
    """Return which of these stand confirmed by a yes of exactly one of these instants."""
    here = among(tx, appointment.c.id, ids) & (appointment.c.confirmed_version == appointment.c.version)
    rows = tx.connection.scalars(select(appointment.c.id).where(here, among(tx, appointment.c.confirmed_at, times)))
    return {AppointmentId(row) for row in rows}


def take_back(tx: Transaction, appointment_id: AppointmentId, version: int) -> None:
    """Forget the patient's yes to one version: they now say that they are not coming."""
    here = (appointment.c.id == appointment_id) & (appointment.c.confirmed_version == version)
    tx.connection.execute(update(appointment).where(here).values(confirmed_version=None, confirmed_at=None))
