"""Lines as stored: which phone numbers nobody looked up yet, and what kind of line a number is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select, update

from reminders.core.ids import AppointmentId, ClinicId, ContactId, PatientId
from reminders.core.patients import Channel, Recipient
from reminders.ports import LineType
from reminders.store.batches import in_batches
from reminders.store.reminders import IS_PLANNED
from reminders.store.rows import contact, patient, reminder
from reminders.store.unit_of_work import Transaction

ITS_PHONE = (
    (contact.c.clinic_id == patient.c.clinic_id)
    & (contact.c.address_index == patient.c.phone_index)
    & (contact.c.channel == Channel.SMS)
)
REMINDERS_EACH = 4
"""About so many texts wait for one patient: to find some patients, this many reminders each are read."""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A number that is going to be texted, and about which version of which session first."""

    clinic_id: ClinicId
    patient_id: PatientId
    phone: str
    appointment_id: AppointmentId
    version: int


def unchecked(tx: Transaction, *, now: datetime, asked_before: datetime, limit: int) -> list[Unchecked]:
    """Return patients' numbers that are to be texted, the soonest first, and whose kind of line nobody knows.

    One that was asked about in vain is asked about again if that was before `asked_before`.
    """
    is_settled = or_(
        contact.c.line_type.is_not(None),
        contact.c.line_checked_at >= asked_before,
        contact.c.fault_at.is_not(None),
        contact.c.opted_out_at.is_not(None),
    )
    statement = (
        select(patient.c.clinic_id, patient.c.id, patient.c.phone, reminder.c.appointment_id, reminder.c.version)
        .join(patient, patient.c.id == reminder.c.patient_id)
        .where(
            IS_PLANNED,
            reminder.c.channel == Channel.SMS,
            reminder.c.recipient == Recipient.PATIENT,
            reminder.c.expires_at > now,
            patient.c.phone.is_not(None),
            ~exists().where(ITS_PHONE, is_settled),
        )
        .order_by(reminder.c.due_at, reminder.c.id)
        .limit(limit * REMINDERS_EACH)
    )
    found: dict[tuple[ClinicId, str], Unchecked] = {}
    for row in tx.connection.execute(statement):
        phone = tx.vault.open("patient.phone", row.id, row.phone)
        item = Unchecked(
            ClinicId(row.clinic_id), PatientId(row.id), phone, AppointmentId(row.appointment_id), row.version
        )
        found.setdefault((item.clinic_id, phone), item)
    return list(found.values())[:limit]


def claim(tx: Transaction, contact_id: ContactId, *, asked_before: datetime, now: datetime) -> bool:
    """Take the right to ask about a number; False where it is settled, or somebody asked not long ago."""
    is_free = contact.c.line_type.is_(None) & or_(
        contact.c.line_checked_at.is_(None), contact.c.line_checked_at < asked_before
    )
    taken = update(contact).where(contact.c.id == contact_id, is_free).values(line_checked_at=now)
    return tx.connection.execute(taken).rowcount == 1


def remember(tx: Transaction, ids: Collection[ContactId], kind: LineType, *, now: datetime) -> None:
    """Remember what kind of line a number is."""
    statement = update(contact).where(contact.c.id.in_(ids), contact.c.channel == Channel.SMS)
    tx.connection.execute(statement.values(line_type=kind.value, line_checked_at=now))


def with_landlines(tx: Transaction, ids: Collection[PatientId]) -> set[PatientId]:
    """Return those of these patients whose number is a landline."""
    statement = select(patient.c.id).join(contact, ITS_PHONE).where(contact.c.line_type == LineType.LANDLINE.value)
    return {
        PatientId(key)
        for batch in in_batches(ids)
        for key in tx.connection.scalars(statement.where(patient.c.id.in_(batch)))
    }
