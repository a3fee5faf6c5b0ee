"""Appointments as stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, true, update

from reminders.core.appointments import OFF, Appointment, AppointmentStatus, Booking
from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.core.transport import RideState
from reminders.store.batches import in_batches
from reminders.store.bulk import ROWS_AT_ONCE, insert_rows
from reminders.store.once import insert_many_once
from reminders.store.rows import appointment, appointment_version
from reminders.store.sets import Changes, among, listed, picked
from reminders.store.unit_of_work import Transaction

KEPT = frozenset({"id", "confirmed_version", "ride_version", "ride_state", "ride_state_version"})
"""What a schedule does not change: the rest of these are the patient's answers."""
TO_READ = (
    *(appointment.c.id, appointment.c.external_id, appointment.c.patient_id, appointment.c.starts_at),
    *(appointment.c.timezone, appointment.c.duration_minutes, appointment.c.appointment_type, appointment.c.status),
    *(appointment.c.series_id, appointment.c.series_number, appointment.c.escort_name, appointment.c.escort_phone),
    *(appointment.c.version, appointment.c.versioned_at, appointment.c.confirmed_version, appointment.c.ride_version),
    *(appointment.c.ended_at, appointment.c.ended_by, appointment.c.missing_since, appointment.c.is_announced),
    *(appointment.c.ride_state, appointment.c.ride_state_version),
)
"""What an appointment is made of, in the order of its fields."""
NOT_WATCHED: Mapping[AppointmentId, datetime | None] = MappingProxyType({})
WATCHES = Changes(
    appointment,
    "id",
    {"watch_at": appointment.c.watch_at.type},
    where=lambda _: true(),
    values=lambda given: picked(given, "watch_at"),
)


def of_source(tx: Transaction, clinic_id: ClinicId, source: str, names: Collection[str]) -> dict[str, Appointment]:
    """Return those appointments of a source that it calls so, under their external ids."""
    statement = select(*TO_READ).where(appointment.c.clinic_id == clinic_id, appointment.c.source == source)
    return {
        row.external_id: _appointment(tx, row)
        for batch in in_batches(names)
        for row in tx.connection.execute(statement.where(appointment.c.external_id.in_(batch))).all()
    }


def of_patients(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, list[Appointment]]:
    """Return all appointments of patients, each list in order of start."""
    found: dict[PatientId, list[Appointment]] = {key: [] for key in ids}
    for batch in in_batches(ids):
        statement = select(*TO_READ).where(among(tx, appointment.c.patient_id, batch)).order_by(appointment.c.starts_at)
        for row in tx.connection.execute(statement).all():
            found[PatientId(row.patient_id)].append(_appointment(tx, row))
    return found


def lock_of_patients(tx: Transaction, ids: Collection[PatientId]) -> None:
    """Keep everybody else from changing the appointments of patients until this transaction ends."""
    for batch in in_batches(sorted(ids)):
        locked = select(appointment.c.id).where(among(tx, appointment.c.patient_id, batch)).order_by(appointment.c.id)
        tx.connection.execute(locked.with_for_update(key_share=True))


def get_many(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, Appointment]:
    """Return appointments by id."""
    statement = _by_id(is_postgres=tx.is_postgres)
    items = (
        _appointment(tx, row)
        for batch in in_batches(sorted(ids, key=lambda key: key.int))
        for row in tx.connection.execute(statement, {"ids": batch}).all()
    )
    return {item.id: item for item in items}


@cache
def _by_id(*, is_postgres: bool) -> Select[Any]:
    found = select(*TO_READ).where(listed(appointment.c.id, "ids", is_postgres=is_postgres))
    return found.order_by(appointment.c.id)


def to_hold(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for appointments by ids given under a name; nobody moves or cancels them until the transaction ends."""
    found = select(*TO_READ).where(listed(appointment.c.id, name, is_postgres=is_postgres))
    return found.order_by(appointment.c.id).with_for_update(read=True)


def from_rows(tx: Transaction, rows: Sequence[Any]) -> dict[AppointmentId, Appointment]:
    """Return appointments by id, of rows as `to_hold` asks for them."""
    items = (_appointment(tx, row) for row in rows)
    return {item.id: item for item in items}


def clinic_of(tx: Transaction, appointment_id: AppointmentId) -> ClinicId:
    """Return the clinic of an appointment."""
    here = select(appointment.c.clinic_id).where(appointment.c.id == appointment_id)
    return ClinicId(tx.connection.scalars(here).one())


def named(tx: Transaction, clinic_id: ClinicId, external_id: str) -> list[Appointment]:
    """Return what a clinic's schedules call by this id: one of each source at most."""
    statement = select(*TO_READ).where(appointment.c.clinic_id == clinic_id, appointment.c.external_id == external_id)
    return [_appointment(tx, row) for row in tx.connection.execute(statement.order_by(appointment.c.id)).all()]


def source_of(tx: Transaction, appointment_id: AppointmentId) -> str:
    """Return which schedule an appointment came from."""
    return str(tx.connection.scalars(select(appointment.c.source).where(appointment.c.id == appointment_id)).one())


def external_ids(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, str]:
    """Return what the schedule calls these appointments."""
    statement = select(appointment.c.id, appointment.c.external_id)
    return {
        AppointmentId(row.id): row.external_id
        for batch in in_batches(ids)
        for row in tx.connection.execute(statement.where(among(tx, appointment.c.id, batch))).all()
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which appointments are wanted, from `after` (start and id of the last one seen) on; None asks for all."""

    starts_from: datetime | None = None
    starts_before: datetime | None = None
    status: AppointmentStatus | None = None
    after: tuple[datetime, AppointmentId] | None = None


def page(tx: Transaction, clinic_id: ClinicId, wanted: Wanted, *, limit: int) -> list[Appointment]:
    """Return a clinic's appointments in order of start, then id."""
    statement = select(*TO_READ).where(appointment.c.clinic_id == clinic_id)
    if wanted.starts_from is not None:
        statement = statement.where(appointment.c.starts_at >= wanted.starts_from)
    if wanted.starts_before is not None:
        statement = statement.where(appointment.c.starts_at < wanted.starts_before)
    if wanted.status is not None:
        statement = statement.where(appointment.c.status == wanted.status)
    if wanted.after is not None:
        at, key = wanted.after
        is_later = or_(appointment.c.starts_at > at, (appointment.c.starts_at == at) & (appointment.c.id > key))
        statement = statement.where(appointment.c.starts_at >= at, is_later)
    ordered = statement.order_by(appointment.c.starts_at, appointment.c.id).limit(limit)
    return [_appointment(tx, row) for row in tx.connection.execute(ordered).all()]


def upcoming(tx: Transaction, ids: Collection[PatientId], *, now: datetime) -> list[Appointment]:
    """Return the booked appointments of patients that start after now, in order of start."""
    statement = select(*TO_READ).where(
        among(tx, appointment.c.patient_id, ids),
        appointment.c.status == AppointmentStatus.BOOKED,
        appointment.c.starts_at > now,
    )
    return [_appointment(tx, row) for row in tx.connection.execute(statement.order_by(appointment.c.starts_at)).all()]


def since(tx: Transaction, ids: Collection[PatientId], at: datetime) -> list[Appointment]:
    """Return the appointments of patients that start after an instant, in order of start."""
    given = {"ids": list(ids), "at": at}
    return [_appointment(tx, row) for row in tx.connection.execute(_since(is_postgres=tx.is_postgres), given).all()]


@cache
def _since(*, is_postgres: bool) -> Select[Any]:
    theirs = listed(appointment.c.patient_id, "ids", is_postgres=is_postgres)
    is_later = appointment.c.starts_at > bindparam("at", type_=appointment.c.starts_at.type)
    return select(*TO_READ).where(theirs, is_later).order_by(appointment.c.starts_at, appointment.c.id)


def next_starts(tx: Transaction, ids: Collection[AppointmentId], *, now: datetime) -> dict[AppointmentId, datetime]:
    """Return when the patient's next session after each of these began; those without one that began by now are absent.

    What is off is no session.
    """
    statement = _next_starts(is_postgres=tx.is_postgres)
    return {
        AppointmentId(row.id): row.at
        for batch in in_batches(ids)
        for row in tx.connection.execute(statement, {"ids": batch, "now": now}).all()
    }


@cache
def _next_starts(*, is_postgres: bool) -> Select[Any]:
    other = appointment.alias("other")
    is_next = (other.c.patient_id == appointment.c.patient_id) & (other.c.starts_at > appointment.c.starts_at)
    has_begun = other.c.starts_at <= bindparam("now", type_=other.c.starts_at.type)
    begun = is_next & has_begun & other.c.status.not_in(OFF)
    starts = select(appointment.c.id, func.min(other.c.starts_at).label("at")).join(other, begun)
    return starts.where(listed(appointment.c.id, "ids", is_postgres=is_postgres)).group_by(appointment.c.id)


def between(
    tx: Transaction, clinic_id: ClinicId, after: datetime, before: datetime, *, limit: int = 500
) -> list[Appointment]:
    """Return a clinic's appointments that start in [after, before), in order of start."""
    at = appointment.c.starts_at
    statement = select(*TO_READ).where(appointment.c.clinic_id == clinic_id, at >= after, at < before)
    ordered = statement.order_by(at, appointment.c.external_id).limit(limit)
    return [_appointment(tx, row) for row in tx.connection.execute(ordered).all()]


def insert_many(
    tx: Transaction,
    clinic_id: ClinicId,
    source: str,
    items: Sequence[Appointment],
    watched: Mapping[AppointmentId, datetime | None] = NOT_WATCHED,
) -> None:
    """Store new appointments, and when to look at them first where that is known."""
    for batch in in_batches(items, ROWS_AT_ONCE):
        rows = [{**_values(tx, clinic_id, source, item), "watch_at": watched.get(item.id)} for item in batch]
        insert_rows(tx, appointment, rows)
        insert_rows(tx, appointment_version, [_version(clinic_id, item) for item in batch])


def update_many(tx: Transaction, clinic_id: ClinicId, source: str, items: Sequence[Appointment]) -> None:
    """Store changed appointments, in the order in which they are locked elsewhere.

    What the patient confirmed and arranged stays as stored: an answer may have come since these were read.
    """
    here = update(appointment).where(appointment.c.id == bindparam("b_id"))
    for batch in in_batches(sorted(items, key=lambda item: item.id)):
        rows = [{"b_id": item.id, **_values(tx, clinic_id, source, item)} for item in batch]
        tx.connection.execute(here, [{key: row[key] for key in row if key not in KEPT} for row in rows])
        # What a version said stays: one that is known already is not written again.
        insert_many_once(tx, appointment_version, [_version(clinic_id, item) for item in batch])


def _version(clinic_id: ClinicId, item: Appointment) -> dict[str, Any]:
    return {
        "appointment_id": item.id,
        "version": item.version,
        "clinic_id": clinic_id,
        "starts_at": item.starts_at,
        "timezone": item.booking.timezone,
        "appointment_type": item.booking.appointment_type,
        "status": item.status,
        "versioned_at": item.versioned_at,
    }


def mark_missing(tx: Transaction, ids: Collection[AppointmentId], *, now: datetime) -> None:
    """Remember since when the schedule no longer names these."""
    for batch in in_batches(ids):
        statement = update(appointment).where(among(tx, appointment.c.id, batch), appointment.c.missing_since.is_(None))
        tx.connection.execute(statement.values(missing_since=now))


def lock_versions(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, int]:
    """Return the version of each of these, and keep everybody else from changing them until this transaction ends."""
    rows = tx.connection.execute(_versions(is_postgres=tx.is_postgres), {"ids": sorted(ids)}).all()
    return {AppointmentId(row.id): row.version for row in rows}


@cache
def _versions(*, is_postgres: bool) -> Select[Any]:
    theirs = listed(appointment.c.id, "ids", is_postgres=is_postgres)
    found = select(appointment.c.id, appointment.c.version).where(theirs)
    return found.order_by(appointment.c.id).with_for_update(key_share=True)


def record_ride(tx: Transaction, appointment_id: AppointmentId, version: int, state: RideState) -> bool:
    """Record what was last said of the ride of one version; False where the appointment has moved on.

    A ride that was arranged is so no longer once something else is said.
    """
    here = (appointment.c.id == appointment_id) & (appointment.c.version == version)
    arranged = version if state is RideState.ARRANGED else None
    values = {"ride_version": arranged, "ride_state": state, "ride_state_version": version}
    return tx.connection.execute(update(appointment).where(here).values(values)).rowcount == 1


def end(tx: Transaction, appointment_id: AppointmentId, *, at: datetime, by: str) -> None:
    """Record when a session really ended, and who says so; the version stays."""
    here = update(appointment).where(appointment.c.id == appointment_id)
    tx.connection.execute(here.values(ended_at=at, ended_by=by))


def watch_times(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, datetime | None]:
    """Return when each of these is to be looked at next; None where nothing is to come."""
    statement = select(appointment.c.id, appointment.c.watch_at)
    return {
        AppointmentId(row.id): row.watch_at
        for batch in in_batches(ids)
        for row in tx.connection.execute(statement.where(among(tx, appointment.c.id, batch))).all()
    }


def to_watch(tx: Transaction, *, now: datetime, limit: int) -> list[AppointmentId]:
    """Return appointments that it is time to look at, the longest waiting first."""
    statement = select(appointment.c.id).where(appointment.c.watch_at <= now)
    return [
        AppointmentId(key) for key in tx.connection.scalars(statement.order_by(appointment.c.watch_at).limit(limit))
    ]


def lock_watched(
    tx: Transaction, ids: Collection[AppointmentId], *, now: datetime
) -> dict[ClinicId, list[Appointment]]:
    """Return, by clinic, those that it is still time to look at; what somebody else holds is left to them."""
    found: dict[ClinicId, list[Appointment]] = {}
    statement = (
        select(appointment.c.clinic_id, *TO_READ).where(appointment.c.watch_at <= now).order_by(appointment.c.id)
    )
    for batch in in_batches(sorted(ids)):
        mine = statement.where(among(tx, appointment.c.id, batch)).with_for_update(skip_locked=True, key_share=True)
        for clinic_id, *its in tx.connection.execute(mine).all():
            found.setdefault(ClinicId(clinic_id), []).append(_appointment(tx, its))
    return found


def watch(tx: Transaction, times: Mapping[AppointmentId, datetime | None]) -> None:
    """Say when to look at these next, in the order in which they are locked elsewhere."""
    for batch in in_batches(sorted(times)):
        if tx.is_postgres:  # one statement for many rows takes them in an order of its own
            locked = select(appointment.c.id).where(among(tx, appointment.c.id, batch)).order_by(appointment.c.id)
            tx.connection.execute(locked.with_for_update(key_share=True))
        WATCHES.apply(tx, [{"id": key, "watch_at": times[key]} for key in batch])


def _values(tx: Transaction, clinic_id: ClinicId, source: str, item: Appointment) -> dict[str, Any]:
    booking, seal = item.booking, tx.vault.seal_optional
    return {
        "id": item.id,
        "clinic_id": clinic_id,
        "patient_id": item.patient_id,
        "source": source,
        "external_id": item.external_id,
        "starts_at": booking.starts_at,
        "timezone": booking.timezone,
        "duration_minutes": int(booking.duration.total_seconds() // 60),
        "appointment_type": booking.appointment_type,
        "status": booking.status,
        "series_id": booking.series_id,
        "series_number": booking.series_number,
        "escort_name": seal("appointment.escort_name", item.id, booking.escort_name),
        "escort_phone": seal("appointment.escort_phone", item.id, booking.escort_phone),
        "version": item.version,
        "versioned_at": item.versioned_at,
        "confirmed_version": item.confirmed_version,
        "ride_version": item.ride_version,
        "ride_state": item.ride_state,
        "ride_state_version": item.ride_state_version,
        "ended_at": item.ended_at,
        "ended_by": item.ended_by,
        "missing_since": item.missing_since,
        "is_announced": item.is_announced,
    }


def _appointment(tx: Transaction, stored: Sequence[Any]) -> Appointment:
    """Return what the columns of `TO_READ` say: by their places, for many are read at a time."""
    key, external_id, patient_id, starts_at, timezone, minutes, kind, status, series_id, number, *others = stored
    name, phone, *known = others
    if name is not None or phone is not None:
        name = tx.vault.open_optional("appointment.escort_name", key, name)
        phone = tx.vault.open_optional("appointment.escort_phone", key, phone)
    booking = Booking(starts_at, timezone, timedelta(minutes=minutes), kind, status, series_id, number, name, phone)
    return Appointment(key, external_id, patient_id, booking, *known)
