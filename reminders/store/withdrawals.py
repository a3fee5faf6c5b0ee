"""Taking back: messages that have not left end, and what they carried waits again, to be planned anew.

An opt-out ends its messages for good. A pause or another plan for a patient does not: when it is taken back, what is
still useful must be able to leave, so the reminders go back to where they were before their message was made.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select, update

from reminders.core.delivery import WAITING, MessageState
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, MessageId, PatientId
from reminders.core.patients import Recipient
from reminders.core.reminders import OF_A_PAUSE, Reason, ReminderState, ending
from reminders.store.batches import in_batches
from reminders.store.message_news import cancel
from reminders.store.rows import message, patient, reminder
from reminders.store.sets import among
from reminders.store.unit_of_work import Transaction

HELD_REMINDERS = (ReminderState.DISPATCHED, ReminderState.MERGED)


def lock_patients(tx: Transaction, ids: Collection[PatientId]) -> None:
    """Keep everybody else from making messages of these patients' reminders until this transaction ends."""
    for batch in in_batches(sorted(ids)):
        locked = select(patient.c.id).where(among(tx, patient.c.id, batch)).order_by(patient.c.id)
        tx.connection.execute(locked.with_for_update(key_share=True))


def withdraw(
    tx: Transaction,
    about: Collection[AppointmentId],
    *,
    reason: Reason,
    now: datetime,
    recipient: Recipient | None = None,
) -> list[MessageId]:
    """End what waits to leave and carries a reminder of these sessions (and recipient); give its reminders back."""
    done: list[MessageId] = []
    for batch in in_batches(about):
        ids = _carrying(tx, batch, message.c.state.in_(WAITING), recipient)
        for some in in_batches(ids):
            cancel(tx, among(tx, message.c.id, some), reason=reason, now=now)
        _free(tx, ids, reason, now)
        done += ids
    return done


def free_refused(tx: Transaction, about: Collection[AppointmentId], *, now: datetime) -> None:
    """Give back the reminders of messages that a pause kept from leaving at the last moment."""
    for batch in in_batches(about):
        for reason in sorted(OF_A_PAUSE):
            refused = (message.c.state == MessageState.SUPPRESSED) & (message.c.reason == reason)
            _free(tx, _carrying(tx, batch, refused), reason, now)


def _carrying(
    tx: Transaction,
    about: Collection[AppointmentId],
    where: ColumnElement[bool],
    recipient: Recipient | None = None,
) -> list[MessageId]:
    """Return, locked, the messages that carry a reminder of one of these sessions, as its own or merged into it."""
    carries = (reminder.c.message_id == message.c.id) & among(tx, reminder.c.appointment_id, about)
    if recipient is not None:
        carries &= reminder.c.recipient == recipient
    statement = select(message.c.id).where(where, message.c.origin == Origin.REMINDER, exists().where(carries))
    rows = tx.connection.scalars(statement.order_by(message.c.id).with_for_update(key_share=True, of=message))
    return [MessageId(key) for key in rows]


def _free(tx: Transaction, ids: Collection[MessageId], reason: Reason, now: datetime) -> None:
    """Let reminders wait without a message; one that is past its use ends here, or it would be missed as late."""
    free: dict[str, Any] = {"message_id": None, "merged_into_id": None, "changed_at": now}
    for batch in in_batches(ids):
        theirs = update(reminder).where(among(tx, reminder.c.message_id, batch), reminder.c.state.in_(HELD_REMINDERS))
        useless = theirs.where(reminder.c.expires_at <= now)
        tx.connection.execute(useless.values(free | {"state": ending(reason), "reason": reason}))
        tx.connection.execute(theirs.values(free | {"state": ReminderState.PLANNED, "reason": None}))
