"""The worklist as stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, String, Update, case, cast, func, select, update

from reminders.core.feed import FeedKind
from reminders.core.ids import AppointmentId, ClinicId, InboundId, MessageId, PatientId, TaskId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.tasks import Doubt, Outcome, Resolver, TaskKind, Urgency
from reminders.store.batches import in_batches
from reminders.store.once import insert_many_once, insert_once
from reminders.store.rows import message, task
from reminders.store.sets import among
from reminders.store.task_news import TOLD, change_and_tell, tell, tell_opened
from reminders.store.unit_of_work import Transaction

IS_OPEN = task.c.resolved_at.is_(None)
AGAIN: dict[str, Any] = {
    "acknowledged_at": None,
    "acknowledged_by": None,
    "resolved_at": None,
    "resolved_by": None,
    "outcome": None,
}
"""What is forgotten of a task that opens again; its owner and its notes stay."""
ALARMS_FIRST = case((task.c.kind == TaskKind.ESCALATION, 0), else_=1)
BY_URGENCY = case({Urgency.HIGH: 0, Urgency.NORMAL: 1}, value=task.c.urgency, else_=2)


@dataclass(frozen=True, slots=True)
class Task:
    """An item of the worklist.

    `due_at` is a deadline of its own; None where it is due as its kind is (`tasks.due`). `owner`, `acknowledged_by` and
    `resolved_by` are names of staff, the last also a Resolver's word. `note` is what staff, or the patient's text, add.
    """

    kind: TaskKind
    urgency: Urgency
    key: str
    clinic_id: ClinicId | None = None
    patient_id: PatientId | None = None
    appointment_id: AppointmentId | None = None
    message_id: MessageId | None = None
    inbound_id: InboundId | None = None
    reason: Reason | None = None
    id: TaskId | None = None
    opened_at: datetime | None = None
    due_at: datetime | None = None
    owner: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    outcome: Outcome | None = None
    note: str | None = None
    doubt: Doubt | None = None
    """Why a reply needs a reader, where that is what it is about."""


def open_once(tx: Transaction, new_id: UUID, item: Task, *, now: datetime) -> bool:
    """Open a task; False where one of the same key exists, open or resolved."""
    is_new = insert_once(tx, task, _values(tx, new_id, item, now))
    if is_new:
        tell_opened(tx, [item.key], now=now)
    return is_new


def open_many(tx: Transaction, items: Sequence[tuple[UUID, Task]], *, now: datetime) -> None:
    """Open tasks, each given with its new id, where none of the same key exists, open or resolved."""
    insert_many_once(tx, task, [_values(tx, new_id, item, now) for new_id, item in items])
    tell_opened(tx, [item.key for _, item in items], now=now)


def open_anew(
    tx: Transaction,
    items: Sequence[tuple[UUID, Task]],
    *,
    now: datetime,
    settled_by: Resolver = Resolver.SCHEDULE,
) -> None:
    """Open tasks, and again those that the schedule resolved: their cause came back. What staff resolved stays so.

    In the order of their keys, so that two transactions that open the same ones wait for each other and no more.
    """
    ordered = sorted(items, key=lambda pair: pair[1].key)
    open_many(tx, ordered, now=now)
    for batch in in_batches(item.key for _, item in ordered):
        returned = update(task).where(among(tx, task.c.key, batch), task.c.resolved_by == settled_by)
        change_and_tell(tx, FeedKind.TASK_OPENED, returned.values(**AGAIN, opened_at=now), now=now)


def open_again(tx: Transaction, new_id: UUID, item: Task, *, now: datetime) -> None:
    """Open a task whatever became of one of its key before: somebody has just said so, in what `inbound_id` names.

    One that is open already takes the words over, and the greater urgency.
    """
    if open_once(tx, new_id, item, now=now):
        return
    reopen(tx, [item.key], now=now)
    if item.urgency is Urgency.HIGH:
        hurry(tx, [item.key])
    if item.inbound_id is not None:
        tx.connection.execute(update(task).where(task.c.key == item.key).values(inbound_id=item.inbound_id))


def add_words(tx: Transaction, key: str, words: str) -> bool:
    """Let a task that may be older say this too, once; False where it says so already."""
    row = tx.connection.execute(select(task.c.id, task.c.note).where(task.c.key == key)).one()
    held = tx.vault.open_optional("task.note", row.id, row.note) or ""
    if words in held.split("\n"):
        return False
    note = tx.vault.seal("task.note", row.id, f"{held}\n{words}".strip())
    tx.connection.execute(update(task).where(task.c.id == row.id).values(note=note))
    return True


def resolve(tx: Transaction, keys: Collection[str], *, by: str, now: datetime) -> None:
    """Resolve open tasks whose cause ended; `by` is a resolver's word or a member of staff."""
    for batch in in_batches(sorted(keys)):
        statement = update(task).where(among(tx, task.c.key, batch), IS_OPEN)
        _resolve(tx, statement, by=by, now=now)


def resolve_about(tx: Transaction, appointment_id: AppointmentId, kind: TaskKind, *, by: str, now: datetime) -> None:
    """Resolve every open task of a kind about an appointment, whoever opened it."""
    here = (task.c.appointment_id == appointment_id) & (task.c.kind == kind)
    _resolve(tx, update(task).where(here, IS_OPEN), by=by, now=now)


def resolve_kind(tx: Transaction, kind: TaskKind, *, by: str, now: datetime) -> None:
    """Resolve every open task of a kind: what they all are about has ended."""
    _resolve(tx, update(task).where(task.c.kind == kind, IS_OPEN), by=by, now=now)


def hurry(tx: Transaction, keys: Collection[str]) -> None:
    """Raise open tasks to the highest urgency."""
    for batch in in_batches(sorted(keys)):
        statement = update(task).where(among(tx, task.c.key, batch), IS_OPEN, task.c.urgency != Urgency.HIGH)
        tx.connection.execute(statement.values(urgency=Urgency.HIGH))


def open_about(
    tx: Transaction, clinic_id: ClinicId, ids: Collection[AppointmentId]
) -> dict[AppointmentId, list[tuple[TaskKind, str]]]:
    """Return kind and key of the open tasks about appointments of a clinic."""
    found: dict[AppointmentId, list[tuple[TaskKind, str]]] = {}
    statement = select(task.c.appointment_id, task.c.kind, task.c.key).where(task.c.clinic_id == clinic_id, IS_OPEN)
    for batch in in_batches(ids):
        for row in tx.connection.execute(statement.where(among(tx, task.c.appointment_id, batch))):
            found.setdefault(AppointmentId(row.appointment_id), []).append((row.kind, row.key))
    return found


def reopen(tx: Transaction, keys: Collection[str], *, now: datetime) -> None:
    """Open tasks of these keys again that were closed: what they are about has come back."""
    for batch in in_batches(keys):
        statement = update(task).where(among(tx, task.c.key, batch), task.c.resolved_at.is_not(None))
        change_and_tell(tx, FeedKind.TASK_OPENED, statement.values(**AGAIN, opened_at=now), now=now)


def is_waiting(tx: Transaction, key: str) -> bool:
    """Say whether a task of this key is open."""
    statement = select(task.c.id).where(task.c.key == key, IS_OPEN)
    return tx.connection.execute(statement).first() is not None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open tasks are wanted: of this clinic, of these kinds, of this owner or of nobody; None asks for all.

    `among` are the clinics of whoever asks; with it what belongs to no clinic is left out, unless `has_clinicless`.
    """

    clinic_id: ClinicId | None = None
    kinds: Collection[TaskKind] | None = None
    owner: str | None = None
    is_unassigned: bool = False
    among: Collection[ClinicId] | None = None
    has_clinicless: bool = False


def waiting(tx: Transaction, wanted: Wanted = Wanted(), *, limit: int = 200) -> Sequence[Task]:
    """Return open tasks: the alarms first, whatever else waits, then the most urgent, then the oldest."""
    in_order = (ALARMS_FIRST, BY_URGENCY, task.c.opened_at, task.c.id)
    statement = narrowed(select(task).where(IS_OPEN), wanted).order_by(*in_order)
    return [_task(tx, row) for row in tx.connection.execute(statement.limit(limit))]


def get_many(tx: Transaction, ids: Collection[TaskId]) -> list[Task]:
    """Return tasks by id, in the order in which they are named."""
    found = {
        row.id: _task(tx, row)
        for batch in in_batches(ids)
        for row in tx.connection.execute(select(task).where(among(tx, task.c.id, batch)))
    }
    return [found[key] for key in ids]


def resolved_since(tx: Transaction, wanted: Wanted, at: datetime, *, limit: int = 20) -> Sequence[Task]:
    """Return the tasks that were resolved since an instant, the last ones first."""
    statement = narrowed(select(task).where(task.c.resolved_at >= at), wanted)
    ordered = statement.order_by(task.c.resolved_at.desc(), task.c.id)
    return [_task(tx, row) for row in tx.connection.execute(ordered.limit(limit))]


def narrowed(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    """Return a statement about tasks for those only that are wanted."""
    if wanted.clinic_id is not None:
        statement = statement.where(task.c.clinic_id == wanted.clinic_id)
    if wanted.among is not None:
        mine = task.c.clinic_id.in_(wanted.among)
        statement = statement.where(mine | task.c.clinic_id.is_(None) if wanted.has_clinicless else mine)
    if wanted.kinds is not None:
        statement = statement.where(task.c.kind.in_(wanted.kinds))
    if wanted.owner is not None:
        statement = statement.where(func.lower(task.c.owner) == wanted.owner.lower())
    if wanted.is_unassigned:
        statement = statement.where(task.c.owner.is_(None))
    return statement


def page(
    tx: Transaction,
    clinic_id: ClinicId,
    *,
    kinds: Collection[TaskKind] = (),
    after: tuple[datetime, TaskId] | None = None,
    limit: int,
) -> list[Task]:
    """Return a clinic's open tasks, the oldest first, from `after` (opening and id of the last one seen) on."""
    statement = select(task).where(IS_OPEN, task.c.clinic_id == clinic_id).order_by(task.c.opened_at, task.c.id)
    if kinds:
        statement = statement.where(task.c.kind.in_(kinds))
    if after is not None:
        at, key = after
        statement = statement.where((task.c.opened_at > at) | ((task.c.opened_at == at) & (task.c.id > key)))
    return [_task(tx, row) for row in tx.connection.execute(statement.limit(limit))]


def open_of_texts(tx: Transaction, ids: Collection[InboundId]) -> list[Task]:
    """Return the open tasks that texts led to, the most urgent first."""
    statement = select(task).where(IS_OPEN).order_by(BY_URGENCY, task.c.opened_at, task.c.id)
    return [
        _task(tx, row)
        for batch in in_batches(ids)
        for row in tx.connection.execute(statement.where(among(tx, task.c.inbound_id, batch)))
    ]


def of_id(tx: Transaction, task_id: TaskId) -> Task | None:
    """Return the task of a whole id; None where there is none."""
    row = tx.connection.execute(select(task).where(task.c.id == task_id)).one_or_none()
    return None if row is None else _task(tx, row)


def ending_in(tx: Transaction, digits: str, *, is_open: bool, limit: int = 10) -> list[Task]:
    """Return the open tasks, or the resolved ones, whose id ends in these hexadecimal digits, the newest first.

    Every one of them is looked at: of the open ones there are few.
    """
    its = IS_OPEN if is_open else task.c.resolved_at.is_not(None)
    statement = select(task).where(its, cast(task.c.id, String).like(f"%{digits}"))
    ordered = statement.order_by(task.c.opened_at.desc(), task.c.id)
    return [_task(tx, row) for row in tx.connection.execute(ordered.limit(limit))]


def get(tx: Transaction, task_id: TaskId, *, is_locked: bool = False) -> Task:
    """Return a task; `is_locked` lets nobody else work on it until this transaction ends."""
    statement = select(task).where(task.c.id == task_id)
    return _task(tx, tx.connection.execute(statement.with_for_update() if is_locked else statement).one())


def save_work(tx: Transaction, task_id: TaskId, item: Task) -> None:
    """Store what staff did about a task: whose it is, who acknowledged it, how it ended, and their notes."""
    values = {
        "owner": item.owner,
        "acknowledged_at": item.acknowledged_at,
        "acknowledged_by": item.acknowledged_by,
        "resolved_at": item.resolved_at,
        "resolved_by": item.resolved_by,
        "outcome": item.outcome,
        "note": tx.vault.seal_optional("task.note", task_id, item.note),
    }
    row = tx.connection.execute(update(task).where(task.c.id == task_id).values(values).returning(*TOLD)).one()
    for kind, at in ((FeedKind.TASK_TAKEN, item.acknowledged_at), (FeedKind.TASK_RESOLVED, item.resolved_at)):
        if at is not None:  # the same instant is the same news: told once, however often it is stored
            tell(tx, kind, [row], now=at)


def _resolve(tx: Transaction, statement: Update, *, by: str, now: datetime) -> None:
    done = statement.values(resolved_at=now, resolved_by=by)
    change_and_tell(tx, FeedKind.TASK_RESOLVED, done, now=now)


def resolve_kinds(
    tx: Transaction,
    kinds: Collection[TaskKind],
    *,
    about: Collection[AppointmentId],
    by: str,
    now: datetime,
) -> None:
    """Resolve every open task of these kinds about these appointments."""
    for batch in in_batches(sorted(about)):
        here = among(tx, task.c.appointment_id, batch) & task.c.kind.in_(kinds)
        _resolve(tx, update(task).where(here, IS_OPEN), by=by, now=now)


def resolve_faults(
    tx: Transaction, kinds: Collection[TaskKind], *, of: Collection[PatientId], channel: Channel, now: datetime
) -> None:
    """Resolve every open task of these kinds about these patients' address on a channel, which the schedule corrected.

    One that no message led to is about the phone: nothing else is looked at before it is written to.
    """
    its = func.coalesce(
        select(message.c.channel).where(message.c.id == task.c.message_id).scalar_subquery(), Channel.SMS.value
    )
    for batch in in_batches(sorted(of)):
        here = among(tx, task.c.patient_id, batch) & task.c.kind.in_(kinds) & (its == channel.value)
        _resolve(tx, update(task).where(here, IS_OPEN), by=Resolver.SCHEDULE, now=now)


def resolve_old(tx: Transaction, kind: TaskKind, *, before: datetime, now: datetime) -> None:
    """Resolve every open task of a kind that was opened before an instant: time has made it idle."""
    here = (task.c.kind == kind) & (task.c.opened_at < before)
    _resolve(tx, update(task).where(here, IS_OPEN), by=Resolver.TIME, now=now)


def _values(tx: Transaction, new_id: UUID, item: Task, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id,
        "clinic_id": item.clinic_id,
        "patient_id": item.patient_id,
        "appointment_id": item.appointment_id,
        "message_id": item.message_id,
        "inbound_id": item.inbound_id,
        "kind": item.kind,
        "urgency": item.urgency,
        "reason": item.reason,
        "doubt": item.doubt,
        "key": item.key,
        "opened_at": now,
        "due_at": item.due_at,
        "owner": item.owner,
        "note": tx.vault.seal_optional("task.note", new_id, item.note),
    }


def _task(tx: Transaction, row: Row[Any]) -> Task:
    return Task(
        kind=row.kind,
        urgency=row.urgency,
        key=row.key,
        clinic_id=row.clinic_id,
        patient_id=row.patient_id,
        appointment_id=row.appointment_id,
        message_id=row.message_id,
        inbound_id=row.inbound_id,
        reason=row.reason,
        id=TaskId(row.id),
        opened_at=row.opened_at,
        due_at=row.due_at,
        owner=row.owner,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        outcome=row.outcome,
        note=tx.vault.open_optional("task.note", row.id, row.note),
        doubt=row.doubt,
    )
