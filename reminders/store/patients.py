"""Patients as stored: sealed names and addresses, found by the clinic's own id or by an address."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select, update

from reminders.core.ids import ClinicId, PatientId
from reminders.core.patients import NO_OVERRIDE, Channel, Override, Patient, PatientRecord, Terms
from reminders.core.search_words import RULE
from reminders.store import overrides, search_tokens
from reminders.store.batches import in_batches
from reminders.store.bulk import ROWS_AT_ONCE, insert_rows
from reminders.store.contacts import closed_indexes
from reminders.store.rows import consent_event, patient, patient_override
from reminders.store.sets import among, listed
from reminders.store.unit_of_work import Transaction

Called = tuple[PatientId, ClinicId, str, str]
"""Somebody who is found: id, clinic, the clinic's own id, name."""
WITH_OVERRIDE = select(patient, patient_override.c.document.label("override")).outerjoin(
    patient_override, (patient_override.c.patient_id == patient.c.id) & overrides.IS_CURRENT
)
CALLED = (patient.c.id, patient.c.clinic_id, patient.c.external_id, patient.c.name)
RECORD = tuple(patient.c[item.name] for item in fields(PatientRecord))
"""What a record is made of."""
TERMS = tuple(patient.c[item.name] for item in fields(Terms))
"""What says how somebody is written to: none of it is sealed."""
SEARCHABLE = {"search_rule": RULE}


def by_external_id(tx: Transaction, clinic_id: ClinicId) -> dict[str, tuple[PatientId, PatientRecord]]:
    """Return every patient of a clinic under the clinic's own id."""
    rows = tx.connection.execute(select(patient.c.id, *RECORD).where(patient.c.clinic_id == clinic_id))
    return {record.external_id: (PatientId(key), record) for key, *its in rows for record in [_opened(tx, key, its)]}


def named(
    tx: Transaction, clinic_id: ClinicId, names: Collection[str], ids: Collection[PatientId] = ()
) -> dict[str, tuple[PatientId, PatientRecord]]:
    """Return those patients of a clinic that it calls so, or that have these ids, under the clinic's own id."""
    wanted = among(tx, patient.c.external_id, names) | among(tx, patient.c.id, ids)
    rows = tx.connection.execute(select(patient).where(patient.c.clinic_id == clinic_id, wanted))
    return {row.external_id: (PatientId(row.id), _record(tx, row)) for row in rows}


def get_many(tx: Transaction, clinic_id: ClinicId, ids: Collection[PatientId]) -> dict[PatientId, Patient]:
    """Return patients with the channels that are closed to us, and what staff changed for them."""
    statement = _with_override(is_postgres=tx.is_postgres)
    rows = [row for batch in in_batches(ids) for row in tx.connection.execute(statement, {"ids": batch}).all()]
    indexes = [index for row in rows for index in (row.phone_index, row.email_index) if index is not None]
    closed: dict[tuple[bytes, Channel], bool] = {}
    for batch in in_batches(indexes):
        closed |= closed_indexes(tx, clinic_id, batch)
    return {PatientId(row.id): _patient(tx, row, closed, _override(row)) for row in rows}


def first_seen(
    tx: Transaction, clinic_id: ClinicId, records: Mapping[PatientId, PatientRecord]
) -> dict[PatientId, Patient]:
    """Return patients who are about to be stored, with the channels that are closed to us."""
    indexes = {key: (_index(tx, record.phone), _index(tx, record.email)) for key, record in records.items()}
    closed: dict[tuple[bytes, Channel], bool] = {}
    for batch in in_batches({index for pair in indexes.values() for index in pair if index is not None}):
        closed |= closed_indexes(tx, clinic_id, batch)
    found = {}
    for key, record in records.items():
        shut, faulty = _shut(indexes[key], closed)
        found[key] = Patient(key, record, shut, NO_OVERRIDE, faulty)
    return found


def _override(row: Row[Any]) -> Override:
    return NO_OVERRIDE if row.override is None else overrides.from_document(row.override)


def to_hold(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for how to write to the patients whose ids are given under a name, whichever clinic they are of.

    Everybody else is kept from making messages for them until the transaction ends. What staff changed of their cadence
    is not looked up: it is to be read after the lock and not beside it.
    """
    theirs = select(patient.c.id, *TERMS).where(listed(patient.c.id, name, is_postgres=is_postgres))
    return theirs.order_by(patient.c.id).with_for_update(key_share=True)


def from_rows(rows: Sequence[Any]) -> dict[PatientId, Terms]:
    """Return how to write to patients, of rows as `to_hold` asks for them."""
    return {PatientId(key): Terms(*stored) for key, *stored in rows}


@cache
def _with_override(*, is_postgres: bool) -> Select[Any]:
    return WITH_OVERRIDE.where(listed(patient.c.id, "ids", is_postgres=is_postgres))


@dataclass(frozen=True, slots=True)
class Reached:
    """Who somebody is and by which number they are phoned: what a list of tasks says of them."""

    external_id: str
    name: str
    phone: str | None


def reached(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, Reached]:
    """Return whom to phone, whichever clinic they are of, and nothing besides: no e-mail is opened."""
    statement = select(patient.c.id, patient.c.external_id, patient.c.name, patient.c.phone)
    return {
        PatientId(row.id): Reached(
            row.external_id,
            tx.vault.open("patient.name", row.id, row.name),
            tx.vault.open_optional("patient.phone", row.id, row.phone),
        )
        for batch in in_batches(ids)
        for row in tx.connection.execute(statement.where(among(tx, patient.c.id, batch))).all()
    }


def names_of(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, tuple[str, str]]:
    """Return (the clinic's own id, name) of these patients."""
    statement = select(patient.c.id, patient.c.external_id, patient.c.name)
    return {
        PatientId(row.id): (row.external_id, tx.vault.open("patient.name", row.id, row.name))
        for batch in in_batches(ids)
        for row in tx.connection.execute(statement.where(among(tx, patient.c.id, batch))).all()
    }


def known_as(
    tx: Transaction, within: Collection[ClinicId], names: Collection[str], ids: Collection[PatientId] = ()
) -> list[Called]:
    """Return those whom these clinics call so, or who have these ids; opens no other name than theirs."""
    wanted = among(tx, patient.c.external_id, names) | among(tx, patient.c.id, ids)
    rows = tx.connection.execute(select(*CALLED).where(patient.c.clinic_id.in_(within), wanted))
    return [_called(tx, row) for row in rows]


def with_name(
    tx: Transaction,
    within: Collection[ClinicId],
    is_meant: Callable[[str], bool],
    *,
    words: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Called]:
    """Return those at these clinics whose name is meant.

    Where they must have these words of the index, only such names are opened, and so many at most; else every name.
    """
    rows = tx.connection.execute(select(*CALLED).where(_may_be_meant(tx, within, words)).limit(limit))
    opened = ((*its, tx.vault.open("patient.name", its[0], sealed)) for *its, sealed in rows)
    return [(PatientId(key), ClinicId(clinic), own, name) for key, clinic, own, name in opened if is_meant(name)]


def with_phone(
    tx: Transaction,
    within: Collection[ClinicId],
    is_meant: Callable[[str], bool],
    *,
    words: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Called]:
    """Return those at these clinics whose phone is meant, likewise. Opens the names that are told."""
    here = _may_be_meant(tx, within, words) & patient.c.phone.is_not(None)
    rows = tx.connection.execute(select(*CALLED, patient.c.phone).where(here).limit(limit))
    return [_called(tx, row) for row in rows if is_meant(tx.vault.open("patient.phone", row.id, row.phone))]


def _may_be_meant(tx: Transaction, within: Collection[ClinicId], words: Collection[str] | None) -> ColumnElement[bool]:
    theirs = patient.c.clinic_id.in_(within)
    return theirs if words is None else theirs & search_tokens.found_under(tx, within, words)


def _called(tx: Transaction, row: Row[*tuple[Any, ...]]) -> Called:
    name = tx.vault.open("patient.name", row.id, row.name)
    return PatientId(row.id), ClinicId(row.clinic_id), row.external_id, name


def clinic_of(tx: Transaction, patient_id: PatientId) -> ClinicId | None:
    """Return the clinic of a patient; None for nobody's id."""
    found = tx.connection.scalar(select(patient.c.clinic_id).where(patient.c.id == patient_id))
    return None if found is None else ClinicId(found)


def count(tx: Transaction, within: Collection[ClinicId]) -> int:
    """Return how many patients these clinics have."""
    here = select(func.count()).select_from(patient).where(patient.c.clinic_id.in_(within))
    return tx.connection.scalar(here) or 0


def external_ids(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, str]:
    """Return what their clinics call these patients; opens no field."""
    return {
        PatientId(row.id): row.external_id
        for batch in in_batches(ids)
        for row in tx.connection.execute(
            select(patient.c.id, patient.c.external_id).where(among(tx, patient.c.id, batch))
        )
    }


def find(tx: Transaction, clinic_id: ClinicId, external_id: str) -> PatientId | None:
    """Return whom a clinic calls by this id."""
    here = (patient.c.clinic_id == clinic_id) & (patient.c.external_id == external_id)
    found = tx.connection.scalar(select(patient.c.id).where(here))
    return None if found is None else PatientId(found)


def _patient(
    tx: Transaction, row: Row[Any], closed: Mapping[tuple[bytes, Channel], bool], override: Override
) -> Patient:
    shut, faulty = _shut((row.phone_index, row.email_index), closed)
    return Patient(PatientId(row.id), _record(tx, row), shut, override, faulty)


def _shut(
    indexes: tuple[bytes | None, bytes | None], closed: Mapping[tuple[bytes, Channel], bool]
) -> tuple[frozenset[Channel], frozenset[Channel]]:
    """Return the channels that are closed, and those of them that only do not work."""
    places = [(index, channel) for index, channel in zip(indexes, Channel, strict=True) if index is not None]
    shut = {channel: closed[index, channel] for index, channel in places if (index, channel) in closed}
    return frozenset(shut), frozenset(channel for channel, is_faulty in shut.items() if is_faulty)


Person = tuple[ClinicId, PatientId]


def at_address(tx: Transaction, address: str) -> list[Person]:
    """Return everybody whom a phone or mailbox may belong to, at every clinic."""
    return at_each(tx, [address])[address]


def at_each(tx: Transaction, addresses: Collection[str]) -> dict[str, list[Person]]:
    """Return likewise whom each of some phones and mailboxes may belong to."""
    indexes = {address: tx.vault.index(address) for address in addresses}
    found: dict[bytes, set[Person]] = {index: set() for index in indexes.values()}
    for batch in in_batches(found):
        for row in tx.connection.execute(_reachable(is_postgres=tx.is_postgres), {"ids": batch}).all():
            for index in {row.phone_index, row.email_index} & found.keys():
                found[index].add((ClinicId(row.clinic_id), PatientId(row.id)))
    # One mailbox may be spelt in several ways, and each is asked for.
    return {address: sorted(found[index], key=lambda person: person[1]) for address, index in indexes.items()}


def at_addresses(tx: Transaction, addresses: Collection[str]) -> set[Person]:
    """Return everybody whom one of these phones or mailboxes may belong to, at every clinic."""
    return {person for people in at_each(tx, addresses).values() for person in people}


@cache
def _reachable(*, is_postgres: bool) -> Select[Any]:
    by_phone, by_mail = (
        listed(column, "ids", is_postgres=is_postgres) for column in (patient.c.phone_index, patient.c.email_index)
    )
    columns = (patient.c.clinic_id, patient.c.id, patient.c.phone_index, patient.c.email_index)
    return select(*columns).where(by_phone | by_mail)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a patient is written to: in which language, and what staff changed for them. No field is opened for it."""

    language: str
    override: Override


def manners(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, Manner]:
    """Return how patients of any clinic are written to."""
    rows = tx.connection.execute(_manners(is_postgres=tx.is_postgres), {"ids": list(ids)}).all()
    return {PatientId(row.id): Manner(row.language, _override(row)) for row in rows}


@cache
def _manners(*, is_postgres: bool) -> Select[Any]:
    columns = (patient.c.id, patient.c.language, patient_override.c.document.label("override"))
    changed = (patient_override.c.patient_id == patient.c.id) & overrides.IS_CURRENT
    held = select(*columns).outerjoin(patient_override, changed)
    return held.where(listed(patient.c.id, "ids", is_postgres=is_postgres))


def save_many(
    tx: Transaction, clinic_id: ClinicId, records: Mapping[PatientId, tuple[PatientRecord, PatientRecord | None]]
) -> None:
    """Insert or update patients, each given as (what it is now, what it was; None where it is new)."""
    new = {key: record for key, (record, before) in records.items() if before is None}
    for batch in in_batches(new, ROWS_AT_ONCE):
        insert_rows(tx, patient, [_values(tx, clinic_id, key, new[key]) | SEARCHABLE for key in batch])
        search_tokens.add_tokens(tx, clinic_id, _found_by({key: new[key] for key in batch}))
    renamed: dict[PatientId, PatientRecord] = {}
    for key, (record, before) in records.items():
        if before is None:
            continue
        values = _values(tx, clinic_id, key, record)
        if (record.name, record.phone) != (before.name, before.phone):
            renamed[key] = record
            values |= SEARCHABLE
        tx.connection.execute(update(patient).where(patient.c.id == key).values(values))
    search_tokens.replace_tokens(tx, clinic_id, _found_by(renamed))


def _found_by(people: Mapping[PatientId, PatientRecord]) -> dict[PatientId, tuple[str, str | None]]:
    return {key: (record.name, record.phone) for key, record in people.items()}


def record_consents(
    tx: Transaction, events: Sequence[tuple[UUID, ClinicId, PatientId, Channel, bool]], *, source: str, now: datetime
) -> None:
    """Append to the ledger of consents."""
    rows = [
        {
            "id": event_id,
            "clinic_id": clinic_id,
            "patient_id": patient_id,
            "channel": channel,
            "is_granted": is_granted,
            "source": source,
            "recorded_at": now,
        }
        for event_id, clinic_id, patient_id, channel, is_granted in events
    ]
    insert_rows(tx, consent_event, rows)


def consents_of(tx: Transaction, patient_id: PatientId) -> list[tuple[Channel, bool, str, datetime]]:
    """Return the ledger of a patient's consents, oldest first: channel, given or taken back, source, when."""
    statement = select(consent_event).where(consent_event.c.patient_id == patient_id)
    rows = tx.connection.execute(statement.order_by(consent_event.c.recorded_at, consent_event.c.id))
    return [(row.channel, row.is_granted, row.source, row.recorded_at) for row in rows]


def _values(tx: Transaction, clinic_id: ClinicId, key: PatientId, record: PatientRecord) -> dict[str, Any]:
    vault = tx.vault
    return {
        "id": key,
        "clinic_id": clinic_id,
        "external_id": record.external_id,
        "name": vault.seal("patient.name", key, record.name),
        "phone": vault.seal_optional("patient.phone", key, record.phone),
        "phone_index": _index(tx, record.phone),
        "email": vault.seal_optional("patient.email", key, record.email),
        "email_index": _index(tx, record.email),
        "language": record.language,
        "timezone": record.timezone,
        "has_sms_consent": record.has_sms_consent,
        "has_email_consent": record.has_email_consent,
    }


def _index(tx: Transaction, address: str | None) -> bytes | None:
    return tx.vault.index(address) if address else None


def _record(tx: Transaction, row: Row[Any]) -> PatientRecord:
    return _opened(tx, row.id, [getattr(row, column.name) for column in RECORD])


def _opened(tx: Transaction, key: UUID, stored: Sequence[Any]) -> PatientRecord:
    """Return what the columns of `RECORD` say."""
    own, name, phone, email, *others = stored
    return PatientRecord(
        own,
        tx.vault.open("patient.name", key, name),
        tx.vault.open_optional("patient.phone", key, phone),
        tx.vault.open_optional("patient.email", key, email),
        *others,
    )
