"""What we asked and still await."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, update

from reminders.core.cadences import QuestionKind
from reminders.core.conversation.thread import OpenQuestion
from reminders.core.delivery import IN_FLIGHT, WAITING
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId, PatientId
from reminders.store.batches import in_batches
from reminders.store.bulk import insert_rows
from reminders.store.conversation_rows import question
from reminders.store.links import Link
from reminders.store.rows import link, message
from reminders.store.sets import among, listed
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a message asks about one version of an appointment."""

    id: UUID
    clinic_id: ClinicId
    patient_id: PatientId
    contact_id: ContactId
    appointment_id: AppointmentId
    message_id: MessageId
    version: int
    kind: QuestionKind
    expires_at: datetime


def ask(tx: Transaction, items: Sequence[Asked], *, now: datetime) -> None:
    """Remember what is asked."""
    names = [field.name for field in fields(Asked)]
    insert_rows(tx, question, [{name: getattr(item, name) for name in names} | {"asked_at": now} for item in items])


def still_open(tx: Transaction, contacts: Collection[ContactId], *, now: datetime) -> list[tuple[OpenQuestion, ...]]:
    """Return what messages that left to this address asked patients and is neither answered nor expired.

    The newest message's questions come first; what was asked a second time counts from then. What escorts are asked is
    another conversation.
    """
    columns = question.c
    statement = (
        select(question, message.c.left_at)
        .join(message, message.c.id == columns.message_id)
        .where(among(tx, columns.contact_id, contacts), columns.answered_at.is_(None), columns.lapsed_at.is_(None))
        .where(columns.expires_at > now, columns.kind != QuestionKind.PICK_UP, message.c.left_at.is_not(None))
        .order_by(columns.expires_at, columns.id)
    )
    by_message: dict[UUID, list[Row[Any]]] = {}
    for row in tx.connection.execute(statement).all():
        by_message.setdefault(row.message_id, []).append(row)
    newest_first = sorted(by_message.values(), key=_asked_at, reverse=True)
    return [tuple(_questions(rows)) for rows in newest_first]


def _asked_at(rows: Sequence[Row[Any]]) -> tuple[datetime, UUID]:
    """Return when a message asked, or asked again; of two that left at the same instant the newer is the later one."""
    return max(max(row.left_at, row.nudged_at or row.left_at) for row in rows), rows[0].message_id


def _questions(rows: Sequence[Row[Any]]) -> Iterator[OpenQuestion]:
    for kind in dict.fromkeys(row.kind for row in rows):
        mine = [row for row in rows if row.kind is kind]
        about = tuple((AppointmentId(row.appointment_id), row.version) for row in mine)
        yield OpenQuestion(kind, about, id=mine[0].id, patient_id=PatientId(mine[0].patient_id))


def asked(tx: Transaction, ids: Collection[AppointmentId]) -> set[tuple[AppointmentId, int, QuestionKind]]:
    """Return what was asked about appointments, or will be: (appointment, version, kind).

    What a message asked that ended without leaving was never asked.
    """
    statement = _asked(is_postgres=tx.is_postgres)
    return {
        (AppointmentId(row.appointment_id), row.version, row.kind)
        for batch in in_batches(ids)
        for row in tx.connection.execute(statement, {"ids": batch}).all()
    }


@cache
def _asked(*, is_postgres: bool) -> Select[Any]:
    is_said = message.c.left_at.is_not(None) | message.c.state.in_(sorted({*WAITING, *IN_FLIGHT}))
    columns = (question.c.appointment_id, question.c.version, question.c.kind)
    said = select(*columns).join(message, message.c.id == question.c.message_id).where(is_said)
    return said.where(listed(question.c.appointment_id, "ids", is_postgres=is_postgres))


def of_link(tx: Transaction, page: Link) -> list[tuple[AppointmentId, int]]:
    """Return the sessions that a patient's page speaks of, each with its version: those its message asked about.

    A page is made with its message's questions, at the same instant and for the same address. One whose message asked
    nothing speaks of its own session.
    """
    together = (link.c.contact_id == question.c.contact_id) & (link.c.made_at == question.c.asked_at)
    mine = together & (link.c.appointment_id == question.c.appointment_id)
    about = select(question.c.message_id).join(link, mine).where(link.c.id == page.id)
    statement = (
        select(question.c.appointment_id, question.c.version)
        .where(question.c.message_id.in_(about))
        .order_by(question.c.expires_at, question.c.id)
    )
    asked = [(AppointmentId(row.appointment_id), row.version) for row in tx.connection.execute(statement).all()]
    if asked or page.appointment_id is None or page.version is None:
        return asked
    return [(page.appointment_id, page.version)]


def mark_answered(tx: Transaction, appointment_id: AppointmentId, kind: QuestionKind, *, now: datetime) -> None:
    """Close the questions of one kind about an appointment."""
    here = (question.c.appointment_id == appointment_id) & (question.c.kind == kind)
    tx.connection.execute(update(question).where(here, question.c.answered_at.is_(None)).values(answered_at=now))
