"""Appointments at a glance: as much of each as a list shows, and how many begin when; no sealed field is opened."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, case, func, select

from reminders.core.appointments import AppointmentStatus, Glance, ride_of
from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.store.batches import in_batches
from reminders.store.rows import appointment
from reminders.store.sets import among
from reminders.store.unit_of_work import Transaction

GLANCED = (
    appointment.c.id,
    appointment.c.external_id,
    appointment.c.patient_id,
    appointment.c.starts_at,
    appointment.c.timezone,
    appointment.c.status,
    appointment.c.series_id,
    appointment.c.version,
    appointment.c.confirmed_version,
    appointment.c.ride_version,
    appointment.c.ride_state,
    appointment.c.ride_state_version,
)


def by_id(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, Glance]:
    """Return appointments by id, as a list shows them."""
    return {
        AppointmentId(row.id): _glance(row)
        for batch in in_batches(ids)
        for row in tx.connection.execute(select(*GLANCED).where(among(tx, appointment.c.id, batch))).all()
    }


def between(
    tx: Transaction, clinic_id: ClinicId, after: datetime, before: datetime, *, limit: int | None = None
) -> list[Glance]:
    """Return a clinic's appointments that start in [after, before), in order of start, as a list shows them."""
    statement = select(*GLANCED).where(_starts_within(clinic_id, after, before))
    ordered = statement.order_by(appointment.c.starts_at, appointment.c.external_id).limit(limit)
    return [_glance(row) for row in tx.connection.execute(ordered).all()]


class Start(NamedTuple):
    """How many sessions of one zone begin at an instant; of those still booked, how many lack a yes, and a ride."""

    at: datetime
    timezone: str
    sessions: int
    unconfirmed: int
    without_ride: int


def starts_between(tx: Transaction, clinic_id: ClinicId, after: datetime, before: datetime) -> list[Start]:
    """Return when a clinic's appointments in [after, before) begin, in order, each instant with how many."""
    its = (appointment.c.starts_at, appointment.c.timezone)
    lack = (_booked_without(appointment.c.confirmed_version), _booked_without(appointment.c.ride_version))
    counted = select(*its, func.count(), *lack).where(_starts_within(clinic_id, after, before))
    return [Start(*row) for row in tx.connection.execute(counted.group_by(*its).order_by(*its))]


def _booked_without(answered: ColumnElement[int | None]) -> ColumnElement[int]:
    """Return how many are booked whose version is not the one that something was said of."""
    lacks = (appointment.c.status == AppointmentStatus.BOOKED) & answered.is_distinct_from(appointment.c.version)
    return func.sum(case((lacks, 1), else_=0))


def _starts_within(clinic_id: ClinicId, after: datetime, before: datetime) -> ColumnElement[bool]:
    at = appointment.c.starts_at
    return and_(appointment.c.clinic_id == clinic_id, at >= after, at < before)


def _glance(row: Row[*tuple[Any, ...]]) -> Glance:
    return Glance(
        id=AppointmentId(row.id),
        external_id=row.external_id,
        patient_id=PatientId(row.patient_id),
        starts_at=row.starts_at,
        timezone=row.timezone,
        status=row.status,
        series_id=row.series_id,
        is_confirmed=row.confirmed_version == row.version,
        ride=ride_of(row.version, row.ride_version, row.ride_state, row.ride_state_version),
    )
