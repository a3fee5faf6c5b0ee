"""What left to patients in the last week and what waits to leave, as far as the caps look at it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from reminders.core.delivery import WAITING
from reminders.core.gate import Origin
from reminders.core.ids import MessageId, PatientId
from reminders.core.patients import Recipient
from reminders.store.batches import in_batches
from reminders.store.rows import message, reminder
from reminders.store.sets import listed
from reminders.store.types import plain
from reminders.store.unit_of_work import Transaction

IS_CAPPED = (message.c.origin == Origin.REMINDER) & (message.c.recipient == Recipient.PATIENT)
LONGEST_DAY = timedelta(days=8)
"""How far back traffic is counted: 7 days and the part of a local day before them."""


def departures(tx: Transaction, ids: Collection[PatientId], *, now: datetime) -> dict[PatientId, list[datetime]]:
    """Return when automated messages left to these patients themselves in the last week, for the caps."""
    found: dict[PatientId, list[datetime]] = {key: [] for key in ids}
    for batch in in_batches(ids):
        given = {"ids": batch, "since": now - LONGEST_DAY}
        for row in tx.connection.execute(_departures(is_postgres=tx.is_postgres), given).all():
            found[PatientId(row.patient_id)].append(row.left_at)
    return found


@cache
def _departures(*, is_postgres: bool) -> Select[Any]:
    is_late_enough = message.c.left_at >= bindparam("since", type_=message.c.left_at.type)
    theirs = listed(message.c.patient_id, "ids", is_postgres=is_postgres)
    return select(message.c.patient_id, message.c.left_at).where(theirs, is_late_enough, IS_CAPPED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is still to leave, with the steps of everything that was merged into it."""

    due_at: datetime
    steps: frozenset[str]


def waiting(
    tx: Transaction, ids: Collection[PatientId], *, now: datetime, before: datetime
) -> dict[PatientId, dict[MessageId, Waiting]]:
    """Return the automated messages of use that these patients are still to get before an instant, for the caps."""
    found: dict[PatientId, dict[MessageId, Waiting]] = {key: {} for key in ids}
    for batch in in_batches(ids):
        given = {"ids": batch, "now": now, "before": before}
        for row in tx.connection.execute(_waiting(is_postgres=tx.is_postgres), given).all():
            mine = found[PatientId(row.patient_id)]
            steps = mine[row.id].steps if row.id in mine else frozenset({row.kind})
            mine[MessageId(row.id)] = Waiting(row.due_at, steps | ({row.step} if row.step is not None else set()))
    return found


@cache
def _waiting(*, is_postgres: bool) -> Select[Any]:
    parts = message.outerjoin(reminder, reminder.c.message_id == message.c.id)
    columns = (message.c.id, message.c.patient_id, message.c.due_at, message.c.kind, reminder.c.step)
    theirs = listed(message.c.patient_id, "ids", is_postgres=is_postgres)
    is_soon = message.c.due_at < bindparam("before", type_=message.c.due_at.type)
    is_of_use = message.c.expires_at > bindparam("now", type_=message.c.expires_at.type)
    waits = message.c.state.in_([plain(state) for state in sorted(WAITING)])
    return select(*columns).select_from(parts).where(theirs, waits, IS_CAPPED, is_soon, is_of_use)
