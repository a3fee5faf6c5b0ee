"""Answers to check-ins as stored, append-only and with their words sealed, and the questions that they answer.

Where a person read a text otherwise, their newest reading says which score holds; every query here goes by that.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, case, exists, func, select, update

from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import CheckIn, Misread
from reminders.core.feed import FeedEvent, FeedKind
from reminders.core.ids import AppointmentId, ClinicId, ContactId, InboundId, PatientId
from reminders.core.tasks import TaskKind
from reminders.store import events
from reminders.store.batches import in_batches
from reminders.store.console_rows import correction
from reminders.store.conversation_rows import check_in, question
from reminders.store.links import Purpose
from reminders.store.once import insert_once
from reminders.store.rows import link, message, task
from reminders.store.unit_of_work import Transaction
from reminders.store.vault import token_hash

IN_ORDER = (check_in.c.answered_at, check_in.c.id)


def _newest(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Return a column of the newest correction of the text that brought an answer."""
    mine = select(column).where(correction.c.inbound_id == check_in.c.inbound_id)
    in_order = mine.order_by(correction.c.made_at.desc(), correction.c.id.desc())
    return in_order.limit(1).correlate(check_in).scalar_subquery()


_CORRECTED_BY = _newest(correction.c.made_by)
STANDING_SCORE = case((_CORRECTED_BY.is_not(None), _newest(correction.c.score)), else_=check_in.c.score)
"""The score that holds: what a person read in the text counts in the place of what we read, which stays in its row."""
_AS_IT_STANDS = select(
    check_in,
    STANDING_SCORE.label("standing"),
    _CORRECTED_BY.label("corrected_by"),
    _newest(correction.c.made_at).label("corrected_at"),
)


@dataclass(frozen=True, slots=True)
class NewCheckIn:
    """An answer about to be kept. `asked_at` is when the question left."""

    id: UUID
    clinic_id: ClinicId
    patient_id: PatientId
    appointment_id: AppointmentId
    question_id: UUID | None
    inbound_id: InboundId | None
    series_id: str | None
    score: int | None
    words: str
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AskedCheckIn:
    """A check-in question that left."""

    id: UUID
    left_at: datetime


def append(tx: Transaction, item: NewCheckIn, *, now: datetime) -> bool:
    """Keep an answer; False where the same text brought one already."""
    values = {
        "id": item.id,
        "clinic_id": item.clinic_id,
        "patient_id": item.patient_id,
        "appointment_id": item.appointment_id,
        "question_id": item.question_id,
        "inbound_id": item.inbound_id,
        "series_id": item.series_id,
        "score": item.score,
        "words": tx.vault.seal("check_in.words", item.id, item.words),
        "asked_at": item.asked_at,
        "answered_at": now,
    }
    is_new = insert_once(tx, check_in, values)
    if is_new and item.score is not None:
        about: dict[str, str | int | None] = {"appointment": str(item.appointment_id)}
        told = FeedEvent(FeedKind.CHECK_IN_SCORED, item.clinic_id, "check_in", item.id, now, item.patient_id, about)
        events.add(tx, [told])
    return is_new


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that a text brought."""

    id: UUID
    question_id: UUID | None
    answered_at: datetime


def kept(tx: Transaction, inbound_id: InboundId | None) -> Kept | None:
    """Return the answer that a text brought, where it brought one."""
    row = tx.connection.execute(select(check_in).where(check_in.c.inbound_id == inbound_id)).one_or_none()
    return None if row is None else Kept(row.id, row.question_id, row.answered_at)


def tell_correction(tx: Transaction, item: Kept, answer: NewCheckIn, *, now: datetime) -> None:
    """Say in the feed that another score holds of an answer than the one that was told."""
    about: dict[str, str | int | None] = {"appointment": str(answer.appointment_id)}
    told = FeedEvent(FeedKind.CHECK_IN_SCORED, answer.clinic_id, "check_in", item.id, now, answer.patient_id, about)
    events.add(tx, [told])


def of_patient(tx: Transaction, patient_id: PatientId, *, has_words: bool = False) -> list[CheckIn]:
    """Return every answer of a patient, in order of time; the words only where they are asked for."""
    rows = tx.connection.execute(_AS_IT_STANDS.where(check_in.c.patient_id == patient_id).order_by(*IN_ORDER))
    return [_check_in(tx, row, has_words=has_words) for row in rows]


def latest(tx: Transaction, ids: Collection[PatientId]) -> dict[PatientId, CheckIn]:
    """Return the newest answer of each of these patients."""
    place = func.row_number().over(partition_by=check_in.c.patient_id, order_by=[column.desc() for column in IN_ORDER])
    ranked = select(check_in.c.id, place.label("place"))
    found: dict[PatientId, CheckIn] = {}
    for batch in in_batches(ids):
        mine = ranked.where(check_in.c.patient_id.in_(batch)).subquery()
        newest = _AS_IT_STANDS.where(check_in.c.id.in_(select(mine.c.id).where(mine.c.place == 1)))
        found |= {
            PatientId(row.patient_id): _check_in(tx, row, has_words=True) for row in tx.connection.execute(newest)
        }
    return found


def times_unclear(tx: Transaction, question_id: UUID) -> int:
    """Count the answers to a question that were no score."""
    here = (check_in.c.question_id == question_id) & STANDING_SCORE.is_(None)
    return tx.connection.scalar(select(func.count()).select_from(check_in).where(here)) or 0


def asked(tx: Transaction, question_id: UUID | None, appointment_id: AppointmentId) -> AskedCheckIn | None:
    """Return a question by its id, or else the newest check-in question about a session that waits for its answer."""
    statement = select(question.c.id, message.c.left_at).join(message, message.c.id == question.c.message_id)
    if question_id is not None:
        statement = statement.where(question.c.id == question_id)
    else:
        is_open = question.c.answered_at.is_(None) & message.c.left_at.is_not(None)
        here = (question.c.appointment_id == appointment_id) & (question.c.kind == QuestionKind.CHECK_IN)
        statement = statement.where(here, is_open).order_by(message.c.left_at.desc(), question.c.id)
    row = tx.connection.execute(statement.limit(1)).one_or_none()
    return None if row is None else AskedCheckIn(row.id, row.left_at)


@dataclass(frozen=True, slots=True)
class LinkedCheckIn:
    """The check-in question behind a patient's page, and its score where it has one."""

    question_id: UUID
    clinic_id: ClinicId
    patient_id: PatientId
    contact_id: ContactId
    appointment_id: AppointmentId
    expires_at: datetime
    answered_at: datetime | None
    score: int | None


def of_link(tx: Transaction, token: str, *, now: datetime) -> LinkedCheckIn | None:
    """Return the check-in that a page asks; None where it asks none, or the page is closed.

    A page is made with the message that names it: at the instant at which its question was asked, or asked again.
    """
    is_then = link.c.made_at.in_([question.c.asked_at, question.c.nudged_at])
    is_about = (link.c.contact_id == question.c.contact_id) & (link.c.appointment_id == question.c.appointment_id)
    score = select(STANDING_SCORE).where(check_in.c.question_id == question.c.id, STANDING_SCORE.is_not(None))
    statement = (
        select(question, score.limit(1).scalar_subquery().label("score"))
        .join(link, is_about & is_then)
        .where(link.c.token_hash == token_hash(token), link.c.purpose == Purpose.RESPOND.value)
        .where(link.c.expires_at > now, question.c.kind == QuestionKind.CHECK_IN)
        .order_by(question.c.expires_at.desc(), question.c.id)
    )
    row = tx.connection.execute(statement.limit(1)).one_or_none()
    if row is None:
        return None
    return LinkedCheckIn(
        question_id=row.id,
        clinic_id=ClinicId(row.clinic_id),
        patient_id=PatientId(row.patient_id),
        contact_id=ContactId(row.contact_id),
        appointment_id=AppointmentId(row.appointment_id),
        expires_at=row.expires_at,
        answered_at=row.answered_at,
        score=row.score,
    )


def close(tx: Transaction, question_id: UUID, *, now: datetime) -> bool:
    """Mark a question as answered; False where it was already."""
    statement = update(question).where(question.c.id == question_id, question.c.answered_at.is_(None))
    return tx.connection.execute(statement.values(answered_at=now)).rowcount == 1


def close_others(tx: Transaction, patient_id: PatientId, *, now: datetime) -> list[UUID]:
    """Mark as answered whatever else a patient was asked about how they are: one number now answers all of it."""
    has_left = exists().where(message.c.id == question.c.message_id, message.c.left_at.is_not(None))
    here = (question.c.patient_id == patient_id) & (question.c.kind == QuestionKind.CHECK_IN)
    statement = update(question).where(here, question.c.answered_at.is_(None), question.c.lapsed_at.is_(None), has_left)
    return list(tx.connection.scalars(statement.values(answered_at=now).returning(question.c.id)))


def resolve_tasks(tx: Transaction, patient_id: PatientId, kind: TaskKind, *, by: str, now: datetime) -> None:
    """Resolve a patient's open tasks of a kind: they were heard from."""
    here = (task.c.patient_id == patient_id) & (task.c.kind == kind) & task.c.resolved_at.is_(None)
    tx.connection.execute(update(task).where(here).values(resolved_at=now, resolved_by=by))


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A check-in question that left and has no answer of any kind."""

    appointment_id: AppointmentId
    asked_at: datetime
    expires_at: datetime


def unanswered(tx: Transaction, patient_id: PatientId) -> list[Unanswered]:
    """Return what a patient was asked after sessions and said nothing to, in order of time."""
    has_words = exists().where(check_in.c.question_id == question.c.id)
    statement = (
        select(question.c.appointment_id, question.c.expires_at, message.c.left_at)
        .join(message, message.c.id == question.c.message_id)
        .where(question.c.patient_id == patient_id, question.c.kind == QuestionKind.CHECK_IN)
        .where(question.c.answered_at.is_(None), message.c.left_at.is_not(None), ~has_words)
        .order_by(message.c.left_at, question.c.id)
    )
    return [
        Unanswered(AppointmentId(row.appointment_id), row.left_at, row.expires_at)
        for row in tx.connection.execute(statement)
    ]


def _check_in(tx: Transaction, row: Row[Any], *, has_words: bool) -> CheckIn:
    is_corrected = row.corrected_by is not None and row.standing != row.score
    return CheckIn(
        appointment_id=AppointmentId(row.appointment_id),
        series_id=row.series_id,
        score=row.standing,
        words=tx.vault.open("check_in.words", row.id, row.words) if has_words else "",
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        corrected=Misread(row.score, row.corrected_by, row.corrected_at) if is_corrected else None,
    )
