"""Outcomes as stored: attempts without one are locked with their messages, and end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, case, func, null, select, update

from reminders.core.delivery import AttemptState
from reminders.core.ids import AttemptTag, MessageId
from reminders.core.patients import Channel
from reminders.store.attempts import IS_OPEN, OPEN, other, taken
from reminders.store.rows import attempt, message
from reminders.store.sets import Changes, Given, listed, picked
from reminders.store.unit_of_work import Transaction

MOST_DETAIL = 200
NOW = bindparam("now", type_=attempt.c.finished_at.type)
TAKEN_WITH = ("provider_id", "provider_status")
FINISHED_WITH = ("state", "provider_status", "code", "detail")


def _known_already(provider_id: Any) -> Any:  # noqa: ANN401 - a text, or a column of texts
    """Return the words in which an id is kept that another attempt has.

    A provider that hands out one id twice must not make us lose an outcome.
    """
    return "the provider's id " + provider_id + " was already known"


def _taken_with(given: Given) -> Mapping[str, Any]:
    """Return what an attempt gets that the provider took."""
    named = given["provider_id"]
    # No EXISTS: to answer it for many PostgreSQL may read all attempts.
    holder = select(other.c.tag).where(other.c.provider_id == named).correlate_except(other).scalar_subquery()
    is_free = holder.is_(None)
    return {
        "state": AttemptState.ACCEPTED,
        "provider_id": case((is_free, named), else_=null()),
        "provider_status": given["provider_status"],
        "detail": case((is_free, null()), else_=func.substr(_known_already(named), 1, MOST_DETAIL)),
        "finished_at": NOW,
    }


TAKES = Changes(
    attempt, "tag", {name: attempt.c[name].type for name in TAKEN_WITH}, where=lambda _: IS_OPEN, values=_taken_with
)
FINISHES = Changes(
    attempt,
    "tag",
    {name: attempt.c[name].type for name in FINISHED_WITH},
    where=lambda _: IS_OPEN,
    values=lambda given: {**picked(given, *FINISHED_WITH), "finished_at": NOW},
)


@dataclass(frozen=True, slots=True)
class Ending:
    """What an attempt came to."""

    tag: AttemptTag
    state: AttemptState
    provider_id: str | None = None
    provider_status: str | None = None
    code: str | None = None
    detail: str | None = None


class Begun(NamedTuple):
    """An attempt without an outcome: when its intent was recorded by either clock, and its message."""

    tag: AttemptTag
    begun_at: datetime
    machine_begun_at: datetime
    message_id: MessageId
    fence: int
    channel: Channel


def lock_open(tx: Transaction, tags: Collection[AttemptTag]) -> dict[AttemptTag, Begun]:
    """Return those attempts that have no outcome yet; they are locked, then their messages."""
    rows = tx.connection.execute(_open_ones(is_postgres=tx.is_postgres), {"tags": list(tags)}).all()
    return {row[0]: Begun(*row) for row in rows}


@cache
def _open_ones(*, is_postgres: bool) -> Select[Any]:
    columns = (attempt.c.tag, attempt.c.begun_at, attempt.c.machine_begun_at, attempt.c.message_id)
    mine = select(*columns).where(listed(attempt.c.tag, "tags", is_postgres=is_postgres), IS_OPEN)
    locked = mine.order_by(attempt.c.tag).with_for_update(key_share=True).cte("locked")
    # Sorted, they are all there, and locked, before the first message is.
    owned = select(locked).order_by(locked.c.message_id).subquery("owned")
    both = select(*owned.c, message.c.fence, message.c.channel).join(message, message.c.id == owned.c.message_id)
    return both.order_by(message.c.id).with_for_update(of=message, key_share=True)


def finish(tx: Transaction, endings: Sequence[Ending], *, now: datetime) -> None:
    """Record outcomes; an attempt that a receipt already settled keeps what it has.

    What the provider took is one statement, all else another: of those, nearly all, only what differs is given.
    """
    took = {item.provider_id: item for item in reversed(endings) if item.provider_id is not None}
    others = [item for item in endings if item.provider_id is None or took[item.provider_id] is not item]
    TAKES.apply(
        tx,
        [
            {"tag": item.tag, "provider_id": item.provider_id, "provider_status": item.provider_status}
            for item in took.values()
        ],
        now=now,
    )
    FINISHES.apply(tx, [{"tag": item.tag, **_finished(item, took)} for item in others], now=now)


def _finished(item: Ending, known: Collection[str]) -> dict[str, Any]:
    detail = _known_already(item.provider_id) if item.provider_id in known else item.detail
    return {
        "state": item.state,
        "provider_status": item.provider_status,
        "code": item.code,
        "detail": detail[:MOST_DETAIL] if detail else None,
    }


def settle(tx: Transaction, ending: Ending, *, now: datetime) -> bool:
    """Give an attempt without an outcome its own; False where it has one by now."""
    statement = update(attempt).where(attempt.c.tag == ending.tag, attempt.c.state.in_(OPEN))
    known = taken(tx, [ending.provider_id] if ending.provider_id else [])
    provider_id = None if ending.provider_id in known else ending.provider_id
    values = {**_finished(ending, known), "provider_id": provider_id, "finished_at": now}
    return tx.connection.execute(statement.values(values)).rowcount == 1
