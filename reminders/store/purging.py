"""What is stored for longer than it may be kept: found in the order in which it came, erased or deleted, counted.

Texts and attempts are found by walking along the primary key from a mark, which needs no index that every new message
would have to pay for. What could not go when the walk came by is looked at again by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    false,
    func,
    null,
    or_,
    select,
    update,
)

from reminders.core.content import language_of
from reminders.core.delivery import ENDED, LEFT, MessageState
from reminders.core.retention import ERASED, Stored, Subject
from reminders.store import mailings
from reminders.store.append_only import forgetting
from reminders.store.bulk import insert_rows
from reminders.store.console_rows import batch, event
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


def along(
    tx: Transaction, subject: Subject, *, after: UUID | None, before: datetime, limit: int
) -> Sequence[tuple[UUID, Stored]]:
    """Return what follows a row, in the order in which it came."""
    walk = WALKS[subject]
    statement = walk.select(before).order_by(walk.table.c.id).limit(limit)
    if after is not None:
        statement = statement.where(walk.table.c.id > after)
    return [(row.id, walk.stored(row)) for row in tx.connection.execute(statement)]


def later(
    tx: Transaction, subject: Subject, *, after: UUID | None, before: datetime, limit: int
) -> Sequence[tuple[UUID, Stored]]:
    """Return what must be looked at again, beyond a row."""
    walk = WALKS[subject]
    here = purge_later.c.subject == subject
    statement = walk.select(before).join(purge_later, purge_later.c.row_id == walk.table.c.id).where(here)
    if after is not None:
        statement = statement.where(purge_later.c.row_id > after)
    statement = statement.order_by(purge_later.c.row_id).limit(limit)
    return [(row.id, walk.stored(row)) for row in tx.connection.execute(statement)]


def hold(tx: Transaction, subject: Subject, ids: Collection[UUID], *, before: datetime) -> Sequence[UUID]:
    """Return those that are still over, locked until the transaction ends; what somebody else holds is left out."""
    if not ids:
        return []
    walk = WALKS[subject]
    statement = select(walk.table.c.id).where(walk.table.c.id.in_(list(ids)), walk.is_over(before))
    return list(tx.connection.scalars(statement.order_by(walk.table.c.id).with_for_update(skip_locked=True)))


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
    """Delete the oldest events of the feed, but never the last: the next number is counted from it."""
    numbered = select(event.c.id).where(event.c.number.is_not(None))
    last = tx.connection.scalar(numbered.order_by(event.c.number.desc()).limit(1))
    old = [key for key in _first(tx, event, event.c.happened_at, before=before, limit=limit) if key != last]
    return _forget(tx, event, old)


def forget_audit(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Delete the oldest lines of the log of what staff did."""
    return _forget(tx, audit_event, _first(tx, audit_event, audit_event.c.done_at, before=before, limit=limit))


def _first(
    tx: Transaction, table: Table, at: ColumnElement[datetime], *, before: datetime, limit: int
) -> Sequence[UUID]:
    """Return the first rows of a table that is only added to, up to one that is too young. No index is needed."""
    found = tx.connection.execute(select(table.c.id, at.label("at")).order_by(table.c.id).limit(limit))
    return [row.id for row in takewhile(lambda row: row.at < before, found)]


def _forget(tx: Transaction, table: Table, ids: Sequence[UUID]) -> int:
    if ids:
        with forgetting(tx, f"{table.name}: kept no longer"):
            tx.connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


@dataclass(frozen=True, slots=True)
class _Walk:
    """How one subject is found and let go. What ended since `before` is still needed: it may be opened again."""

    table: Table
    select: Callable[[datetime], Select[Any]]
    stored: Callable[[Row[Any]], Stored]
    is_over: Callable[[datetime], ColumnElement[bool]]
    let_go: Callable[[Transaction, Sequence[UUID]], int]


def _has(some: Column[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say whether there is a row of a table; looked up for each by an index.

    Of a plain EXISTS the server reads the whole table at once, for each group again.
    """
    return select(some).where(*conditions).limit(1).scalar_subquery().is_not(None)


def _is_wanted(before: datetime) -> ColumnElement[bool]:
    return or_(task.c.resolved_at.is_(None), task.c.resolved_at >= before)


def _texts(before: datetime) -> Select[Any]:
    is_needed = _has(task.c.id, task.c.message_id == message.c.id, _is_wanted(before))
    return _messages(is_needed)


def _attempts(_before: datetime) -> Select[Any]:
    return _messages(false())


def _messages(is_needed: ColumnElement[bool]) -> Select[Any]:
    columns = (message.c.id, message.c.made_at, message.c.changed_at, message.c.expires_at, message.c.state)
    return select(*columns, is_needed.label("is_needed"))


def _message(row: Row[Any]) -> Stored:
    # Until it expires, a report may still bring it back.
    ended_at = max(row.changed_at, row.expires_at) if row.state in OVER else None
    return Stored(row.made_at, ended_at, is_needed=bool(row.is_needed))


def _is_over_message(before: datetime) -> ColumnElement[bool]:
    return and_(message.c.state.in_(OVER), message.c.changed_at < before, message.c.expires_at < before)


def _replies(before: datetime) -> Select[Any]:
    alarm, taken_at = escalation.c.inbound_id, escalation.c.acknowledged_at
    is_needed = or_(
        _has(task.c.id, task.c.inbound_id == inbound.c.id, _is_wanted(before)),
        inbound.c.id.in_(select(alarm).where(or_(taken_at.is_(None), taken_at >= before), alarm.is_not(None))),
    )
    is_evidence = _has(permission_event.c.id, permission_event.c.inbound_id == inbound.c.id)
    return select(
        inbound.c.id,
        inbound.c.received_at,
        inbound.c.handled_at,
        is_needed.label("is_needed"),
        is_evidence.label("is_evidence"),
    )


def _reply(row: Row[Any]) -> Stored:
    return Stored(row.received_at, row.handled_at, is_needed=bool(row.is_needed), is_evidence=bool(row.is_evidence))


def _is_over_reply(before: datetime) -> ColumnElement[bool]:
    return inbound.c.handled_at < before


def _mailings(before: datetime) -> Select[Any]:
    is_under_way = _has(message.c.id, message.c.batch_id == batch.c.id, ~_is_over_message(before))
    return select(batch.c.id, batch.c.made_at, batch.c.due_at, is_under_way.label("is_needed"))


def _mailing(row: Row[Any]) -> Stored:
    return Stored(row.made_at, row.due_at, is_needed=bool(row.is_needed))


def _is_over_mailing(before: datetime) -> ColumnElement[bool]:
    return batch.c.due_at < before


def _erase_texts(tx: Transaction, ids: Sequence[UUID]) -> int:
    return _erase(tx, message.c.body, ids, subject=null())


def _erase_replies(tx: Transaction, ids: Sequence[UUID]) -> int:
    return _erase(tx, inbound.c.body, ids, understood=null(), answer=null())


def _erase_mailings(tx: Transaction, ids: Sequence[UUID]) -> int:
    return _erase(tx, batch.c.text, ids, notice=mailings.written({language_of(""): ERASED}))


def _erase(
    tx: Transaction, text: Column[bytes], ids: Sequence[UUID], *, notice: str = ERASED, **others: ColumnElement[Any]
) -> int:
    """Put a sealed notice in the place of each text: whoever reads it needs to know nothing of purges."""
    table = text.table
    changed = {text.name: bindparam("b_text"), **others}
    statement = update(table).where(table.c.id == bindparam("b_id")).values(changed)
    rows = [{"b_id": key, "b_text": tx.vault.seal(str(text), key, notice)} for key in ids]
    tx.connection.execute(statement, rows)
    return len(rows)


def _delete_attempts(tx: Transaction, ids: Sequence[UUID]) -> int:
    """Delete calls, but for those that prove that something may have arrived twice: they are few, and counted."""
    here = attempt.c.message_id.in_(list(ids)) & attempt.c.is_late_accept.is_(False)
    return tx.connection.execute(delete(attempt).where(here)).rowcount


WALKS: Mapping[Subject, _Walk] = {
    Subject.TEXTS: _Walk(message, _texts, _message, _is_over_message, _erase_texts),
    Subject.MAILINGS: _Walk(batch, _mailings, _mailing, _is_over_mailing, _erase_mailings),
    Subject.REPLIES: _Walk(inbound, _replies, _reply, _is_over_reply, _erase_replies),
    Subject.ATTEMPTS: _Walk(message, _attempts, _message, _is_over_message, _delete_attempts),
}
"""What is found by walking along a table; the rest is deleted from its oldest row on."""
