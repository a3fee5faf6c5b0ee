"""Attempts as stored: the intent before each provider call, and what became of it (recorded in `outcomes`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, select, update

from reminders.core.delivery import GIVEN_UP, AttemptState, MessageState
from reminders.core.ids import AttemptTag, ClinicId, ContactId, MessageId
from reminders.core.patients import Channel
from reminders.store.batches import in_batches
from reminders.store.rows import attempt, contact, message
from reminders.store.sets import among, listed
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

OPEN = (AttemptState.SENDING, AttemptState.UNKNOWN)
IS_OPEN = attempt.c.state.in_([plain(state) for state in OPEN])
IS_ON_ITS_WAY = message.c.state.in_([plain(MessageState.ACCEPTED), plain(MessageState.SENT)])
WAS_ABSENT = attempt.c.state == plain(AttemptState.ABSENT)
other = attempt.alias("other")
OPEN_MESSAGE = (MessageState.SENDING, MessageState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt without an outcome, or found absent, with what is needed to look for it at the provider."""

    tag: AttemptTag
    message_id: MessageId
    clinic_id: ClinicId
    channel: Channel
    state: AttemptState
    fence: int
    machine_begun_at: datetime
    empty_looks: int
    first_look_at: datetime | None
    last_look_at: datetime | None
    address: str
    body: str


def taken(tx: Transaction, provider_ids: Sequence[str]) -> set[str]:
    """Return which of these provider's ids an attempt of ours already has."""
    if not provider_ids:
        return set()
    return set(tx.connection.scalars(_known_ids(is_postgres=tx.is_postgres), {"ids": list(provider_ids)}))


@cache
def _known_ids(*, is_postgres: bool) -> Select[Any]:
    return select(attempt.c.provider_id).where(listed(attempt.c.provider_id, "ids", is_postgres=is_postgres))


def doubt_overdue(tx: Transaction, *, machine_now: datetime, now: datetime) -> list[MessageId]:
    """Take attempts past their deadline, whose worker died or hangs, to unknown; their messages with them."""
    # One that somebody else holds is about to get its outcome; it is left to them.
    late = (
        select(attempt.c.tag)
        .where(IS_OPEN, attempt.c.state == AttemptState.SENDING, attempt.c.deadline_at < machine_now)
        .with_for_update(skip_locked=True, key_share=True)
        .cte("late")
    )
    doubt = (
        update(attempt)
        .where(attempt.c.tag.in_(select(late.c.tag)))
        .values(state=AttemptState.UNKNOWN, detail="no outcome was recorded in time")
        .returning(attempt.c.message_id)
    )
    ids = [MessageId(row) for row in tx.connection.scalars(doubt)]
    for batch in in_batches(ids):
        statement = update(message).where(among(tx, message.c.id, batch), message.c.state == MessageState.SENDING)
        tx.connection.execute(statement.values(state=MessageState.UNKNOWN, changed_at=now))
    return ids


def unknown(tx: Transaction, channel: Channel, *, limit: int) -> list[OpenAttempt]:
    """Return attempts in doubt on a channel, those longest not looked at first, else in the order in which they left.

    A double that one of them proves holds those behind it.
    """
    statement = (
        _open_attempts()
        .where(IS_OPEN, attempt.c.state == AttemptState.UNKNOWN, message.c.state == MessageState.UNKNOWN)
        .where(message.c.channel == channel)
        .order_by(attempt.c.last_look_at.asc().nulls_first(), attempt.c.machine_begun_at)
        .order_by(message.c.due_at, message.c.id)
        .limit(limit)
    )
    return [_open(tx, row) for row in tx.connection.execute(statement).all()]


def found_absent(tx: Transaction, *, since: datetime, before: datetime, limit: int) -> list[OpenAttempt]:
    """Return texts that looks proved absent, begun and last looked for since an instant, and not since another.

    Left out is what was taken after all, and what has another attempt under way: its text would be taken for this one.
    """
    under_way = exists().where(other.c.message_id == attempt.c.message_id, other.c.state.in_(OPEN))
    statement = (
        _open_attempts()
        .where(WAS_ABSENT, attempt.c.last_look_at >= since, attempt.c.last_look_at < before)
        .where(attempt.c.machine_begun_at >= since, attempt.c.is_late_accept.is_(False), ~under_way)
        .where(message.c.channel == Channel.SMS)
        .order_by(attempt.c.last_look_at, attempt.c.machine_begun_at)
        .limit(limit)
    )
    return [_open(tx, row) for row in tx.connection.execute(statement).all()]


def is_under_way(tx: Transaction, message_id: MessageId) -> bool:
    """Say whether a message has an attempt without an outcome."""
    here = (attempt.c.message_id == message_id) & attempt.c.state.in_(OPEN)
    return tx.connection.execute(select(attempt.c.tag).where(here).limit(1)).first() is not None


def in_doubt(tx: Transaction, tag: AttemptTag) -> OpenAttempt | None:
    """Return an attempt, locked, if it is still in doubt."""
    where = (attempt.c.tag == tag) & (attempt.c.state == AttemptState.UNKNOWN)
    locked = _open_attempts().where(where).with_for_update(of=attempt, key_share=True)
    row = tx.connection.execute(locked).one_or_none()
    return None if row is None else _open(tx, row)


def _open_attempts() -> Any:  # noqa: ANN401 - a select whose type lists every column
    joined = attempt.join(message, message.c.id == attempt.c.message_id).join(
        contact, contact.c.id == message.c.contact_id
    )
    columns = (attempt, message.c.channel, message.c.body, contact.c.id.label("contact_id"), contact.c.address)
    return select(*columns).select_from(joined)


def _open(tx: Transaction, row: Row[Any]) -> OpenAttempt:
    return OpenAttempt(
        tag=AttemptTag(row.tag),
        message_id=MessageId(row.message_id),
        clinic_id=ClinicId(row.clinic_id),
        channel=row.channel,
        state=row.state,
        fence=row.fence,
        machine_begun_at=row.machine_begun_at,
        empty_looks=row.empty_looks,
        first_look_at=row.first_look_at,
        last_look_at=row.last_look_at,
        address=tx.vault.open("contact.address", row.contact_id, row.address),
        body=tx.vault.open("message.body", row.message_id, row.body),
    )


def saw_nothing(tx: Transaction, tag: AttemptTag, *, machine_now: datetime) -> None:
    """Count a successful look at the provider's list that did not show this attempt."""
    statement = update(attempt).where(attempt.c.tag == tag, attempt.c.state == AttemptState.UNKNOWN)
    first = attempt.c.first_look_at
    values = {"empty_looks": attempt.c.empty_looks + 1, "last_look_at": machine_now}
    tx.connection.execute(statement.where(first.is_(None)).values(**values, first_look_at=machine_now))
    tx.connection.execute(statement.where(first.is_not(None), first < machine_now).values(values))


@dataclass(frozen=True, slots=True)
class Known:
    """An attempt as a receipt finds it."""

    tag: AttemptTag
    message_id: MessageId
    clinic_id: ClinicId
    state: AttemptState
    provider_id: str | None
    provider_status: str | None
    begun_at: datetime


def lock_known(tx: Transaction, tags: Collection[UUID], provider_ids: Collection[str]) -> list[Known]:
    """Return the attempts that receipts are about, locked in the order in which outcomes lock them too."""
    named = among(tx, attempt.c.tag, tags) | among(tx, attempt.c.provider_id, provider_ids)
    statement = select(attempt).where(named).order_by(attempt.c.tag).with_for_update(key_share=True)
    return [_known(row) for row in tx.connection.execute(statement)]


def addressed(tx: Transaction, tags: Collection[UUID], provider_ids: Collection[str]) -> set[ContactId]:
    """Return to which addresses these attempts were, named by their tags or the provider's ids; locks nothing."""
    named = among(tx, attempt.c.tag, tags) | among(tx, attempt.c.provider_id, provider_ids)
    statement = select(message.c.contact_id).join(attempt, attempt.c.message_id == message.c.id)
    return {ContactId(key) for key in tx.connection.scalars(statement.where(named))}


def by_receipt(tx: Transaction, *, tag: UUID | None, provider_id: str) -> Known | None:
    """Return the attempt that a receipt is about: by the tag in its address, else by the provider's id."""
    by_id = attempt.c.provider_id == provider_id
    where = by_id if tag is None else attempt.c.tag == tag
    row = tx.connection.execute(select(attempt).where(where)).one_or_none()
    return None if row is None else _known(row)


def _known(row: Row[Any]) -> Known:
    return Known(
        tag=AttemptTag(row.tag),
        message_id=MessageId(row.message_id),
        clinic_id=ClinicId(row.clinic_id),
        state=row.state,
        provider_id=row.provider_id,
        provider_status=row.provider_status,
        begun_at=row.begun_at,
    )


def mark_late_accept(tx: Transaction, tag: AttemptTag, provider_id: str) -> None:
    """Remember that the provider had an attempt after all that we gave up: a possible double."""
    is_free = not taken(tx, [provider_id])
    values: dict[str, Any] = {"is_late_accept": True} | ({"provider_id": provider_id} if is_free else {})
    tx.connection.execute(update(attempt).where(attempt.c.tag == tag).values(values))


def mark_twice(tx: Transaction, tag: AttemptTag) -> None:
    """Remember that the provider made two messages of one call."""
    tx.connection.execute(update(attempt).where(attempt.c.tag == tag).values(is_late_accept=True))


def revive(tx: Transaction, tag: AttemptTag, provider_id: str, provider_status: str, *, now: datetime) -> None:
    """Take back that an attempt was given up: the provider had it, and no other attempt of its message lives."""
    statement = update(attempt).where(attempt.c.tag == tag, attempt.c.state.in_(GIVEN_UP))
    values: dict[str, Any] = {
        "state": AttemptState.ACCEPTED,
        "provider_status": provider_status,
        "finished_at": now,
        "is_late_accept": False,
    }
    if provider_id and not taken(tx, [provider_id]):
        values["provider_id"] = provider_id
    tx.connection.execute(statement.values(values))


def late_accepted(tx: Transaction, ids: Collection[MessageId]) -> dict[MessageId, Known]:
    """Return, of these messages, an attempt each that was given up and that the provider had taken after all."""
    if not ids:
        return {}
    statement = select(attempt).where(
        among(tx, attempt.c.message_id, ids), attempt.c.is_late_accept, attempt.c.state.in_(GIVEN_UP)
    )
    return {
        MessageId(row.message_id): _known(row)
        for row in tx.connection.execute(statement.order_by(attempt.c.fence)).all()
    }


def fail(tx: Transaction, tag: AttemptTag, *, code: str | None, now: datetime) -> bool:
    """End an attempt that the provider took and could not deliver; False where it is not an accepted one."""
    statement = update(attempt).where(attempt.c.tag == tag, attempt.c.state == AttemptState.ACCEPTED)
    return tx.connection.execute(statement.values(state=AttemptState.FAILED, code=code, finished_at=now)).rowcount == 1


def has_live(tx: Transaction, ids: Collection[MessageId]) -> set[MessageId]:
    """Return which of these messages have an attempt that lives or was accepted."""
    live = [*OPEN, AttemptState.ACCEPTED]
    statement = select(message.c.id).where(
        among(tx, message.c.id, ids), exists().where(attempt.c.message_id == message.c.id, attempt.c.state.in_(live))
    )
    return {MessageId(row) for row in tx.connection.scalars(statement)}


def stuck(
    tx: Transaction, *, left_since: datetime, since: datetime, before: datetime, limit: int
) -> list[tuple[AttemptTag, MessageId, str]]:
    """Return accepted attempts between two times that no final receipt followed (requirement 23).

    One that was looked at after `before` has had its turn. By when their messages left, on the clinic's clock, they are
    found; `since` and `before` are machine time, and decide.
    """
    statement = (
        select(attempt.c.tag, attempt.c.message_id, attempt.c.provider_id)
        .join(message, message.c.id == attempt.c.message_id)
        .where(attempt.c.state == AttemptState.ACCEPTED, attempt.c.machine_begun_at.between(since, before))
        .where(IS_ON_ITS_WAY, message.c.left_at >= left_since, message.c.channel == Channel.SMS)
        .where(attempt.c.provider_id.is_not(None))
        .where(attempt.c.last_look_at.is_(None) | (attempt.c.last_look_at < before))
        .order_by(attempt.c.machine_begun_at)
        .limit(limit)
    )
    return [
        (AttemptTag(row.tag), MessageId(row.message_id), row.provider_id)
        for row in tx.connection.execute(statement).all()
    ]


def looked_at(tx: Transaction, tags: Collection[AttemptTag], *, machine_now: datetime) -> None:
    """Remember when we last asked the provider about these attempts."""
    tx.connection.execute(update(attempt).where(among(tx, attempt.c.tag, tags)).values(last_look_at=machine_now))
