"""The ledger of permissions as stored: it can be added to and read, and this module offers nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, exists, func, insert, or_, select

from reminders.core.consent import Subject
from reminders.core.feed import FeedEvent, FeedKind
from reminders.core.ids import ClinicId, ContactId, InboundId, PatientId
from reminders.core.permissions import ClosedAddress, PastPermission, PermissionEvent
from reminders.store import events as feed
from reminders.store.conversation_rows import inbound, permission_event
from reminders.store.rows import contact, patient
from reminders.store.sets import listed
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction


def append(tx: Transaction, events: Sequence[PermissionEvent]) -> None:
    """Add to the ledger."""
    if events:
        tx.connection.execute(insert(permission_event), [_values(tx, event) for event in events])
        feed.add(tx, [_news(event) for event in events if event.subject is Subject.MESSAGES])


def _news(event: PermissionEvent) -> FeedEvent:
    kind = FeedKind.PATIENT_OPTED_IN if event.is_granted else FeedKind.PATIENT_OPTED_OUT
    means: dict[str, str | int | None] = {"by": event.source}
    return FeedEvent(kind, event.clinic_id, "contact", event.contact_id, event.recorded_at, event.patient_id, means)


def of_patient(tx: Transaction, clinic_id: ClinicId, patient_id: PatientId, *, has_texts: bool) -> list[PastPermission]:
    """Return all that was said by a patient, or by somebody unknown of one of their present addresses; oldest first.

    What was said by text has its words only where texts are asked for; what staff noted has them always.
    """
    index = contact.c.address_index
    is_theirs = exists().where(
        patient.c.id == patient_id, or_(patient.c.phone_index == index, patient.c.email_index == index)
    )
    mine = or_(permission_event.c.patient_id == patient_id, permission_event.c.patient_id.is_(None) & is_theirs)
    places = permission_event.join(contact, contact.c.id == permission_event.c.contact_id)
    texts = places.outerjoin(inbound, inbound.c.id == permission_event.c.inbound_id)
    columns = (permission_event, contact.c.channel, contact.c.address, inbound.c.body)
    statement = select(*columns).select_from(texts).where(permission_event.c.clinic_id == clinic_id, mine)
    ordered = statement.order_by(permission_event.c.recorded_at, permission_event.c.id)
    return [_past(tx, row, has_texts=has_texts) for row in tx.connection.execute(ordered)]


def last_stops(tx: Transaction, contacts: Collection[ContactId]) -> dict[ContactId, datetime]:
    """Return when the last text came that opted out of each of these addresses; those without one are left out."""
    rows = tx.connection.execute(_last_stops(is_postgres=tx.is_postgres), {"ids": list(contacts)}).all()
    return {ContactId(row.contact_id): row.at for row in rows}


@cache
def _last_stops(*, is_postgres: bool) -> Select[Any]:
    said = permission_event.c
    is_stop = said.is_granted.is_(False) & (said.subject == plain(Subject.MESSAGES))
    return (
        select(said.contact_id, func.max(inbound.c.received_at).label("at"))
        .join(inbound, inbound.c.id == said.inbound_id)
        .where(listed(said.contact_id, "ids", is_postgres=is_postgres), is_stop)
        .group_by(said.contact_id)
    )


def closed(tx: Transaction, clinic_id: ClinicId) -> list[ClosedAddress]:
    """Return the addresses of a clinic that are opted out, the newest first."""
    index = contact.c.address_index
    theirs = (patient.c.clinic_id == clinic_id) & or_(patient.c.phone_index == index, patient.c.email_index == index)
    statement = select(contact, patient.c.external_id).select_from(contact.outerjoin(patient, theirs))
    here = statement.where(contact.c.clinic_id == clinic_id, contact.c.opted_out_at.is_not(None))
    found: dict[ContactId, tuple[Row[Any], list[str]]] = {}
    ordered = here.order_by(contact.c.opted_out_at.desc(), contact.c.id, patient.c.external_id)
    for row in tx.connection.execute(ordered):
        _, names = found.setdefault(ContactId(row.id), (row, []))
        names += [] if row.external_id is None else [row.external_id]
    return [
        ClosedAddress(
            row.channel,
            tx.vault.open("contact.address", row.id, row.address),
            row.opted_out_at,
            row.opted_out_by or "",
            tuple(names),
        )
        for row, names in found.values()
    ]


def _values(tx: Transaction, event: PermissionEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "clinic_id": event.clinic_id,
        "contact_id": event.contact_id,
        "patient_id": event.patient_id,
        "inbound_id": event.inbound_id,
        "subject": event.subject,
        "is_granted": event.is_granted,
        "source": event.source,
        "words": tx.vault.seal("permission_event.words", event.id, event.words) if event.words else None,
        "recorded_by": event.recorded_by,
        "asked_on": event.asked_on,
        "due_on": event.due_on,
        "recorded_at": event.recorded_at,
    }


def _past(tx: Transaction, row: Row[Any], *, has_texts: bool) -> PastPermission:
    event = PermissionEvent(
        id=row.id,
        clinic_id=ClinicId(row.clinic_id),
        contact_id=ContactId(row.contact_id),
        patient_id=None if row.patient_id is None else PatientId(row.patient_id),
        subject=row.subject,
        is_granted=row.is_granted,
        source=row.source,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        words=_words(tx, row, has_texts=has_texts),
        inbound_id=None if row.inbound_id is None else InboundId(row.inbound_id),
        asked_on=row.asked_on,
        due_on=row.due_on,
    )
    return PastPermission(event, row.channel, tx.vault.open("contact.address", row.contact_id, row.address))


def _words(tx: Transaction, row: Row[Any], *, has_texts: bool) -> str:
    if row.words:
        return tx.vault.open("permission_event.words", row.id, row.words)
    return tx.vault.open("inbound.body", row.inbound_id, row.body) if row.body and has_texts else ""
