"""The whole history of one patient or one message, read in a fixed number of statements, however long it is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, or_, select, union

from reminders.core.conversation.thread import Way
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId, PatientId, ReminderId
from reminders.core.pauses import Pause, PauseKind
from reminders.core.reminders import PlannedReminder, Reminder, ReminderKey
from reminders.core.timeline.history import (
    History,
    PastAddress,
    PastAttempt,
    PastConsent,
    PastMessage,
    PastQuestion,
    PastReceipt,
    PastReminder,
    PastReply,
    PastTask,
    PastVersion,
    Subject,
    SubjectKind,
)
from reminders.store import check_ins, escalations, escorts, overrides, pauses, permissions
from reminders.store.conversation_rows import inbound, question
from reminders.store.rows import (
    appointment,
    appointment_version,
    attempt,
    consent_event,
    contact,
    message,
    patient,
    pause,
    receipt,
    reminder,
    task,
)
from reminders.store.unit_of_work import Transaction

SHORTEST_PREFIX, WHOLE = 8, 32
MOST_FOUND = 10


def find(tx: Transaction, name: str, clinic_ids: Collection[ClinicId]) -> list[Subject]:
    """Return everything at these clinics that a name may mean: a patient, an appointment, a message by its id."""
    people = select(patient).where(patient.c.clinic_id.in_(clinic_ids), patient.c.external_id == name)
    booked = select(appointment).where(appointment.c.clinic_id.in_(clinic_ids), appointment.c.external_id == name)
    found = [
        Subject(SubjectKind.PATIENT, row.id, name, ClinicId(row.clinic_id), PatientId(row.id))
        for row in tx.connection.execute(people.order_by(patient.c.id))
    ]
    found += [
        Subject(SubjectKind.APPOINTMENT, row.id, name, ClinicId(row.clinic_id), PatientId(row.patient_id), row.source)
        for row in tx.connection.execute(booked.order_by(appointment.c.id))
    ]
    return found + _messages_named(tx, name, clinic_ids)


def _messages_named(tx: Transaction, name: str, clinic_ids: Collection[ClinicId]) -> list[Subject]:
    digits = name.replace("-", "").lower()
    if not SHORTEST_PREFIX <= len(digits) <= WHOLE or not set(digits) <= set("0123456789abcdef"):
        return []
    first, last = UUID(digits.ljust(WHOLE, "0")), UUID(digits.ljust(WHOLE, "f"))
    columns = (message.c.id, message.c.clinic_id, message.c.patient_id)
    statement = select(*columns).where(message.c.clinic_id.in_(clinic_ids), message.c.id.between(first, last))
    return [
        Subject(
            SubjectKind.MESSAGE,
            row.id,
            str(row.id),
            ClinicId(row.clinic_id),
            None if row.patient_id is None else PatientId(row.patient_id),
        )
        for row in tx.connection.execute(statement.order_by(message.c.id).limit(MOST_FOUND))
    ]


def of_patient(tx: Transaction, clinic_id: ClinicId, patient_id: PatientId, *, has_texts: bool) -> History:
    """Return everything stored about one patient; bodies only where asked for."""
    mine = message.c.patient_id == patient_id
    return History(
        versions=_versions(tx, patient_id),
        reminders=_reminders(tx, patient_id),
        messages=_messages(tx, mine, has_texts=has_texts),
        attempts=_attempts(tx, mine),
        receipts=_receipts(tx, mine),
        questions=_questions(tx, patient_id),
        replies=_replies(tx, patient_id, has_texts=has_texts),
        tasks=_tasks(tx, patient_id),
        consents=_consents(tx, patient_id),
        permissions=tuple(permissions.of_patient(tx, clinic_id, patient_id, has_texts=has_texts)),
        addresses=_addresses(tx, clinic_id, patient_id),
        pauses=_pauses(tx, clinic_id, patient_id),
        overrides=tuple(reversed(overrides.history(tx, patient_id))),
        escort_consents=tuple(reversed(escorts.of_patient(tx, patient_id))),
        check_ins=tuple(check_ins.of_patient(tx, patient_id, has_words=has_texts)),
        alarms=tuple(escalations.of_patient(tx, patient_id)),
    )


def of_message(tx: Transaction, message_id: MessageId, *, has_texts: bool) -> History:
    """Return what is stored about a message that belongs to no one patient."""
    mine = message.c.id == message_id
    return History(
        messages=_messages(tx, mine, has_texts=has_texts), attempts=_attempts(tx, mine), receipts=_receipts(tx, mine)
    )


def _versions(tx: Transaction, patient_id: PatientId) -> tuple[PastVersion, ...]:
    said = appointment_version
    statement = select(said, appointment.c.confirmed_at).join(appointment, appointment.c.id == said.c.appointment_id)
    rows = tx.connection.execute(statement.where(appointment.c.patient_id == patient_id).order_by(said.c.version))
    return tuple(
        PastVersion(
            AppointmentId(row.appointment_id),
            row.version,
            row.starts_at,
            row.timezone,
            row.appointment_type,
            row.status,
            row.versioned_at,
            row.confirmed_at,
        )
        for row in rows
    )


def _reminders(tx: Transaction, patient_id: PatientId) -> tuple[PastReminder, ...]:
    rows = tx.connection.execute(select(reminder).where(reminder.c.patient_id == patient_id).order_by(reminder.c.id))
    return tuple(
        PastReminder(
            _reminder(row),
            None if row.message_id is None else MessageId(row.message_id),
            None if row.merged_into_id is None else ReminderId(row.merged_into_id),
            row.changed_at,
        )
        for row in rows
    )


def _reminder(row: Row[Any]) -> Reminder:
    key = ReminderKey(row.step, row.recipient, row.channel)
    planned = PlannedReminder(key, row.not_before, row.due_at, row.expires_at, row.state, row.reason)
    return Reminder(
        ReminderId(row.id), AppointmentId(row.appointment_id), PatientId(row.patient_id), row.version, planned
    )


def _messages(tx: Transaction, mine: ColumnElement[bool], *, has_texts: bool) -> tuple[PastMessage, ...]:
    rows = tx.connection.execute(select(message).where(mine).order_by(message.c.made_at, message.c.id))
    return tuple(_message(row, tx.vault.open("message.body", row.id, row.body) if has_texts else None) for row in rows)


def _message(row: Row[Any], text: str | None) -> PastMessage:
    return PastMessage(
        id=MessageId(row.id),
        contact_id=ContactId(row.contact_id),
        appointment_id=_optional(row.appointment_id),
        version=row.version,
        recipient=row.recipient,
        channel=row.channel,
        origin=row.origin,
        kind=row.kind,
        asks=row.asks,
        author=row.author,
        override_reason=row.override_reason,
        state=row.state,
        reason=row.reason,
        due_at=row.due_at,
        expires_at=row.expires_at,
        made_at=row.made_at,
        left_at=row.left_at,
        changed_at=row.changed_at,
        text=text,
    )


def _optional(key: UUID | None) -> AppointmentId | None:
    return None if key is None else AppointmentId(key)


def _attempts(tx: Transaction, mine: ColumnElement[bool]) -> tuple[PastAttempt, ...]:
    statement = select(attempt).join(message, message.c.id == attempt.c.message_id).where(mine)
    return tuple(
        PastAttempt(
            MessageId(row.message_id),
            row.fence,
            row.state,
            row.begun_at,
            row.provider_id,
            row.code,
            row.detail,
            row.is_late_accept,
        )
        for row in tx.connection.execute(statement.order_by(attempt.c.begun_at, attempt.c.fence))
    )


def _receipts(tx: Transaction, mine: ColumnElement[bool]) -> tuple[PastReceipt, ...]:
    """Return receipts by our tag or by the provider's id: a receipt may come without either."""
    # Two searches in one statement, since no index serves a join by one or the other; `union` tells each pair once.
    columns = (attempt.c.message_id, attempt.c.begun_at, attempt.c.machine_begun_at, receipt)
    every = union(
        *(
            select(*columns)
            .select_from(message.join(attempt, attempt.c.message_id == message.c.id).join(receipt, belongs))
            .where(mine)
            for belongs in (receipt.c.tag == attempt.c.tag, receipt.c.provider_id == attempt.c.provider_id)
        )
    ).subquery()
    statement = select(every)
    return tuple(
        PastReceipt(
            MessageId(row.message_id),
            row.provider_id,
            row.provider_status,
            row.status,
            row.code,
            _on_the_clinics_clock(row),
        )
        for row in tx.connection.execute(statement.order_by(every.c.received_at, every.c.id))
    )


def _on_the_clinics_clock(row: Row[Any]) -> datetime:
    # Receipts are kept in machine time; a simulated clinic lives in another year, where the attempt began.
    at: datetime = row.begun_at + (row.received_at - row.machine_begun_at)
    return at


def _questions(tx: Transaction, patient_id: PatientId) -> tuple[PastQuestion, ...]:
    rows = tx.connection.execute(
        select(question).where(question.c.patient_id == patient_id).order_by(question.c.asked_at, question.c.id)
    )
    return tuple(
        PastQuestion(
            AppointmentId(row.appointment_id),
            MessageId(row.message_id),
            row.version,
            row.kind,
            row.asked_at,
            row.expires_at,
            row.answered_at,
        )
        for row in rows
    )


def _replies(tx: Transaction, patient_id: PatientId, *, has_texts: bool) -> tuple[PastReply, ...]:
    """Return the patient's texts, and those from their phone that may be somebody else's."""
    phone = select(patient.c.phone_index).where(patient.c.id == patient_id).scalar_subquery()
    mine = or_(inbound.c.patient_id == patient_id, inbound.c.patient_id.is_(None) & (inbound.c.sender_index == phone))
    return tuple(
        PastReply(
            appointment_id=_optional(row.appointment_id),
            is_theirs=row.patient_id is not None,
            received_at=row.received_at,
            handled_at=row.handled_at,
            intent=row.intent,
            decision=row.decision,
            text=tx.vault.open("inbound.body", row.id, row.body) if has_texts else None,
            intents=tuple((row.intents or row.intent or "").split(",")) if row.intent else (),
            understood=_understood(tx, row) if has_texts else None,
            is_page=row.channel is Way.PAGE,
        )
        for row in tx.connection.execute(select(inbound).where(mine).order_by(inbound.c.received_at, inbound.c.id))
    )


def _understood(tx: Transaction, row: Row[Any]) -> str | None:
    return None if row.understood is None else tx.vault.open("inbound.understood", row.id, row.understood)


def _tasks(tx: Transaction, patient_id: PatientId) -> tuple[PastTask, ...]:
    booked = select(appointment.c.id).where(appointment.c.patient_id == patient_id)
    written = select(message.c.id).where(message.c.patient_id == patient_id)
    about = (task.c.patient_id == patient_id, task.c.appointment_id.in_(booked), task.c.message_id.in_(written))
    mine = task.c.id.in_(union(*(select(task.c.id).where(one) for one in about)))
    return tuple(
        PastTask(
            _optional(row.appointment_id),
            None if row.message_id is None else MessageId(row.message_id),
            row.kind,
            row.reason,
            row.opened_at,
            row.resolved_at,
            row.resolved_by,
        )
        for row in tx.connection.execute(select(task).where(mine).order_by(task.c.opened_at, task.c.id))
    )


def _consents(tx: Transaction, patient_id: PatientId) -> tuple[PastConsent, ...]:
    statement = select(consent_event).where(consent_event.c.patient_id == patient_id)
    return tuple(
        PastConsent(row.channel, row.is_granted, row.source, row.recorded_at)
        for row in tx.connection.execute(statement.order_by(consent_event.c.recorded_at, consent_event.c.id))
    )


def _addresses(tx: Transaction, clinic_id: ClinicId, patient_id: PatientId) -> tuple[PastAddress, ...]:
    """Return the addresses of the patient, and those that were written to about them, that are closed to us."""
    index = contact.c.address_index
    theirs = exists().where(
        patient.c.id == patient_id, or_(patient.c.phone_index == index, patient.c.email_index == index)
    )
    written = contact.c.id.in_(select(message.c.contact_id).where(message.c.patient_id == patient_id))
    is_closed = or_(contact.c.opted_out_at.is_not(None), contact.c.fault_at.is_not(None))
    statement = select(contact).where(contact.c.clinic_id == clinic_id, or_(theirs, written), is_closed)
    return tuple(
        PastAddress(ContactId(row.id), row.channel, row.opted_out_at, row.opted_out_by, row.fault_at, row.fault)
        for row in tx.connection.execute(statement.order_by(contact.c.id))
    )


def _pauses(tx: Transaction, clinic_id: ClinicId, patient_id: PatientId) -> tuple[Pause, ...]:
    """Return what staff paused for this patient or one of their series, and every day they closed."""
    series = select(appointment.c.series_id).where(
        appointment.c.patient_id == patient_id, appointment.c.series_id.is_not(None)
    )
    mine = or_(
        pause.c.patient_id == patient_id,
        (pause.c.kind == PauseKind.SERIES) & pause.c.subject.in_(series),
        pause.c.kind == PauseKind.DAY,
    )
    statement = select(pause).where(pause.c.clinic_id == clinic_id, mine).order_by(pause.c.made_at, pause.c.id)
    return tuple(pauses.from_row(tx, row) for row in tx.connection.execute(statement))
