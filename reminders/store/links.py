"""The patient's own pages, found by the hash of their token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from reminders.core.ids import AppointmentId, ClinicId, ContactId, LinkId, PatientId
from reminders.store.once import insert_many_once
from reminders.store.rows import link
from reminders.store.unit_of_work import Transaction
from reminders.store.vault import token_hash

SHORTEST_LIFE = timedelta(days=7)
"""Check-ins come after the start, so their page must outlive it."""


class Purpose(StrEnum):
    """What a link is good for; a link of one purpose does not open the other's door."""

    RESPOND = "respond"
    UNSUBSCRIBE = "unsubscribe"
    ACKNOWLEDGE = "acknowledge"
    """Takes an escalation over; for staff."""


@dataclass(frozen=True, slots=True)
class Link:
    """A page for one person about one version of one appointment."""

    purpose: Purpose
    clinic_id: ClinicId
    contact_id: ContactId
    patient_id: PatientId | None
    appointment_id: AppointmentId | None
    version: int | None
    expires_at: datetime
    id: LinkId | None = None
    """None until it is stored."""


def add(tx: Transaction, items: Iterable[tuple[UUID, str, Link]], *, now: datetime) -> None:
    """Make tokens of links valid, each once: (new id, token, link). Only the token's hash is kept."""
    rows = [
        {
            "id": new_id,
            "clinic_id": item.clinic_id,
            "contact_id": item.contact_id,
            "patient_id": item.patient_id,
            "appointment_id": item.appointment_id,
            "purpose": item.purpose.value,
            "token_hash": token_hash(token),
            "version": item.version,
            "made_at": now,
            "expires_at": item.expires_at,
        }
        for new_id, token, item in items
    ]
    insert_many_once(tx, link, rows)


def find(tx: Transaction, token: str, purpose: Purpose, *, now: datetime) -> Link | None:
    """Return a link that is still good for this purpose."""
    here = (link.c.token_hash == token_hash(token)) & (link.c.purpose == purpose.value) & (link.c.expires_at > now)
    row = tx.connection.execute(select(link).where(here)).one_or_none()
    return None if row is None else _link(row)


def get(tx: Transaction, link_id: LinkId) -> Link:
    """Return a link by its row, whether it is still good or not."""
    return _link(tx.connection.execute(select(link).where(link.c.id == link_id)).one())


def _link(row: Row[Any]) -> Link:
    return Link(
        purpose=Purpose(row.purpose),
        clinic_id=ClinicId(row.clinic_id),
        contact_id=ContactId(row.contact_id),
        patient_id=None if row.patient_id is None else PatientId(row.patient_id),
        appointment_id=None if row.appointment_id is None else AppointmentId(row.appointment_id),
        version=row.version,
        expires_at=row.expires_at,
        id=LinkId(row.id),
    )
