"""Messages as stored, and the claim by which one worker takes some of them for a limited time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Row, Select, Update, bindparam, case, func, null, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from reminders.core.delivery import ENDED, IN_FLIGHT, LEFT, MessageState
from reminders.core.feed import SETTLED
from reminders.core.ids import AppointmentId, BatchId, ClinicId, ContactId, MessageId, PatientId
from reminders.core.messages import Draft, Message
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.store.bulk import insert_rows
from reminders.store.message_news import cancel, tell_settled
from reminders.store.rows import message
from reminders.store.sets import Changes, among, listed
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

CLAIMABLE = message.c.state.in_([plain(MessageState.DUE), plain(MessageState.HELD)])
TRIED = message.c.fence > plain(0)
ENDS_UNLESS_LEFT = message.c.state.in_(
    [plain(item) for item in (MessageState.DUE, MessageState.HELD, MessageState.CLAIMED, MessageState.UNKNOWN)]
)
"""What ends when its use is over, in the words of its partial index and in their order."""
TO_READ = tuple(
    column for column in message.c if column.name not in {"reason", "made_at", "left_at", "changed_at", "lease_until"}
)
"""What a message is made of."""


def add(tx: Transaction, drafts: Iterable[Draft], *, now: datetime) -> None:
    """Store messages as due."""
    insert_rows(tx, message, [_values(tx, draft, now) for draft in drafts])


def by_request_key(tx: Transaction, clinic_id: ClinicId, key: str) -> MessageId | None:
    """Return the message that an earlier request of this key made."""
    here = (message.c.clinic_id == clinic_id) & (message.c.request_key == key)
    found = tx.connection.scalar(select(message.c.id).where(here))
    return None if found is None else MessageId(found)


class Claimed(NamedTuple):
    """A message that was taken, with what decides when it may leave and whom it is about, which never changes."""

    id: MessageId
    due_at: datetime
    segments: int
    contact_id: ContactId
    patient_id: PatientId | None
    appointment_id: AppointmentId | None
    batch_id: BatchId | None


def claim(
    tx: Transaction,
    channel: Channel,
    *,
    before: datetime,
    limit: int,
    token: UUID,
    lease_until: datetime,
    is_again: bool = False,
) -> list[Claimed]:
    """Take messages that fall due before an instant, the newest need first; `lease_until` is machine time.

    What is due now must not wait behind a backlog. Nothing waits for ever: it expires. `is_again` takes those that were
    attempted before, else those that never were.
    """
    given = {"b_channel": channel, "before": before, "most": limit, "token": token, "lease": lease_until}
    found = tx.connection.execute(_claims(is_again=is_again), given).all()
    return sorted(map(Claimed._make, found), key=lambda row: (row.due_at, row.id.int))


@cache
def _claims(*, is_again: bool) -> ReturningUpdate[Any]:
    columns = message.c
    which = TRIED if is_again else columns.fence == 0
    mine = columns.channel == bindparam("b_channel", type_=columns.channel.type)
    is_due = columns.due_at <= bindparam("before", type_=columns.due_at.type)
    # In a CTE, because PostgreSQL may run a locking subquery of `IN` again and again, and lock more than the limit.
    candidates = (
        select(columns.id)
        .where(CLAIMABLE, which, mine, is_due)
        .order_by(columns.due_at.desc(), columns.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, key_share=True)
        .cte("candidates")
    )
    values = {
        "state": MessageState.CLAIMED,
        "claim": bindparam("token", type_=columns.claim.type),
        "lease_until": bindparam("lease", type_=columns.lease_until.type),
    }
    taken = update(message).where(columns.id.in_(select(candidates.c.id)), CLAIMABLE).values(values)
    return taken.returning(*(columns[name] for name in Claimed._fields))


def release_expired(tx: Transaction, *, machine_now: datetime) -> Mapping[Channel, int]:
    """Give back what a worker took and did not attempt before its lease ended; return how many were second tries."""
    return _release(tx, message.c.lease_until < machine_now)


def release(tx: Transaction, token: UUID) -> Mapping[Channel, int]:
    """Give back at once what this claim still holds unattempted; return how many were second tries."""
    return _release(tx, message.c.claim == token)


def _release(tx: Transaction, which: ColumnElement[bool]) -> Mapping[Channel, int]:
    statement = update(message).where(message.c.state == plain(MessageState.CLAIMED), which)
    freed = statement.values(state=MessageState.DUE, claim=None, lease_until=None)
    rows = tx.connection.execute(freed.returning(message.c.channel, message.c.fence)).all()
    return Counter(row.channel for row in rows if row.fence > 0)


def to_hold(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for those of our claimed messages, whose ids are given under a name, that `token` still holds, locked."""
    is_mine = (message.c.state == plain(MessageState.CLAIMED)) & (message.c.claim == bindparam("token"))
    mine = select(*TO_READ).where(listed(message.c.id, name, is_postgres=is_postgres), is_mine)
    return mine.order_by(message.c.due_at, message.c.id).with_for_update(skip_locked=True, key_share=True)


def from_rows(tx: Transaction, rows: Sequence[Any]) -> list[Message]:
    """Return messages in order of due time, of rows as `to_hold` asks for them."""
    return [_message(tx, row) for row in sorted(rows, key=lambda each: (each.due_at, each.id))]


def get_many(tx: Transaction, ids: Collection[MessageId], *, for_update: bool = False) -> dict[MessageId, Message]:
    """Return messages by id."""
    statement = _by_id(is_postgres=tx.is_postgres, for_update=for_update)
    rows = tx.connection.execute(statement, {"ids": list(ids)}).all()
    return {MessageId(row.id): _message(tx, row) for row in rows}


@cache
def _by_id(*, is_postgres: bool, for_update: bool) -> Select[Any]:
    found = select(message).where(listed(message.c.id, "ids", is_postgres=is_postgres)).order_by(message.c.id)
    return found.with_for_update(key_share=True) if for_update else found


@cache
def sending_begun(name: str, *, is_postgres: bool) -> Update:
    """Take to sending, `now` or when they are due, messages whose ids are given under a name: locked ones.

    Each gets its next fence.
    """
    now = bindparam("now", type_=message.c.due_at.type)
    begun = update(message).where(
        listed(message.c.id, name, is_postgres=is_postgres), message.c.state == plain(MessageState.CLAIMED)
    )
    # What is the same each time is part of the statement: nobody has to write it, or read it, anew.
    values = {"state": plain(MessageState.SENDING), "fence": message.c.fence + plain(1)}
    left_at = case((message.c.due_at > now, message.c.due_at), else_=now)
    emptied = dict.fromkeys(("reason", "claim", "lease_until"), null())
    return begun.values(**values, **emptied, left_at=left_at, changed_at=now)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of state. `is_unsent` says that what was tried is known not to have left."""

    id: MessageId
    state: MessageState
    reason: Reason | None = None
    due_at: datetime | None = None
    is_unsent: bool = False


def move(tx: Transaction, moves: Sequence[Move], allowed: Collection[MessageState], *, now: datetime) -> None:
    """Apply changes of state in one statement; one that finds its message elsewhere by now does nothing."""
    _moves(frozenset(allowed)).apply(tx, [_moved(item, now) for item in moves])
    tell_settled(tx, [item.id for item in moves if item.state in SETTLED], now=now)


def accept(tx: Transaction, ids: Collection[MessageId], *, now: datetime) -> None:
    """Record of messages in flight that the provider took them: as `move` would, with nothing but their ids given."""
    if ids:
        tx.connection.execute(_accepts(is_postgres=tx.is_postgres), {"ids": list(ids), "now": now})


@cache
def _accepts(*, is_postgres: bool) -> Update:
    now = bindparam("now", type_=message.c.changed_at.type)
    is_in_flight = message.c.state.in_([plain(state) for state in sorted(IN_FLIGHT)])
    taken = update(message).where(listed(message.c.id, "ids", is_postgres=is_postgres), is_in_flight)
    values = {"state": MessageState.ACCEPTED, "reason": None, "claim": None, "lease_until": None}
    return taken.values(**values, left_at=func.coalesce(message.c.left_at, now), changed_at=now)


@lru_cache(maxsize=20)
def _moves(allowed: frozenset[MessageState]) -> Changes:
    columns = message.c
    names = ("state", "reason", "due_at", "left_at", "changed_at")
    return Changes(
        message,
        "id",
        {name: columns[name].type for name in names} | {"is_unsent": Boolean()},
        where=lambda _: columns.state.in_([plain(state) for state in sorted(allowed)]),
        values=lambda given: {
            "state": given["state"],
            "reason": given["reason"],
            "due_at": func.coalesce(given["due_at"], columns.due_at),
            "left_at": case((given["is_unsent"], null()), else_=func.coalesce(columns.left_at, given["left_at"])),
            "changed_at": given["changed_at"],
            "claim": None,
            "lease_until": None,
        },
    )


def _moved(item: Move, now: datetime) -> dict[str, Any]:
    return {
        "id": item.id,
        "state": item.state,
        "reason": item.reason,
        "due_at": item.due_at,
        "left_at": now if item.state in LEFT else None,
        "changed_at": now,
        "is_unsent": item.is_unsent,
    }


def count_resend(tx: Transaction, message_id: MessageId) -> None:
    """Count that an attempt left no proof."""
    tx.connection.execute(update(message).where(message.c.id == message_id).values(resends=message.c.resends + 1))


def count_redelivery(tx: Transaction, message_id: MessageId) -> None:
    """Count that the provider could not deliver what it had taken."""
    counted = update(message).where(message.c.id == message_id).values(redeliveries=message.c.redeliveries + 1)
    tx.connection.execute(counted)


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A message that could not even be looked at: what can be said of it without opening its fields."""

    id: MessageId
    clinic_id: ClinicId
    patient_id: PatientId | None
    appointment_id: AppointmentId | None
    crashes: int


def count_crash(tx: Transaction, message_id: MessageId, token: UUID, *, retry_at: datetime) -> Spoilt | None:
    """Give back a claimed message that stopped the work, to be tried again later; None where it is not ours now."""
    statement = (
        update(message)
        .where(message.c.id == message_id, message.c.state == MessageState.CLAIMED, message.c.claim == token)
        .values(state=MessageState.DUE, claim=None, lease_until=None, due_at=retry_at, crashes=message.c.crashes + 1)
        .returning(message.c.id, message.c.clinic_id, message.c.patient_id, message.c.appointment_id, message.c.crashes)
    )
    row = tx.connection.execute(statement).one_or_none()
    return None if row is None else Spoilt(*row)


def cancel_waiting(
    tx: Transaction, contacts: Collection[ContactId], *, reason: Reason, now: datetime
) -> list[MessageId]:
    """End what has not left yet for these addresses."""
    return cancel(tx, among(tx, message.c.contact_id, contacts), reason=reason, now=now)


def past_use(tx: Transaction, *, now: datetime, limit: int) -> list[Message]:
    """Return messages whose use is over and that have not left, or of which nobody knows whether they did."""
    statement = select(message).where(ENDS_UNLESS_LEFT, message.c.expires_at <= now).limit(limit)
    return [
        _message(tx, row)
        for row in tx.connection.execute(statement.with_for_update(skip_locked=True, key_share=True)).all()
    ]


def next_due(
    tx: Transaction, channel: Channel, *, is_again: bool = False, since: datetime | None = None
) -> datetime | None:
    """Return when the next waiting message of a channel falls due; with `is_again`, of those attempted before.

    `since` leaves out what fell due before it: a look at everything walks past all that was taken while somebody else
    holds a snapshot.
    """
    statement = _next_due(is_again=is_again, has_since=since is not None)
    given = {"channel": channel} | ({} if since is None else {"since": since})
    found: datetime | None = tx.connection.scalar(statement, given)
    return found


@cache
def _next_due(*, is_again: bool, has_since: bool) -> Select[Any]:
    mine = message.c.channel == bindparam("channel", type_=message.c.channel.type)
    waiting = select(func.min(message.c.due_at)).where(CLAIMABLE, mine)
    if has_since:
        waiting = waiting.where(message.c.due_at >= bindparam("since", type_=message.c.due_at.type))
    return waiting.where(TRIED) if is_again else waiting


def answered_with(tx: Transaction, contacts: Collection[ContactId], kind: str, since: datetime) -> bool:
    """Say whether an address was answered with a text of this kind since an instant, and may have got it."""
    here = among(tx, message.c.contact_id, contacts) & (message.c.kind == kind) & (message.c.made_at >= since)
    may_arrive = message.c.state.not_in(ENDED - {MessageState.DELIVERED})
    return tx.connection.execute(select(message.c.id).where(here, may_arrive).limit(1)).first() is not None


def _values(tx: Transaction, draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "id": draft.id,
        "clinic_id": draft.clinic_id,
        "contact_id": draft.contact_id,
        "patient_id": draft.patient_id,
        "appointment_id": draft.appointment_id,
        "batch_id": draft.batch_id,
        "version": draft.version,
        "recipient": draft.recipient,
        "channel": draft.channel,
        "origin": draft.origin,
        "kind": draft.kind,
        "asks": draft.asks,
        "author": draft.author,
        "request_key": draft.request_key,
        "override_reason": draft.override_reason,
        "subject": tx.vault.seal_optional("message.subject", draft.id, draft.subject or None),
        "body": tx.vault.seal("message.body", draft.id, draft.body),
        "segments": draft.segments,
        "state": MessageState.DUE,
        "due_at": draft.due_at,
        "expires_at": draft.expires_at,
        "made_at": now,
        "changed_at": now,
        "fence": 0,
        "crashes": 0,
        "resends": 0,
    }


def _message(tx: Transaction, row: Row[Any]) -> Message:
    draft = Draft(
        id=MessageId(row.id),
        clinic_id=ClinicId(row.clinic_id),
        contact_id=ContactId(row.contact_id),
        patient_id=None if row.patient_id is None else PatientId(row.patient_id),
        appointment_id=None if row.appointment_id is None else AppointmentId(row.appointment_id),
        version=row.version,
        channel=row.channel,
        origin=row.origin,
        kind=row.kind,
        body=tx.vault.open("message.body", row.id, row.body),
        subject=tx.vault.open_optional("message.subject", row.id, row.subject) or "",
        segments=row.segments,
        due_at=row.due_at,
        expires_at=row.expires_at,
        asks=row.asks,
        author=row.author,
        request_key=row.request_key,
        override_reason=row.override_reason,
        recipient=row.recipient,
        batch_id=None if row.batch_id is None else BatchId(row.batch_id),
    )
    return Message(draft, row.state, row.fence, row.crashes, row.resends, row.redeliveries, row.claim)
