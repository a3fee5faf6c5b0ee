"""Held: what a group of messages is judged by, locked in one trip in the order in which everybody locks.

Each row is read as it stands once its lock is had, whatever was so when the trip began.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.ids import AppointmentId, BatchId, ContactId, PatientId
from reminders.core.messages import Message
from reminders.core.patients import Terms
from reminders.store import appointments, contacts, mailings, messages, patients
from reminders.store.contacts import Contact
from reminders.store.messages import Claimed
from reminders.store.one_trip import OneTrip, in_turn
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Held:
    """What was read as it was locked. `group` are those that are still claimed, in order of due time."""

    addresses: dict[ContactId, Contact]
    people: dict[PatientId, Terms]
    booked: dict[AppointmentId, Appointment]
    stopped: frozenset[BatchId]
    """The batches that staff stopped."""
    group: Sequence[Message]


def lock(tx: Transaction, taken: Collection[Claimed], token: UUID) -> Held:
    """Lock those that are still claimed, and whatever is decided by."""
    addresses = {item.contact_id for item in taken}
    given = {
        "addresses": list(addresses),
        "people": list({item.patient_id for item in taken if item.patient_id}),
        "booked": list({item.appointment_id for item in taken if item.appointment_id}),
        "batches": list({item.batch_id for item in taken if item.batch_id}),
        "messages": [item.id for item in taken],
        "token": token,
    }
    found = _locks(is_postgres=tx.is_postgres).ask(tx, given)
    return Held(
        addresses=contacts.from_rows(tx, found["of_addresses"], addresses),
        people=patients.from_rows(found["of_people"]),
        booked=appointments.from_rows(tx, found["of_booked"]),
        stopped=mailings.stopped(found["of_batches"]),
        group=messages.from_rows(tx, found["of_messages"]),
    )


@cache
def _locks(*, is_postgres: bool) -> OneTrip:
    # Always addresses first, then appointments, then messages: who opts out or moves locks in this order too.
    # Patients come between: what leaves for one of them at once on two channels must be counted one by one.
    # Whoever stops a batch takes its row before its messages, and so does whoever sends some of it.
    return OneTrip(
        in_turn(
            {
                "of_addresses": contacts.to_hold("addresses", is_postgres=is_postgres),
                "of_people": patients.to_hold("people", is_postgres=is_postgres),
                "of_booked": appointments.to_hold("booked", is_postgres=is_postgres),
                "of_batches": mailings.to_hold("batches", is_postgres=is_postgres),
                "of_messages": messages.to_hold("messages", is_postgres=is_postgres),
            }
        )
    )
