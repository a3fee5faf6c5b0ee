"""The events feed as stored: written in the transaction of what happened, numbered after that, read by number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, select, update

from reminders.core.feed import FeedEvent, FeedKind, Told
from reminders.core.ids import ClinicId, PatientId
from reminders.store.console_rows import event
from reminders.store.once import insert_many_once
from reminders.store.unit_of_work import Transaction

NUMBERING = "events are numbered"
"""The name of the lock that lets one at a time give numbers."""


def add(tx: Transaction, items: Iterable[FeedEvent]) -> None:
    """Tell what happened, in its own transaction; news that was told already adds nothing."""
    rows = [
        {
            "id": item.id,
            "clinic_id": item.clinic_id,
            "kind": item.kind.value,
            "about": item.about,
            "patient_id": item.patient_id,
            "detail": json.dumps(dict(item.facts), separators=(",", ":"), sort_keys=True),
            "happened_at": item.happened_at,
        }
        for item in items
    ]
    insert_many_once(tx, event, rows)


def number(tx: Transaction, *, limit: int) -> int:
    """Give the next numbers to events that are committed and have none, in order of time; return how many.

    One transaction at a time does so, to its very end: when a number can be seen, so can all below it.
    """
    if tx.is_postgres:
        tx.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(NUMBERING, 0))))
    waiting = select(event.c.id).where(event.c.number.is_(None)).order_by(event.c.happened_at, event.c.id)
    ids = list(tx.connection.scalars(waiting.limit(limit)))
    if ids:
        last = tx.connection.scalar(select(func.max(event.c.number))) or 0
        here = update(event).where(event.c.id == bindparam("b_id")).values(number=bindparam("b_number"))
        tx.connection.execute(here, [{"b_id": key, "b_number": last + n} for n, key in enumerate(ids, 1)])
    return len(ids)


def is_any_unnumbered(tx: Transaction) -> bool:
    """Say whether an event waits for its number."""
    # In order of time, so that the index of those that wait is read, whatever the planner believes of their number.
    waiting = select(event.c.id).where(event.c.number.is_(None)).order_by(event.c.happened_at)
    return tx.connection.scalar(waiting.limit(1)) is not None


def after(tx: Transaction, clinic_id: ClinicId, number: int, *, limit: int) -> Sequence[Told]:
    """Return a clinic's events behind a number, in order."""
    statement = select(event).where(event.c.clinic_id == clinic_id, event.c.number > number)
    rows = tx.connection.execute(statement.order_by(event.c.number).limit(limit))
    return [
        Told(
            id=row.id,
            number=row.number,
            kind=FeedKind(row.kind),
            subject=row.about.partition(":")[0],
            row=UUID(row.about.partition(":")[2]),
            patient_id=None if row.patient_id is None else PatientId(row.patient_id),
            facts=json.loads(row.detail),
            happened_at=row.happened_at,
        )
        for row in rows
    ]
