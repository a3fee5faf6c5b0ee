"""What we asked and still await."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, Update, bindparam, select, update

from reminders.core.cadences import QuestionKind
from reminders.core.conversation.thread import OpenQuestion
from reminders.core.delivery import IN_FLIGHT, WAITING
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId, PatientId
from reminders.store.batches import in_batches
from reminders.store.bulk import insert_rows
from reminders.store.conversation_rows import question
from reminders.store.links import Link
from reminders.store.rows import link, message
from reminders.store.sets import listed
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction


class Asked(NamedTuple):
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
    insert_rows(tx, question, [{**item._asdict(), "asked_at": now} for item in items])


def still_open(
    tx: Transaction, senders: Sequence[Collection[ContactId]], *, now: datetime
) -> list[list[tuple[OpenQuestion, ...]]]:
    """Return for each sender, given as its addresses, what is open that messages which left asked patients there.

    That is what is neither answered nor expired. The newest message's questions come first; what was asked a second
    time counts from then. What escorts are asked is another conversation.
    """
    given = {"ids": [key for ids in senders for key in ids], "now": now}
    asked: dict[UUID, list[Row[Any]]] = {}
    for row in tx.connection.execute(_still_open(is_postgres=tx.is_postgres), given).all():
        asked.setdefault(row.contact_id, []).append(row)
    return [_by_message([row for key in ids for row in asked.get(key, ())]) for ids in senders]


def _by_message(rows: Sequence[Row[Any]]) -> list[tuple[OpenQuestion, ...]]:
    found: dict[UUID, list[Row[Any]]] = {}
    for row in sorted(rows, key=lambda row: (row.expires_at, row.id)):
        found.setdefault(row.message_id, []).append(row)
    return [tuple(_questions(some)) for some in sorted(found.values(), key=_asked_at, reverse=True)]


@cache
def _still_open(*, is_postgres: bool) -> Select[Any]:
    columns = question.c
    is_waiting = columns.answered_at.is_(None) & columns.lapsed_at.is_(None)
    is_asked = (columns.kind != plain(QuestionKind.PICK_UP)) & message.c.left_at.is_not(None)
    return (
        select(question, message.c.left_at)
        .join(message, message.c.id == columns.message_id)
        .where(listed(columns.contact_id, "ids", is_postgres=is_postgres), is_waiting, is_asked)
        .where(columns.expires_at > bindparam("now", type_=columns.expires_at.type))
    )


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


def mark_answered(tx: Transaction, about: Collection[AppointmentId], kind: QuestionKind, *, now: datetime) -> None:
    """Close the questions of one kind about appointments."""
    given = {"ids": sorted(about), "asked": kind, "now": now}
    tx.connection.execute(_answered(is_postgres=tx.is_postgres), given)


@cache
def _answered(*, is_postgres: bool) -> Update:
    theirs = listed(question.c.appointment_id, "ids", is_postgres=is_postgres)
    is_such = question.c.kind == bindparam("asked", type_=question.c.kind.type)
    here = update(question).where(theirs, is_such, question.c.answered_at.is_(None))
    return here.values(answered_at=bindparam("now", type_=question.c.answered_at.type))
