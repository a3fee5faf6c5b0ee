"""What is stored for longer than it may be kept: found in the order in which it came, erased or deleted, counted.

Texts and attempts are found by walking along the primary key from a mark, which needs no index that every new message
would have to pay for. What could not go when the walk came by is looked at again by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    false,
    func,
    null,
    or_,
    select,
    update,
)

from reminders.core.delivery import ENDED, LEFT, MessageState
from reminders.core.retention import ERASED, Stored, Subject
from reminders.store.append_only import forgetting
from reminders.store.bulk import insert_rows
from reminders.store.console_rows import event
from reminders.store.conversation_rows import escalation, inbound, permission_event
from reminders.store.once import insert_once
from reminders.store.rows import attempt, message, receipt, task
from reminders.store.service_rows import purge_later, purge_mark
from reminders.store.staff_rows import audit_event
from reminders.store.unit_of_work import Transaction

OVER: Collection[MessageState] = ENDED | LEFT
"""A message that left, and that no report followed, is over as well."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a purge has come, and how many went in all."""

    reached: UUID | None
    gone: int
    looked_at: datetime | None


def lock_mark(tx: Transaction, subject: Subject, *, now: datetime) -> Mark:
    """Return how far a purge has come, held until the transaction ends: two would look at the same rows."""
    insert_once(tx, purge_mark, {"subject": subject, "gone": 0, "looked_at": now})
    statement = select(purge_mark).where(purge_mark.c.subject == subject).with_for_update()
    return _mark(tx.connection.execute(statement).one())


def marks(tx: Transaction) -> Mapping[Subject, Mark]:
    """Return how far each purge has come."""
    return {Subject(row.subject): _mark(row) for row in tx.connection.execute(select(purge_mark))}


def _mark(row: Row[Any]) -> Mark:
    return Mark(row.reached, row.gone, row.looked_at)


def set_mark(tx: Transaction, subject: Subject, *, reached: UUID | None, gone: int, now: datetime) -> None:
    """Note where a walk has come to, and how many more went."""
    values: dict[str, Any] = {"gone": purge_mark.c.gone + gone, "looked_at": now}
    if reached is not None:
        values["reached"] = reached
    tx.connection.execute(update(purge_mark).where(purge_mark.c.subject == subject).values(values))


def put_later(tx: Transaction, subject: Subject, ids: Collection[UUID]) -> None:
    """Remember what must be looked at again."""
    insert_rows(tx, purge_later, [{"subject": subject, "row_id": key} for key in ids], is_once=True)


def end_later(tx: Transaction, subject: Subject, ids: Collection[UUID]) -> None:
    """Look at these no more."""
    if not ids:
        return
    here = (purge_later.c.subject == subject) & purge_later.c.row_id.in_(list(ids))
    tx.connection.execute(delete(purge_later).where(here))


def count_later(tx: Transaction) -> Mapping[Subject, int]:
    """Return how much waits although its time is over."""
    statement = select(purge_later.c.subject, func.count().label("n")).group_by(purge_later.c.subject)
    return {Subject(row.subject): row.n for row in tx.connection.execute(statement)}


def along(tx: Transaction, subject: Subject, *, after: UUID | None, limit: int) -> Sequence[tuple[UUID, Stored]]:
    """Return what follows a row, in the order in which it came."""
    walk = WALKS[subject]
    statement = walk.select().order_by(walk.table.c.id).limit(limit)
    if after is not None:
        statement = statement.where(walk.table.c.id > after)
    return [(row.id, walk.stored(row)) for row in tx.connection.execute(statement)]


def later(tx: Transaction, subject: Subject, *, after: UUID | None, limit: int) -> Sequence[tuple[UUID, Stored]]:
    """Return what must be looked at again, beyond a row."""
    walk = WALKS[subject]
    here = purge_later.c.subject == subject
    statement = walk.select().join(purge_later, purge_later.c.row_id == walk.table.c.id).where(here)
    if after is not None:
        statement = statement.where(purge_later.c.row_id > after)
    statement = statement.order_by(purge_later.c.row_id).limit(limit)
    return [(row.id, walk.stored(row)) for row in tx.connection.execute(statement)]


def let_go(tx: Transaction, subject: Subject, ids: Sequence[UUID]) -> int:
    """Erase or delete what belongs to these rows; return how many went."""
    return WALKS[subject].let_go(tx, ids) if ids else 0


def forget_receipts(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete the oldest reports that were applied."""
    old = select(receipt.c.id).where(receipt.c.received_at < before, receipt.c.applied_at.is_not(None))
    ids = list(tx.connection.scalars(old.order_by(receipt.c.received_at).limit(limit)))
    if ids:
        tx.connection.execute(delete(receipt).where(receipt.c.id.in_(ids)))
    return len(ids)


def forget_events(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete the oldest events of the feed."""
    return _forget_first(tx, event, event.c.happened_at, before=before, limit=limit)


def forget_audit(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete the oldest lines of the log of what staff did."""
    return _forget_first(tx, audit_event, audit_event.c.done_at, before=before, limit=limit)


def _forget_first(tx: Transaction, table: Table, at: ColumnElement[datetime], *, before: datetime, limit: int) -> int:
    """Delete the first rows of a table that is only added to, up to one that is too young. No index is needed."""
    first = tx.connection.execute(select(table.c.id, at.label("at")).order_by(table.c.id).limit(limit)).all()
    ids = []
    for row in first:
        if row.at >= before:
            break
        ids.append(row.id)
    if ids:
        with forgetting(tx, f"{table.name}: kept no longer"):
            tx.connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


@dataclass(frozen=True, slots=True)
class _Walk:
    """How one subject is found and let go."""

    table: Table
    select: Callable[[], Select[Any]]
    stored: Callable[[Row[Any]], Stored]
    let_go: Callable[[Transaction, Sequence[UUID]], int]


def _texts() -> Select[Any]:
    is_needed = exists().where(task.c.message_id == message.c.id, task.c.resolved_at.is_(None))
    return select(message.c.id, message.c.made_at, message.c.changed_at, message.c.state, is_needed.label("is_needed"))


def _attempts() -> Select[Any]:
    return select(message.c.id, message.c.made_at, message.c.changed_at, message.c.state, false().label("is_needed"))


def _message(row: Row[Any]) -> Stored:
    return Stored(row.made_at, row.changed_at if row.state in OVER else None, is_needed=bool(row.is_needed))


def _replies() -> Select[Any]:
    alarm = escalation.c.inbound_id
    is_needed = or_(
        exists().where(task.c.inbound_id == inbound.c.id, task.c.resolved_at.is_(None)),
        inbound.c.id.in_(select(alarm).where(escalation.c.acknowledged_at.is_(None), alarm.is_not(None))),
    )
    is_evidence = exists().where(permission_event.c.inbound_id == inbound.c.id)
    return select(
        inbound.c.id,
        inbound.c.received_at,
        inbound.c.handled_at,
        is_needed.label("is_needed"),
        is_evidence.label("is_evidence"),
    )


def _reply(row: Row[Any]) -> Stored:
    return Stored(row.received_at, row.handled_at, is_needed=bool(row.is_needed), is_evidence=bool(row.is_evidence))


def _erase_texts(tx: Transaction, ids: Sequence[UUID]) -> int:
    return _erase(tx, message, "message.body", ids, subject=null())


def _erase_replies(tx: Transaction, ids: Sequence[UUID]) -> int:
    return _erase(tx, inbound, "inbound.body", ids, understood=null(), answer=null())


def _erase(tx: Transaction, table: Table, field: str, ids: Sequence[UUID], **others: ColumnElement[Any]) -> int:
    """Put a sealed notice in the place of each text: whoever reads it needs to know nothing of purges."""
    statement = update(table).where(table.c.id == bindparam("b_id")).values(body=bindparam("b_body"), **others)
    rows = [{"b_id": key, "b_body": tx.vault.seal(field, key, ERASED)} for key in ids]
    tx.connection.execute(statement, rows)
    return len(rows)


def _delete_attempts(tx: Transaction, ids: Sequence[UUID]) -> int:
    return tx.connection.execute(delete(attempt).where(attempt.c.message_id.in_(list(ids)))).rowcount


WALKS: Mapping[Subject, _Walk] = {
    Subject.TEXTS: _Walk(message, _texts, _message, _erase_texts),
    Subject.REPLIES: _Walk(inbound, _replies, _reply, _erase_replies),
    Subject.ATTEMPTS: _Walk(message, _attempts, _message, _delete_attempts),
}
"""What is found by walking along a table; the rest is deleted from its oldest row on."""
