"""What waits to leave, and the backlog after an outage: who waits late, and how much of it became messages lately."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from reminders.core.catching_up import LATE_AFTER, SPAN
from reminders.core.gate import Origin
from reminders.core.ids import ClinicId
from reminders.core.patients import Channel
from reminders.store.messages import CLAIMABLE
from reminders.store.reminders import IS_PLANNED
from reminders.store.rows import clinic, message, reminder
from reminders.store.unit_of_work import Transaction


def first_due(tx: Transaction, channel: Channel, *, since: datetime | None = None) -> datetime | None:
    """Return when the first planned reminder, or the first message that waits on a channel, falls or fell due.

    `since` leaves out what fell due before it, as in `messages.next_due`.
    """
    given = {"b_channel": channel} | ({} if since is None else {"since": since})
    found = tx.connection.execute(_firsts(has_since=since is not None), given).one()
    return min((at for at in found if at is not None), default=None)


@cache
def _firsts(*, has_since: bool) -> Select[Any]:
    is_mine = message.c.channel == bindparam("b_channel", type_=message.c.channel.type)
    mine = select(func.min(message.c.due_at)).where(CLAIMABLE, is_mine)
    planned = select(func.min(reminder.c.due_at)).where(IS_PLANNED)
    if has_since:
        since = bindparam("since", type_=message.c.due_at.type)
        mine, planned = mine.where(message.c.due_at >= since), planned.where(reminder.c.due_at >= since)
    return select(mine.scalar_subquery(), planned.scalar_subquery())


def clinics_behind(tx: Transaction, *, now: datetime, before: datetime) -> list[ClinicId]:
    """Return the clinics where a reminder of use fell due before an instant and still waits."""
    late = select(reminder.c.clinic_id).where(IS_PLANNED, reminder.c.due_at < before, reminder.c.expires_at > now)
    return [ClinicId(key) for key in tx.connection.scalars(late.distinct().order_by(reminder.c.clinic_id))]


def made_late(tx: Transaction, clinic_id: ClinicId, *, now: datetime) -> list[datetime]:
    """Return when this clinic's messages of the last minute were made that were late then."""
    statement = select(message.c.made_at, message.c.due_at).where(
        message.c.clinic_id == clinic_id, message.c.origin == Origin.REMINDER, message.c.made_at > now - SPAN
    )
    rows = tx.connection.execute(statement)
    return [row.made_at for row in rows if row.made_at - row.due_at > LATE_AFTER]


def take_pace(tx: Transaction, clinic_id: ClinicId) -> bool:
    """Let nobody else make this clinic's late messages until this transaction ends; False where somebody already is.

    Two that counted at once would make twice as many. Not waiting for the lock keeps what is on time from waiting.
    """
    free = select(clinic.c.id).where(clinic.c.id == clinic_id).with_for_update(key_share=True, skip_locked=True)
    return tx.connection.scalar(free) is not None
