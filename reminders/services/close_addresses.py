"""Close: an address opted out or does not work; everybody whose plan it touches is planned anew in that transaction.

Always addresses first, then patients, then appointments, then messages: who sends to them locks in this order too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from reminders.core.delivery import Refusal
from reminders.core.ids import ClinicId, ContactId, PatientId
from reminders.services.deps import Deps
from reminders.services.plan_reminders import plan_patients
from reminders.store import appointments, clinics, contacts, escorts, patients, withdrawals
from reminders.store.unit_of_work import Transaction

CLOSING = frozenset({Refusal.OPTED_OUT, Refusal.ADDRESS})
"""Refusals by which the provider tells us that an address is closed, not only that this message failed."""

Person = tuple[ClinicId, PatientId]


def concerned(tx: Transaction, addresses: Collection[str]) -> set[Person]:
    """Return whose plan addresses touch: their own patients, and those whom somebody with one of them fetches."""
    return {*patients.at_addresses(tx, addresses), *escorts.fetching(tx, addresses)}


def lock_concerned(tx: Transaction, ids: Collection[ContactId]) -> set[Person]:
    """Lock addresses that are about to close, and whatever planning anew will touch; return whose plan that is.

    To be called before any attempt or message is locked.
    """
    if not ids:
        return set()
    people = concerned(tx, contacts.lock_to_close(tx, ids))
    patient_ids = {patient_id for _, patient_id in people}
    withdrawals.lock_patients(tx, patient_ids)
    appointments.lock_of_patients(tx, patient_ids)
    return people


def plan_concerned(tx: Transaction, deps: Deps, people: Collection[Person], *, now: datetime) -> None:
    """Plan people anew, at every clinic where they are patients."""
    for clinic_id in sorted({clinic_id for clinic_id, _ in people}):
        ids = [patient_id for at, patient_id in people if at == clinic_id]
        plan_patients(tx, clinics.get(tx, clinic_id), ids, identity=deps.identity, now=now)
