"""Escorts' own consents as stored: append-only, the newest word of a phone about a patient holds (requirement 52)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import insert, or_, select

from reminders.core.appointments import Appointment
from reminders.core.escorts import EscortConsent, EscortWord
from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.core.patients import Channel
from reminders.store.batches import in_batches
from reminders.store.rows import contact, escort_consent
from reminders.store.sets import among
from reminders.store.unit_of_work import Transaction


def willing(tx: Transaction, ids: Collection[PatientId]) -> set[tuple[PatientId, str]]:
    """Return (patient, phone) of everybody who agreed to be texted about fetching that patient, and still does.

    Who opted out since, by STOP, agrees no longer; nor is a number of use that is known not to work.
    """
    if not ids:
        return set()
    newest: dict[tuple[PatientId, bytes], tuple[str, bool]] = {}
    for batch in in_batches(ids):
        statement = select(escort_consent).where(among(tx, escort_consent.c.patient_id, batch))
        for row in tx.connection.execute(statement.order_by(escort_consent.c.recorded_at, escort_consent.c.id)).all():
            phone = tx.vault.open("escort_consent.phone", row.id, row.phone)
            newest[PatientId(row.patient_id), row.phone_index] = (phone, row.is_granted)
    agreed = {(key, index): phone for (key, index), (phone, is_granted) in newest.items() if is_granted}
    closed = _closed(tx, {index for _, index in agreed})
    return {(key, phone) for (key, index), phone in agreed.items() if index not in closed}


def unasked(tx: Transaction, pairs: Collection[tuple[PatientId, str]]) -> set[tuple[PatientId, str]]:
    """Return those (patient, phone) of whom nobody ever recorded a word, yes or no, and whose number is open.

    They may be asked whether we may text them; a no, an opt-out or a number that does not work ends that for good.
    """
    if not pairs:
        return set()
    indexes = {pair: tx.vault.index(pair[1]) for pair in pairs}
    said: set[tuple[PatientId, bytes]] = set()
    for batch in in_batches({key for key, _ in pairs}):
        statement = select(escort_consent.c.patient_id, escort_consent.c.phone_index)
        rows = tx.connection.execute(statement.where(among(tx, escort_consent.c.patient_id, batch)))
        said |= {(PatientId(row.patient_id), row.phone_index) for row in rows}
    closed = _closed(tx, set(indexes.values()))
    return {pair for pair, index in indexes.items() if (pair[0], index) not in said and index not in closed}


def words(tx: Transaction, booked: Collection[Appointment]) -> dict[AppointmentId, EscortWord]:
    """Return whether the person whom each of these bookings names may be texted; those that name nobody are absent."""
    named = {item.id: (item.patient_id, item.booking.escort_phone) for item in booked if item.booking.escort_phone}
    pairs = {(patient_id, phone) for patient_id, phone in named.values() if phone}
    agreed = willing(tx, {patient_id for patient_id, _ in pairs})
    strangers = unasked(tx, pairs - agreed)
    return {
        key: EscortWord.AGREED if pair in agreed else EscortWord.UNASKED if pair in strangers else EscortWord.SILENT
        for key, pair in named.items()
    }


def _closed(tx: Transaction, indexes: Collection[bytes]) -> set[bytes]:
    """Return the phones that no clinic may write to: an opt-out holds for all of them."""
    is_shut = or_(contact.c.opted_out_at.is_not(None), contact.c.fault_at.is_not(None))
    here = select(contact.c.address_index).where(contact.c.channel == Channel.SMS, is_shut)
    return {
        index
        for batch in in_batches(indexes)
        for index in tx.connection.scalars(here.where(among(tx, contact.c.address_index, batch)))
    }


def record(tx: Transaction, item: EscortConsent) -> None:
    """Append what an escort said."""
    values = {
        "id": item.id,
        "clinic_id": item.clinic_id,
        "patient_id": item.patient_id,
        "phone": tx.vault.seal("escort_consent.phone", item.id, item.phone),
        "phone_index": tx.vault.index(item.phone),
        "is_granted": item.is_granted,
        "note": tx.vault.seal("escort_consent.note", item.id, item.note),
        "recorded_by": item.recorded_by,
        "recorded_at": item.recorded_at,
    }
    tx.connection.execute(insert(escort_consent).values(values))


def of_patient(tx: Transaction, patient_id: PatientId) -> list[EscortConsent]:
    """Return all that escorts of a patient ever said, the newest first."""
    statement = select(escort_consent).where(escort_consent.c.patient_id == patient_id)
    rows = tx.connection.execute(statement.order_by(escort_consent.c.recorded_at.desc(), escort_consent.c.id.desc()))
    return [
        EscortConsent(
            id=row.id,
            clinic_id=ClinicId(row.clinic_id),
            patient_id=PatientId(row.patient_id),
            phone=tx.vault.open("escort_consent.phone", row.id, row.phone),
            is_granted=row.is_granted,
            note=tx.vault.open("escort_consent.note", row.id, row.note),
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )
        for row in rows
    ]


def fetching(tx: Transaction, addresses: Collection[str]) -> set[tuple[ClinicId, PatientId]]:
    """Return the patients whom somebody with one of these phones was asked to fetch, at every clinic."""
    statement = select(escort_consent.c.clinic_id, escort_consent.c.patient_id)
    return {
        (ClinicId(row.clinic_id), PatientId(row.patient_id))
        for batch in in_batches({tx.vault.index(address) for address in addresses})
        for row in tx.connection.execute(statement.where(among(tx, escort_consent.c.phone_index, batch))).all()
    }
