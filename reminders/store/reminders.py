"""Reminders as stored: planned touches, found by when they fall due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, bindparam, func, select, union, update

from reminders.core.appointments import AppointmentStatus
from reminders.core.conditions import Told
from reminders.core.delivery import IN_FLIGHT, LEFT, MessageState
from reminders.core.fallback import has_failed
from reminders.core.ids import AppointmentId, ClinicId, MessageId, PatientId, ReminderId
from reminders.core.patients import Recipient
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderKey, ReminderState
from reminders.store.batches import in_batches
from reminders.store.bulk import insert_rows
from reminders.store.conversation_rows import question
from reminders.store.rows import appointment, appointment_version, message, patient, reminder
from reminders.store.sets import Changes, among, listed, picked
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

TO_READ = (
    *(reminder.c.id, reminder.c.appointment_id, reminder.c.patient_id, reminder.c.version, reminder.c.step),
    *(reminder.c.recipient, reminder.c.channel, reminder.c.not_before, reminder.c.due_at, reminder.c.expires_at),
    *(reminder.c.state, reminder.c.reason),
)
"""What a reminder is made of."""
IS_PLANNED = reminder.c.state == plain(ReminderState.PLANNED)
MOVABLE = (ReminderState.PLANNED, ReminderState.SUPPRESSED, ReminderState.CANCELLED)
MOVED_BY = ("not_before", "due_at", "expires_at", "state")
led, other = reminder.alias("led"), reminder.alias("other")
IN_ITS_PLACE = (
    (other.c.appointment_id == led.c.appointment_id)
    & (other.c.step == led.c.step)
    & (other.c.recipient == led.c.recipient)
    & (other.c.channel != led.c.channel)
    & (other.c.state == ReminderState.PLANNED)
)
TAKEN_OVER = select(led.c.message_id).join(other, IN_ITS_PLACE).where(led.c.state == ReminderState.DISPATCHED)
MOVES = Changes(
    reminder,
    "id",
    {name: reminder.c[name].type for name in (*MOVED_BY, "changed_at")},
    where=lambda _: reminder.c.state.in_([plain(state) for state in MOVABLE]),
    values=lambda given: {**picked(given, *MOVED_BY, "changed_at"), "reason": None},
)
NOW = bindparam("now", type_=reminder.c.changed_at.type)
"""When a bundle is tied to its message: the same for all that leave together."""
LED = Changes(
    reminder,
    "id",
    {"message_id": reminder.c.message_id.type},
    where=lambda _: IS_PLANNED,
    values=lambda given: {**picked(given, "message_id"), "changed_at": NOW, "state": ReminderState.DISPATCHED},
)
MERGED = Changes(
    reminder,
    "id",
    {name: reminder.c[name].type for name in ("message_id", "merged_into_id")},
    where=lambda _: IS_PLANNED,
    values=lambda given: {
        **picked(given, "message_id", "merged_into_id"),
        "changed_at": NOW,
        "state": ReminderState.MERGED,
        "reason": Reason.MERGED,
    },
)


def of_appointments(tx: Transaction, ids: Collection[AppointmentId]) -> dict[AppointmentId, list[Reminder]]:
    """Return every reminder of appointments, of all versions, and whether their messages failed."""
    found: dict[AppointmentId, list[Reminder]] = {key: [] for key in ids}
    ends = (message.c.state.label("end"), message.c.reason.label("end_reason"), message.c.redeliveries)
    statement = select(*TO_READ, *ends).outerjoin(message, message.c.id == reminder.c.message_id)
    for batch in in_batches(ids):
        for row in tx.connection.execute(statement.where(among(tx, reminder.c.appointment_id, batch))).all():
            is_failed = row.end is not None and has_failed(row.end, row.end_reason, row.redeliveries)
            found[AppointmentId(row.appointment_id)].append(_reminder(row[: len(TO_READ)], is_failed=is_failed))
    return found


def taken_over(tx: Transaction, ids: Collection[MessageId]) -> set[MessageId]:
    """Return which of these messages have a reminder in their place that waits to leave by another channel."""
    return {
        MessageId(key)
        for batch in in_batches(ids)
        for key in tx.connection.scalars(TAKEN_OVER.where(among(tx, led.c.message_id, batch)))
    }


def add(
    tx: Transaction,
    clinic_id: ClinicId,
    items: Iterable[tuple[UUID, AppointmentId, PatientId, int, PlannedReminder]],
    *,
    now: datetime,
) -> None:
    """Store planned touches: (new id, appointment, patient, version, plan)."""
    rows = [
        {
            "id": new_id,
            "clinic_id": clinic_id,
            "appointment_id": appointment_id,
            "patient_id": patient_id,
            "version": version,
            "step": plan.key.step,
            "recipient": plan.key.recipient,
            "channel": plan.key.channel,
            "not_before": plan.not_before,
            "due_at": plan.due_at,
            "expires_at": plan.expires_at,
            "state": plan.state,
            "reason": plan.reason,
            "changed_at": now,
        }
        for new_id, appointment_id, patient_id, version, plan in items
    ]
    insert_rows(tx, reminder, rows)


def move(tx: Transaction, moves: Iterable[tuple[ReminderId, PlannedReminder]], *, now: datetime) -> None:
    """Give waiting reminders new times, or let those that were refused or replaced wait again."""
    MOVES.apply(
        tx, [{"id": key, **{name: getattr(plan, name) for name in MOVED_BY}, "changed_at": now} for key, plan in moves]
    )


def end(
    tx: Transaction, ids: Collection[ReminderId], state: ReminderState, reason: Reason | None, *, now: datetime
) -> None:
    """Take waiting reminders to a state they do not leave, with the reason."""
    for batch in in_batches(ids):
        statement = update(reminder).where(among(tx, reminder.c.id, batch), IS_PLANNED)
        tx.connection.execute(statement.values(state=state, reason=reason, changed_at=now))


class Tie(NamedTuple):
    """A bundle and its message: the leader is dispatched, the others are merged into it."""

    message_id: MessageId
    leader: ReminderId
    others: tuple[ReminderId, ...]


def dispatch(tx: Transaction, ties: Sequence[Tie], *, now: datetime) -> None:
    """Tie bundles to their messages."""
    LED.apply(tx, [{"id": tie.leader, "message_id": tie.message_id} for tie in ties], now=now)
    merged = [
        {"id": other, "message_id": tie.message_id, "merged_into_id": tie.leader}
        for tie in ties
        for other in tie.others
    ]
    MERGED.apply(tx, merged, now=now)


def free_merged(tx: Transaction, ids: Collection[MessageId], *, now: datetime) -> None:
    """Let what was merged into messages wait for one of its own again: theirs never left, through no fault of it."""
    for batch in in_batches(ids):
        statement = update(reminder).where(
            among(tx, reminder.c.message_id, batch), reminder.c.state == ReminderState.MERGED
        )
        values = {"state": ReminderState.PLANNED, "reason": None, "merged_into_id": None, "message_id": None}
        tx.connection.execute(statement.values(values | {"changed_at": now}))


def put_off(tx: Transaction, patient_id: PatientId, *, before: datetime, until: datetime, now: datetime) -> None:
    """Let what is due for a patient wait a while: something about it stops the work."""
    statement = update(reminder).where(IS_PLANNED, reminder.c.patient_id == patient_id, reminder.c.due_at <= before)
    tx.connection.execute(statement.values(due_at=until, changed_at=now))


def put_off_some(tx: Transaction, ids: Collection[ReminderId], *, until: datetime, now: datetime) -> None:
    """Let some that wait fall due later."""
    for batch in in_batches(ids):
        statement = update(reminder).where(IS_PLANNED, reminder.c.id.in_(batch))
        tx.connection.execute(statement.values(due_at=until, changed_at=now))


def patients_due(
    tx: Transaction,
    *,
    now: datetime,
    before: datetime,
    limit: int,
    since: datetime | None = None,
    clinic_id: ClinicId | None = None,
) -> dict[PatientId, ClinicId]:
    """Return patients of whom a reminder of use falls due in [since, before], the newest need first.

    After an outage what is due now must not wait behind what was due yesterday. Nothing waits for ever: it expires.
    """
    statement = _patients_due(has_since=since is not None, is_of_one=clinic_id is not None)
    given = {"now": now, "before": before, "most": limit, "since": since, "clinic_id": clinic_id}
    wanted = {name: value for name, value in given.items() if value is not None}
    return {PatientId(row.patient_id): ClinicId(row.clinic_id) for row in tx.connection.execute(statement, wanted)}


@cache
def _patients_due(*, has_since: bool, is_of_one: bool) -> Select[Any]:
    due_at, ids = reminder.c.due_at, (reminder.c.patient_id, reminder.c.clinic_id)
    # What is past its use is for `expire_overdue`; it must not stand in the way of what is not.
    is_of_use = reminder.c.expires_at > bindparam("now", type_=due_at.type)
    found = select(*ids).where(IS_PLANNED, due_at <= bindparam("before", type_=due_at.type), is_of_use).group_by(*ids)
    if has_since:
        found = found.where(due_at >= bindparam("since", type_=due_at.type))
    if is_of_one:
        found = found.where(reminder.c.clinic_id == bindparam("clinic_id"))
    return found.order_by(func.max(due_at).desc(), reminder.c.patient_id).limit(bindparam("most"))


def lock_waiting(tx: Transaction, ids: Collection[PatientId], *, before: datetime) -> dict[PatientId, list[Reminder]]:
    """Return the waiting reminders of patients due before an instant.

    The patients are locked first: two workers that shared one patient's reminders would not merge them. Patients whom
    another worker holds are left to it.
    """
    free = tx.connection.scalars(_free(is_postgres=tx.is_postgres), {"ids": list(ids)}).all()
    given = {"ids": free, "before": before}
    found: dict[PatientId, list[Reminder]] = {}
    for row in tx.connection.execute(_waiting(is_postgres=tx.is_postgres), given).all():
        item = _reminder(row)
        found.setdefault(item.patient_id, []).append(item)
    return found


@cache
def _free(*, is_postgres: bool) -> Select[Any]:
    theirs = select(patient.c.id).where(listed(patient.c.id, "ids", is_postgres=is_postgres)).order_by(patient.c.id)
    return theirs.with_for_update(skip_locked=True, key_share=True)


@cache
def _waiting(*, is_postgres: bool) -> Select[Any]:
    theirs = listed(reminder.c.patient_id, "ids", is_postgres=is_postgres)
    is_due = reminder.c.due_at <= bindparam("before", type_=reminder.c.due_at.type)
    ordered = select(*TO_READ).where(IS_PLANNED, theirs, is_due).order_by(reminder.c.due_at, reminder.c.id)
    return ordered.with_for_update(skip_locked=True, key_share=True)


def upcoming(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for what waits, is of use at `now` and due before `before`, of what is meant for patients themselves.

    Their ids are given under a name.
    """
    is_soon = reminder.c.due_at < bindparam("before", type_=reminder.c.due_at.type)
    return _of_use(name, is_postgres=is_postgres).where(IS_PLANNED, is_soon)


def by_patient(rows: Iterable[Any], ids: Collection[PatientId]) -> dict[PatientId, list[Reminder]]:
    """Return the reminders of each of these patients in order of due time, of rows as `upcoming` asks for them."""
    found: dict[PatientId, list[Reminder]] = {key: [] for key in ids}
    for row in sorted(rows, key=lambda each: (each.due_at, each.id)):
        found[PatientId(row.patient_id)].append(_reminder(row))
    return found


def _of_use(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for what is of use yet of what is meant for these patients themselves."""
    return select(*TO_READ).where(
        listed(reminder.c.patient_id, name, is_postgres=is_postgres),
        reminder.c.recipient == Recipient.PATIENT,
        reminder.c.expires_at > bindparam("now", type_=reminder.c.expires_at.type),
    )


def spoken(tx: Transaction, ids: Collection[PatientId], *, now: datetime) -> dict[PatientId, list[Reminder]]:
    """Return the reminders to these patients themselves that became part of a message and are still of use."""
    found: dict[PatientId, list[Reminder]] = {key: [] for key in ids}
    for batch in in_batches(ids):
        for row in tx.connection.execute(_spoken(is_postgres=tx.is_postgres), {"ids": batch, "now": now}).all():
            found[PatientId(row.patient_id)].append(_reminder(row))
    return found


@cache
def _spoken(*, is_postgres: bool) -> Select[Any]:
    said = reminder.c.state.in_([plain(ReminderState.DISPATCHED), plain(ReminderState.MERGED)])
    return _of_use("ids", is_postgres=is_postgres).where(said).order_by(reminder.c.due_at, reminder.c.id)


def overdue(tx: Transaction, *, now: datetime, limit: int) -> list[tuple[ClinicId, Reminder]]:
    """Return waiting reminders whose use is over."""
    columns = (reminder.c.clinic_id, *TO_READ)
    statement = select(*columns).where(IS_PLANNED, reminder.c.expires_at <= now).limit(limit)
    rows = tx.connection.execute(statement.with_for_update(skip_locked=True, key_share=True))
    return [(ClinicId(clinic_id), _reminder(its)) for clinic_id, *its in rows]


def next_due(tx: Transaction, *, after: datetime) -> datetime | None:
    """Return when the next waiting reminder falls due that is not due yet: what is overdue waits for its turn."""
    statement = select(func.min(reminder.c.due_at)).where(IS_PLANNED, reminder.c.due_at > after)
    found: datetime | None = tx.connection.scalar(statement)
    return found


def last_told(
    tx: Transaction, ids: Collection[AppointmentId]
) -> Mapping[tuple[AppointmentId, Recipient], tuple[int, Told]]:
    """Return what patients and escorts last heard about appointments from messages that left, with its version.

    A message speaks of its own appointment, of those whose reminder of the same step was merged into it, and of those
    that its question is about.
    """
    told: dict[tuple[AppointmentId, Recipient], tuple[int, Told]] = {}
    for batch in in_batches(ids):
        for row in tx.connection.execute(_heard(is_postgres=tx.is_postgres), {"ids": batch}):
            is_off = row.status is AppointmentStatus.CANCELLED
            told[AppointmentId(row.appointment_id), row.recipient] = (row.version, Told(row.starts_at, is_off=is_off))
    return told


@cache
def _heard(*, is_postgres: bool) -> Select[Any]:
    """Return what was heard about `ids`, in order of time. Made once: every reply asks it."""

    def about(table: Table) -> ColumnElement[bool]:
        return listed(table.c.appointment_id, "ids", is_postgres=is_postgres)

    has_left = message.c.left_at.is_not(None) & message.c.state.in_([*LEFT, *IN_FLIGHT, MessageState.NEEDS_STAFF])
    heard_by = (message.c.recipient, message.c.patient_id, message.c.left_at)
    own = select(message.c.appointment_id, message.c.version, *heard_by).where(
        about(message), message.c.version.is_not(None), has_left
    )
    merged = (
        select(reminder.c.appointment_id, reminder.c.version, *heard_by)
        .join(message, message.c.id == reminder.c.message_id)
        .where(about(reminder), reminder.c.step == message.c.kind, has_left)
    )
    asked = (
        select(question.c.appointment_id, question.c.version, *heard_by)
        .join(message, message.c.id == question.c.message_id)
        .where(about(question), has_left)
    )
    heard = union(own, merged, asked).subquery()
    said = appointment_version
    statement = (
        select(heard, said.c.starts_at, said.c.status)
        .join(said, (said.c.appointment_id == heard.c.appointment_id) & (said.c.version == heard.c.version))
        # What the patient before heard, of whom a schedule took the session, the present one did not.
        .join(appointment, appointment.c.id == heard.c.appointment_id)
        .where(appointment.c.patient_id == heard.c.patient_id)
    )
    return statement.order_by(heard.c.left_at, heard.c.version)


def _reminder(stored: Sequence[Any], *, is_failed: bool = False) -> Reminder:
    """Return what the columns of `TO_READ` say: by their places, for many are read at a time."""
    key, appointment_id, patient_id, version, step, recipient, channel, *others = stored
    planned = PlannedReminder(ReminderKey(step, recipient, channel), *others)
    return Reminder(key, appointment_id, patient_id, version, planned, is_failed)
