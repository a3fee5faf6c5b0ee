"""Escalations as stored: the climbs, and the notices that each of their rungs sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, func, insert, select, true, update

from reminders.core.delivery import WAITING, MessageState
from reminders.core.escalations import CANNOT_GO, Escalation, notice_key
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, ClinicId, ContactId, InboundId, PatientId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.core.tasks import TaskKind
from reminders.store.batches import in_batches
from reminders.store.conversation_rows import escalation, inbound
from reminders.store.message_news import cancel
from reminders.store.rows import contact, message, task
from reminders.store.sets import listed
from reminders.store.unit_of_work import Transaction

IS_OPEN = escalation.c.acknowledged_at.is_(None)
CLIMBS = IS_OPEN & escalation.c.next_at.is_not(None)
MOST_NOTICES = 20
"""No rung tells more: ten people by two ways."""
FORMER = "#"
"""Stands between the key of a task and the id of a climb that another followed, when the task was opened again."""
FORMER_ENDS = 37
"""How many characters that mark and an id take."""
KEY_OF_TASK = case(
    (
        escalation.c.task_key.contains(FORMER),
        func.substr(escalation.c.task_key, 1, func.length(escalation.c.task_key) - FORMER_ENDS),
    ),
    else_=escalation.c.task_key,
)
"""Of which task a climb is or was."""


def add(tx: Transaction, item: Escalation, appointment_id: AppointmentId | None) -> None:
    """Store a new climb, before anybody is told."""
    tx.connection.execute(
        insert(escalation).values(
            id=item.id,
            clinic_id=item.clinic_id,
            patient_id=item.patient_id,
            appointment_id=appointment_id,
            inbound_id=item.inbound_id,
            task_key=item.task_key,
            concern=item.concern,
            code=item.code,
            is_patient_told=item.is_patient_told,
            rung=item.rung,
            opened_at=item.opened_at,
            next_at=item.next_at,
        )
    )


def step(tx: Transaction, item: Escalation, *, rung: int, next_at: datetime) -> bool:
    """Take a climb a rung further; False where somebody else did, or took it over: then nobody is told twice."""
    here = (escalation.c.id == item.id) & (escalation.c.rung == item.rung) & CLIMBS
    taken = update(escalation).where(here).values(rung=rung, next_at=next_at).returning(escalation.c.id)
    return tx.connection.execute(taken).first() is not None


def climbing(tx: Transaction) -> list[Escalation]:
    """Return all climbs that nobody has taken over, the next to go on first."""
    return [_escalation(row) for row in tx.connection.execute(_climbing())]


@cache
def _climbing() -> Select[Any]:
    return select(escalation).where(CLIMBS).order_by(escalation.c.next_at, escalation.c.id)


def open_of(tx: Transaction, clinics: Collection[ClinicId]) -> list[Escalation]:
    """Return the climbs of some clinics that nobody has taken over, the oldest first."""
    statement = select(escalation).where(IS_OPEN, escalation.c.clinic_id.in_(clinics))
    return [_escalation(row) for row in tx.connection.execute(statement.order_by(escalation.c.opened_at))]


def open_codes(tx: Transaction) -> set[str]:
    """Return the codes of all open climbs, of every clinic: somebody may be on call for several."""
    return set(tx.connection.scalars(select(escalation.c.code).where(IS_OPEN)))


def make_former(tx: Transaction, item: Escalation) -> None:
    """Leave the task of a climb that is over to another; who took this one over stays in the patient's story."""
    former = f"{item.task_key}{FORMER}{item.id}"
    tx.connection.execute(update(escalation).where(escalation.c.id == item.id).values(task_key=former))


def get(tx: Transaction, escalation_id: UUID) -> Escalation | None:
    """Return one climb."""
    row = tx.connection.execute(select(escalation).where(escalation.c.id == escalation_id)).one_or_none()
    return None if row is None else _escalation(row)


def by_task(tx: Transaction, key: str) -> Escalation | None:
    """Return the climb that a task is of: where it was opened again, its newest."""
    row = tx.connection.execute(select(escalation).where(escalation.c.task_key == key)).one_or_none()
    return None if row is None else _escalation(row)


def of_tasks(tx: Transaction, keys: Collection[str], people: Collection[PatientId]) -> list[Escalation]:
    """Return the climbs of tasks, and those that are open about patients: what comes early joins them."""
    theirs = escalation.c.task_key.in_(keys) | (IS_OPEN & escalation.c.patient_id.in_(people))
    rows = tx.connection.execute(select(escalation).where(theirs).order_by(escalation.c.opened_at))
    return [_escalation(row) for row in rows]


def since(tx: Transaction, clinic_id: ClinicId, at: datetime) -> list[Escalation]:
    """Return the climbs of a clinic that began since an instant, the newest first."""
    here = (escalation.c.clinic_id == clinic_id) & (escalation.c.opened_at >= at)
    rows = tx.connection.execute(select(escalation).where(here).order_by(escalation.c.opened_at.desc()))
    return [_escalation(row) for row in rows]


def about(tx: Transaction, patient_id: PatientId | None, inbound_id: InboundId | None) -> list[Escalation]:
    """Return the open climbs about a patient, or where nobody knows which patient, those of the text's sender."""
    statement = select(escalation).where(IS_OPEN).order_by(escalation.c.opened_at.desc())
    if patient_id is not None:
        statement = statement.where(escalation.c.patient_id == patient_id)
    elif inbound_id is not None:
        mine = select(inbound.c.sender_index).where(inbound.c.id == inbound_id).scalar_subquery()
        theirs = select(inbound.c.id).where(inbound.c.sender_index == mine)
        statement = statement.where(escalation.c.patient_id.is_(None), escalation.c.inbound_id.in_(theirs))
    else:
        return []
    return [_escalation(row) for row in tx.connection.execute(statement)]


def waiting(tx: Transaction, people: Collection[PatientId]) -> set[PatientId]:
    """Return of whom of these patients an alarm waits for somebody to take it over."""
    found = tx.connection.scalars(_waiting(is_postgres=tx.is_postgres), {"ids": list(people)})
    return {PatientId(key) for key in found}


@cache
def _waiting(*, is_postgres: bool) -> Select[Any]:
    return select(escalation.c.patient_id).where(
        IS_OPEN, listed(escalation.c.patient_id, "ids", is_postgres=is_postgres)
    )


def of_patient(tx: Transaction, patient_id: PatientId) -> list[Escalation]:
    """Return all climbs that there ever were about a patient, in order."""
    statement = select(escalation).where(escalation.c.patient_id == patient_id).order_by(escalation.c.opened_at)
    return [_escalation(row) for row in tx.connection.execute(statement)]


def acknowledge(tx: Transaction, escalation_id: UUID, *, by: str, now: datetime) -> bool:
    """End a climb; False where somebody did before."""
    statement = update(escalation).where(escalation.c.id == escalation_id, IS_OPEN).returning(escalation.c.id)
    values = {"acknowledged_at": now, "acknowledged_by": by, "next_at": None}
    return tx.connection.execute(statement.values(values)).first() is not None


def fates(tx: Transaction, item: Escalation, *, rungs: int) -> dict[int, list[MessageState]]:
    """Return what became of the notices of the last rungs, by rung."""
    last = range(max(0, item.rung - rungs), item.rung)
    keys = {notice_key(item.id, rung, place): rung for rung in last for place in range(MOST_NOTICES)}
    found: dict[int, list[MessageState]] = {}
    columns = (message.c.request_key, message.c.state)
    for batch in in_batches(keys):
        here = (message.c.clinic_id == item.clinic_id) & message.c.request_key.in_(batch)
        for row in tx.connection.execute(select(*columns).where(here)):
            found.setdefault(keys[row.request_key], []).append(row.state)
    return found


def told(tx: Transaction, item: Escalation) -> dict[ContactId, Channel]:
    """Return the addresses to which a notice of a climb has left."""
    return {
        ContactId(row.contact_id): row.channel
        for row in _notices(tx, item, message.c.left_at.is_not(None), message.c.contact_id, message.c.channel)
    }


def noticed(tx: Transaction, item: Escalation) -> dict[ContactId, Channel]:
    """Return the addresses for which a notice of a climb was made, whatever became of it."""
    rows = _notices(tx, item, true(), message.c.contact_id, message.c.channel)
    return {ContactId(row.contact_id): row.channel for row in rows}


def is_untold(tx: Transaction, item: Escalation, kind: str, *, since: datetime) -> bool:
    """Say whether all texts of a kind for who wrote what an alarm is about have ended without arriving.

    Texts of before the alarm count only where it brought none, and since an instant. False where there was no text.
    """
    wrote = select(inbound.c.sender_index).where(inbound.c.id == item.inbound_id).scalar_subquery()
    theirs = select(contact.c.id).where(contact.c.address_index == wrote, contact.c.channel == Channel.SMS)
    here = message.c.contact_id.in_(theirs) & (message.c.kind == kind) & (message.c.made_at >= since)
    found = tx.connection.execute(select(message.c.state, message.c.made_at).where(here)).all()
    own = [row.state for row in found if row.made_at >= item.opened_at] or [row.state for row in found]
    return bool(own) and all(state in CANNOT_GO for state in own)


def mark_untold(tx: Transaction, item: Escalation) -> bool:
    """Remember that the patient was not told after all; False where that is known, or somebody took over."""
    here = (escalation.c.id == item.id) & IS_OPEN & escalation.c.is_patient_told
    marked = update(escalation).where(here).values(is_patient_told=False).returning(escalation.c.id)
    return tx.connection.execute(marked).first() is not None


def addressed(tx: Transaction, item: Escalation, contacts: Collection[ContactId]) -> bool:
    """Say whether a notice of a climb was made for one of these addresses."""
    return bool(_notices(tx, item, message.c.contact_id.in_(contacts), message.c.id))


def cancel_notices(tx: Transaction, item: Escalation, *, now: datetime) -> None:
    """End the notices of a climb that have not left."""
    ids = [row.id for row in _notices(tx, item, message.c.state.in_(WAITING), message.c.id)]
    for batch in in_batches(sorted(ids)):
        cancel(tx, message.c.id.in_(batch), reason=Reason.ACKNOWLEDGED, now=now)


def _notices(
    tx: Transaction, item: Escalation, where: ColumnElement[bool], *columns: ColumnElement[Any]
) -> Sequence[Row[Any]]:
    """Return some notices of a climb; its clinic's alerts since it began are few."""
    mine = message.c.request_key.startswith(f"alert:{item.id}:", autoescape=True)
    recent = (message.c.clinic_id == item.clinic_id) & (message.c.made_at >= item.opened_at)
    statement = select(*columns).where(recent, message.c.origin == Origin.ALERT, mine, where)
    return tx.connection.execute(statement.order_by(message.c.id)).all()


def last_told(tx: Transaction, contacts: Collection[ContactId], kind: str) -> datetime | None:
    """Return when staff at these addresses were last sent a message of a kind."""
    here = message.c.contact_id.in_(contacts) & (message.c.origin == Origin.ALERT) & (message.c.kind == kind)
    found: datetime | None = tx.connection.scalar(select(func.max(message.c.made_at)).where(here))
    return found


def contacts_of(tx: Transaction, address: str, clinics: Collection[ClinicId]) -> dict[ClinicId, ContactId]:
    """Return the rows of a phone at some clinics."""
    here = (contact.c.address_index == tx.vault.index(address)) & (contact.c.channel == Channel.SMS)
    rows = tx.connection.execute(select(contact.c.clinic_id, contact.c.id).where(here))
    return {ClinicId(row.clinic_id): ContactId(row.id) for row in rows if row.clinic_id in clinics}


def lock_tasks(tx: Transaction, item: Escalation, key: str) -> list[str]:
    """Return, locked, the keys of the open tasks that a climb is about: its own, and those that joined it."""
    theirs: ColumnElement[bool] = task.c.key.in_({key, item.task_key})
    if item.patient_id is not None:
        joined = (task.c.patient_id == item.patient_id) & (task.c.opened_at >= item.opened_at)
        theirs |= (task.c.kind == TaskKind.ESCALATION) & joined
    statement = select(task.c.key).where(theirs, task.c.resolved_at.is_(None)).order_by(task.c.key)
    return list(tx.connection.scalars(statement.with_for_update(key_share=True)))


def mark_acknowledged(tx: Transaction, keys: Collection[str], *, by: str, now: datetime) -> None:
    """Mark open tasks as taken over; who was first stays."""
    for batch in in_batches(sorted(keys)):
        here = task.c.key.in_(batch) & task.c.acknowledged_at.is_(None) & task.c.resolved_at.is_(None)
        tx.connection.execute(update(task).where(here).values(acknowledged_at=now, acknowledged_by=by))


def task_facts(tx: Transaction, key: str) -> tuple[PatientId | None, InboundId | None] | None:
    """Return whom and which text an alarm's task is about; None where there is no such task."""
    here = (task.c.key == key) & (task.c.kind == TaskKind.ESCALATION)
    row = tx.connection.execute(select(task.c.patient_id, task.c.inbound_id).where(here)).one_or_none()
    if row is None:
        return None
    return row.patient_id and PatientId(row.patient_id), row.inbound_id and InboundId(row.inbound_id)


def oldest_open(tx: Transaction) -> Mapping[ClinicId, datetime]:
    """Return by clinic when its oldest climb began that nobody has taken over."""
    oldest = func.min(escalation.c.opened_at).label("at")
    statement = select(escalation.c.clinic_id, oldest).where(IS_OPEN).group_by(escalation.c.clinic_id)
    return {ClinicId(row.clinic_id): row.at for row in tx.connection.execute(statement)}


def _escalation(row: Row[Any]) -> Escalation:
    return Escalation(
        id=row.id,
        clinic_id=ClinicId(row.clinic_id),
        patient_id=row.patient_id and PatientId(row.patient_id),
        inbound_id=row.inbound_id and InboundId(row.inbound_id),
        task_key=row.task_key,
        concern=row.concern,
        code=row.code,
        is_patient_told=row.is_patient_told,
        rung=row.rung,
        opened_at=row.opened_at,
        next_at=row.next_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
    )
