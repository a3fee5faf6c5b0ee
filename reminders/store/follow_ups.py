"""Questions that nobody answered yet, as the sweep finds them: to be asked again, or over.

The statements go by the index of open questions, a clinic or a batch at a time, so that a sweep that finds nothing
costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, select, update

from reminders.core.cadences import QuestionKind
from reminders.core.delivery import MessageState
from reminders.core.ids import AppointmentId, ClinicId, ContactId, PatientId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.store.batches import in_batches
from reminders.store.conversation_rows import check_in, question
from reminders.store.message_news import cancel
from reminders.store.rows import message
from reminders.store.unit_of_work import Transaction

IS_OPEN = question.c.answered_at.is_(None) & question.c.lapsed_at.is_(None)
ARRIVES = (MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED)
"""Nobody is reminded of a message that they did not get."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A question without an answer; `left_at` is None where it was never asked."""

    id: UUID
    clinic_id: ClinicId
    patient_id: PatientId
    contact_id: ContactId
    appointment_id: AppointmentId
    message_id: UUID
    kind: QuestionKind
    channel: Channel
    left_at: datetime | None
    expires_at: datetime


def to_nudge(tx: Transaction, clinic_id: ClinicId, *, left_before: datetime, expires_after: datetime) -> list[Silence]:
    """Return a clinic's check-in questions that may be asked again, the latest first.

    Whoever answered in words was asked for a number then, and is not asked a third time.
    """
    has_words = exists().where(check_in.c.question_id == question.c.id)
    statement = (
        _silences()
        .where(IS_OPEN, question.c.clinic_id == clinic_id, question.c.asked_at <= left_before)
        .where(question.c.kind == QuestionKind.CHECK_IN, question.c.nudged_at.is_(None), ~has_words)
        .where(question.c.expires_at >= expires_after, message.c.left_at <= left_before)
        .where(message.c.state.in_(ARRIVES))
    )
    rows = tx.connection.execute(statement.order_by(message.c.left_at.desc(), question.c.id))
    return [_silence(row) for row in rows]


def mark_nudged(tx: Transaction, ids: Collection[UUID], *, now: datetime) -> set[UUID]:
    """Take these questions to be asked again; return those that no other sweep took and nobody answered meanwhile."""
    is_free = IS_OPEN & question.c.nudged_at.is_(None)
    mine = _lock(tx, ids, is_free)
    for batch in in_batches(mine):
        tx.connection.execute(update(question).where(question.c.id.in_(batch)).values(nudged_at=now))
    return set(mine)


def over(tx: Transaction, *, now: datetime, limit: int) -> list[Silence]:
    """Return questions of every kind whose time to be answered is over, locked; another sweep keeps what it holds."""
    statement = _silences().where(IS_OPEN, question.c.expires_at <= now).order_by(question.c.id).limit(limit)
    rows = tx.connection.execute(statement.with_for_update(skip_locked=True, key_share=True, of=question))
    return [_silence(row) for row in rows]


def mark_lapsed(tx: Transaction, ids: Collection[UUID], *, now: datetime) -> None:
    """Remember that nobody answered these while it counted."""
    for batch in in_batches(ids):
        tx.connection.execute(update(question).where(question.c.id.in_(batch), IS_OPEN).values(lapsed_at=now))


def cancel_nudges(tx: Transaction, clinic_id: ClinicId, keys: Collection[str], *, now: datetime) -> None:
    """End the nudges, by their request keys, that have not left: the answer came first."""
    for batch in in_batches(keys):
        here = (message.c.clinic_id == clinic_id) & message.c.request_key.in_(batch)
        cancel(tx, here, reason=Reason.ANSWERED, now=now)


def _lock(tx: Transaction, ids: Collection[UUID], where: ColumnElement[bool]) -> Sequence[UUID]:
    locked = select(question.c.id).where(where).order_by(question.c.id)
    return [
        key
        for batch in in_batches(sorted(ids))
        for key in tx.connection.scalars(
            locked.where(question.c.id.in_(batch)).with_for_update(skip_locked=True, key_share=True)
        )
    ]


def _silences() -> Select[Any]:
    columns = (message.c.channel, message.c.left_at)
    return select(question, *columns).join(message, message.c.id == question.c.message_id)


def _silence(row: Row[Any]) -> Silence:
    return Silence(
        id=row.id,
        clinic_id=ClinicId(row.clinic_id),
        patient_id=PatientId(row.patient_id),
        contact_id=ContactId(row.contact_id),
        appointment_id=AppointmentId(row.appointment_id),
        message_id=row.message_id,
        kind=row.kind,
        channel=row.channel,
        left_at=row.left_at,
        expires_at=row.expires_at,
    )
