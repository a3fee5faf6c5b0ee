"""What was sent to somebody who fetches patients, as far as it tells what their answer is about."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, select, update

from reminders.core.cadences import QuestionKind
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId, PatientId
from reminders.core.patients import Recipient
from reminders.core.pick_ups import Errand
from reminders.store.conversation_rows import question
from reminders.store.rows import message
from reminders.store.sets import listed
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

NEWEST = 20
"""So many texts back somebody's answers are looked for."""


def errands(tx: Transaction, contacts: Collection[ContactId], *, now: datetime) -> list[Errand]:
    """Return what an address was lately told or asked of pick-ups, the newest first."""
    statement = (
        select(message)
        .where(message.c.contact_id.in_(contacts), message.c.recipient == Recipient.ESCORT)
        .where(message.c.left_at.is_not(None), message.c.appointment_id.is_not(None))
        .order_by(message.c.left_at.desc(), message.c.id)
        .limit(NEWEST)
    )
    rows = tx.connection.execute(statement).all()
    asked = _asked(tx, [MessageId(row.id) for row in rows]) if rows else {}
    found = []
    for row in rows:
        questions = asked.get(MessageId(row.id), [])
        own = (AppointmentId(row.appointment_id), row.version)
        about = dict.fromkeys([own, *((key, version) for key, version, _, _ in questions)])
        is_open = any(answered_at is None and expires_at > now for _, _, answered_at, expires_at in questions)
        person = ClinicId(row.clinic_id), PatientId(row.patient_id)
        found.append(Errand(*person, tuple(about), is_open=is_open, left_at=row.left_at))
    return found


def fetched_by(tx: Transaction, contacts: Collection[ContactId]) -> dict[ContactId, set[PatientId]]:
    """Return whom the holders of addresses fetch, or fetched: of whose sessions they were told or asked."""
    found: dict[ContactId, set[PatientId]] = {}
    for row in tx.connection.execute(_fetched(is_postgres=tx.is_postgres), {"ids": list(contacts)}).all():
        found.setdefault(ContactId(row.contact_id), set()).add(PatientId(row.patient_id))
    return found


@cache
def _fetched(*, is_postgres: bool) -> Select[Any]:
    told = message.c.recipient == plain(Recipient.ESCORT)
    has_left = message.c.left_at.is_not(None) & message.c.appointment_id.is_not(None)
    here = listed(message.c.contact_id, "ids", is_postgres=is_postgres)
    return select(message.c.contact_id, message.c.patient_id).where(here, told, has_left).distinct()


def _asked(
    tx: Transaction, ids: Collection[MessageId]
) -> dict[MessageId, list[tuple[AppointmentId, int, datetime | None, datetime]]]:
    found: dict[MessageId, list[tuple[AppointmentId, int, datetime | None, datetime]]] = {}
    here = (question.c.message_id.in_(ids)) & (question.c.kind == QuestionKind.PICK_UP)
    for row in tx.connection.execute(select(question).where(here).order_by(question.c.expires_at, question.c.id)):
        asked = (AppointmentId(row.appointment_id), row.version, row.answered_at, row.expires_at)
        found.setdefault(MessageId(row.message_id), []).append(asked)
    return found


def last_asked(tx: Transaction, contacts: Collection[ContactId]) -> QuestionKind | None:
    """Return what an address was asked last, answered or not; None where nothing ever left that asked."""
    statement = (
        select(question.c.kind)
        .join(message, message.c.id == question.c.message_id)
        .where(question.c.contact_id.in_(contacts), message.c.left_at.is_not(None))
        .order_by(message.c.left_at.desc(), message.c.id.desc())
        .limit(1)
    )
    found: QuestionKind | None = tx.connection.scalar(statement)
    return found


def close(tx: Transaction, about: Collection[AppointmentId], *, now: datetime) -> None:
    """Close what was asked about the pick-ups from these sessions."""
    here = question.c.appointment_id.in_(about) & (question.c.kind == QuestionKind.PICK_UP)
    tx.connection.execute(update(question).where(here, question.c.answered_at.is_(None)).values(answered_at=now))
