"""What we asked and still await."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update

from reminders.core.actions import OpenQuestion
from reminders.core.cadences import QuestionKind
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId, PatientId
from reminders.store.rows import message, question
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
    if items:
        tx.connection.execute(insert(question), [{**asdict(item), "asked_at": now} for item in items])


def latest(tx: Transaction, contacts: Collection[ContactId], *, now: datetime) -> OpenQuestion | None:
    """Return what this address was last asked, if it left, is not answered and has not expired."""
    statement = (
        select(question.c.kind, question.c.appointment_id, question.c.version)
        .join(message, message.c.id == question.c.message_id)
        .where(question.c.contact_id.in_(contacts), question.c.answered_at.is_(None), question.c.expires_at > now)
        .where(message.c.left_at.is_not(None))
        .order_by(message.c.left_at.desc())
        .limit(1)
    )
    row = tx.connection.execute(statement).one_or_none()
    return None if row is None else OpenQuestion(row.kind, AppointmentId(row.appointment_id), row.version)


def mark_answered(tx: Transaction, appointment_id: AppointmentId, kind: QuestionKind, *, now: datetime) -> None:
    """Close the questions of one kind about an appointment."""
    here = (question.c.appointment_id == appointment_id) & (question.c.kind == kind)
    tx.connection.execute(update(question).where(here, question.c.answered_at.is_(None)).values(answered_at=now))
