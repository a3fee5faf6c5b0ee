"""Mailings: what staff wrote to one patient or a group at once, its messages, and how it is stopped."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, func, select, update

from reminders.core.audience import Audience, from_document, to_document
from reminders.core.caps import LONGEST_DAY, WEEK
from reminders.core.delivery import WAITING, MessageState
from reminders.core.gate import Origin
from reminders.core.ids import BatchId, ClinicId, MessageId, PatientId
from reminders.core.patients import Channel, Recipient
from reminders.core.reminders import Reason
from reminders.store.batches import in_batches
from reminders.store.console_rows import batch
from reminders.store.message_news import cancel
from reminders.store.once import insert_once
from reminders.store.rows import appointment, message, patient
from reminders.store.sets import among, listed
from reminders.store.unit_of_work import Transaction

TEXT = "batch.text"
UNSENT = frozenset({MessageState.CANCELLED, MessageState.SUPPRESSED, MessageState.EXPIRED, MessageState.REJECTED})
"""Ends of what never reached anybody's phone, and so fills no cap."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """One batch. `texts` are by language, as staff wrote them; `left_out` says who was not written to, and why."""

    id: BatchId
    clinic_id: ClinicId
    request_key: str
    author: str
    texts: Mapping[str, str]
    audience: Audience
    channel: Channel | None
    override_reason: str | None
    due_at: datetime
    made_at: datetime
    left_out: Mapping[PatientId, Reason] = field(default_factory=dict)
    stopped_at: datetime | None = None
    stopped_by: str | None = None


def add(tx: Transaction, item: Mailing) -> bool:
    """Store a batch; False where an earlier request of its key made one. A second one at this moment waits here."""
    left_out = {str(key): reason.value for key, reason in item.left_out.items()}
    values = {
        "id": item.id,
        "clinic_id": item.clinic_id,
        "request_key": item.request_key,
        "author": item.author,
        "text": tx.vault.seal(TEXT, item.id, written(item.texts)),
        "audience": json.dumps({"to": to_document(item.audience), "left_out": left_out}),
        "channel": item.channel,
        "override_reason": item.override_reason,
        "left_out": len(item.left_out),
        "due_at": item.due_at,
        "made_at": item.made_at,
    }
    return insert_once(tx, batch, values)


def written(texts: Mapping[str, str]) -> str:
    """Return texts by language as they are sealed."""
    return json.dumps(dict(texts), ensure_ascii=False)


def by_key(tx: Transaction, clinic_id: ClinicId, request_key: str) -> BatchId | None:
    """Return the batch that an earlier request of this key made."""
    here = (batch.c.clinic_id == clinic_id) & (batch.c.request_key == request_key)
    found = tx.connection.scalar(select(batch.c.id).where(here))
    return None if found is None else BatchId(found)


def get(
    tx: Transaction, batch_id: BatchId, within: Collection[ClinicId], *, for_update: bool = False
) -> Mailing | None:
    """Return a batch of one of these clinics; None where there is none."""
    statement = select(batch).where(batch.c.id == batch_id, batch.c.clinic_id.in_(within))
    row = tx.connection.execute(statement.with_for_update() if for_update else statement).one_or_none()
    return None if row is None else _mailing(tx, row)


def newest(tx: Transaction, within: Collection[ClinicId], *, limit: int) -> list[Mailing]:
    """Return the last batches of these clinics, the newest first."""
    statement = select(batch).where(batch.c.clinic_id.in_(within))
    rows = tx.connection.execute(statement.order_by(batch.c.made_at.desc(), batch.c.id.desc()).limit(limit))
    return [_mailing(tx, row) for row in rows]


def counts(tx: Transaction, ids: Collection[BatchId]) -> dict[BatchId, dict[MessageState, int]]:
    """Return how many messages of each batch are in each state."""
    found: dict[BatchId, dict[MessageState, int]] = {key: {} for key in ids}
    columns = (message.c.batch_id, message.c.state, func.count().label("number"))
    statement = select(*columns).where(among(tx, message.c.batch_id, ids)).group_by(message.c.batch_id, message.c.state)
    for row in tx.connection.execute(statement):
        found[BatchId(row.batch_id)][row.state] = row.number
    return found


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of a batch. `due_at` is when it may next leave."""

    id: MessageId
    patient_id: PatientId
    channel: Channel
    state: MessageState
    reason: Reason | None
    segments: int
    due_at: datetime


def sent(tx: Transaction, batch_id: BatchId, *, limit: int) -> list[Sent]:
    """Return messages of a batch, first those that need a look, then in the order in which they were made."""
    needs_a_look = case(
        (message.c.state.in_(UNSENT | {MessageState.UNDELIVERED, MessageState.NEEDS_STAFF}), 0), else_=1
    )
    here = message.c.batch_id == batch_id
    rows = tx.connection.execute(select(message).where(here).order_by(needs_a_look, message.c.id).limit(limit))
    return [
        Sent(
            id=MessageId(row.id),
            patient_id=PatientId(row.patient_id),
            channel=row.channel,
            state=row.state,
            reason=row.reason,
            segments=row.segments,
            due_at=row.due_at,
        )
        for row in rows
        if row.patient_id is not None
    ]


def sent_to(tx: Transaction, batch_id: BatchId) -> dict[PatientId, MessageId]:
    """Return which message of a batch went to whom."""
    statement = select(message.c.patient_id, message.c.id).where(message.c.batch_id == batch_id)
    return {PatientId(row.patient_id): MessageId(row.id) for row in tx.connection.execute(statement)}


def readers(tx: Transaction, ids: Collection[BatchId]) -> dict[BatchId, str]:
    """Return the names of those to whom batches of one message went."""
    joined = message.join(patient, patient.c.id == message.c.patient_id)
    statement = select(message.c.batch_id, patient.c.id, patient.c.name).select_from(joined)
    rows = tx.connection.execute(statement.where(among(tx, message.c.batch_id, ids))) if ids else ()
    return {BatchId(row.batch_id): tx.vault.open("patient.name", row.id, row.name) for row in rows}


def stop(tx: Transaction, batch_id: BatchId, *, by: str, now: datetime) -> int:
    """Stop a batch that this transaction has locked: what has not left ends here. Returns how many that were."""
    halted = update(batch).where(batch.c.id == batch_id, batch.c.stopped_at.is_(None))
    tx.connection.execute(halted.values(stopped_at=now, stopped_by=by))
    waiting = message.c.state.in_(WAITING)
    # In one order, as whoever else takes several of them; one that is about to leave is waited for.
    locked = select(message.c.id).where(message.c.batch_id == batch_id, waiting).order_by(message.c.id)
    ids = tx.connection.scalars(locked.with_for_update(key_share=True)).all()
    ended = (cancel(tx, among(tx, message.c.id, some), reason=Reason.WITHDRAWN, now=now) for some in in_batches(ids))
    return sum(len(some) for some in ended)


def begun(tx: Transaction, batch_id: BatchId) -> int:
    """Count the messages of a batch that have left or are leaving."""
    here = (message.c.batch_id == batch_id) & (message.c.state.not_in(UNSENT | WAITING))
    return tx.connection.scalar(select(func.count()).select_from(message).where(here)) or 0


def to_hold(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask when batches, by ids given under a name, were stopped; nobody stops more until the transaction ends."""
    found = select(batch.c.id, batch.c.stopped_at).where(listed(batch.c.id, name, is_postgres=is_postgres))
    return found.order_by(batch.c.id).with_for_update(read=True)


def stopped(rows: Sequence[Any]) -> frozenset[BatchId]:
    """Return which were stopped, of rows as `to_hold` asks for them."""
    return frozenset(BatchId(row.id) for row in rows if row.stopped_at is not None)


def lately(tx: Transaction, ids: Collection[PatientId], *, around: datetime) -> dict[PatientId, list[datetime]]:
    """Return when messages left to patients in the week before an instant, or are to leave near it: for the caps.

    Answers to what they wrote themselves do not count.
    """
    found: dict[PatientId, list[datetime]] = {key: [] for key in ids}
    at = func.coalesce(message.c.left_at, message.c.due_at, type_=message.c.due_at.type)
    counted = (message.c.origin.in_([Origin.REMINDER, Origin.STAFF])) & (message.c.recipient == Recipient.PATIENT)
    for some in in_batches(ids):
        statement = select(message.c.patient_id, at.label("at")).where(
            among(tx, message.c.patient_id, some), counted, message.c.state.not_in(UNSENT)
        )
        near = (at > around - WEEK - LONGEST_DAY) & (at < around + LONGEST_DAY)
        for row in tx.connection.execute(statement.where(near)):
            found[PatientId(row.patient_id)].append(row.at)
    return found


def made_since(tx: Transaction, clinic_id: ClinicId, kind: str, since: datetime) -> int:
    """Count the messages of a kind that a clinic made since an instant."""
    here = (message.c.clinic_id == clinic_id) & (message.c.made_at >= since) & (message.c.kind == kind)
    return tx.connection.scalar(select(func.count()).select_from(message).where(here)) or 0


def appointment_types(tx: Transaction, clinic_id: ClinicId, after: datetime, before: datetime) -> list[str]:
    """Return what kinds of sessions a clinic has between two instants."""
    here = (appointment.c.clinic_id == clinic_id) & appointment.c.starts_at.between(after, before)
    return sorted(tx.connection.scalars(select(appointment.c.appointment_type).where(here).distinct()))


def _mailing(tx: Transaction, row: Row[Any]) -> Mailing:
    stored = json.loads(row.audience)
    return Mailing(
        id=BatchId(row.id),
        clinic_id=ClinicId(row.clinic_id),
        request_key=row.request_key,
        author=row.author,
        texts=json.loads(tx.vault.open(TEXT, row.id, row.text)),
        audience=from_document(stored["to"]),
        channel=row.channel,
        override_reason=row.override_reason,
        due_at=row.due_at,
        made_at=row.made_at,
        left_out={PatientId(UUID(key)): Reason(reason) for key, reason in stored["left_out"].items()},
        stopped_at=row.stopped_at,
        stopped_by=row.stopped_by,
    )
