"""Opt out and in: one address at every clinic, and everything that waits for it, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from reminders.core.ids import ClinicId, ContactId, PatientId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.services.deps import Deps
from reminders.services.plan_reminders import plan_patients
from reminders.store import clinics, contacts, messages, patients
from reminders.store.unit_of_work import Transaction


def opt_out_address(tx: Transaction, deps: Deps, address: str, *, by: str, now: datetime) -> None:
    """Stop everything automatic to an address. Covers a lone patient's other address too (requirement 33).

    Where several patients share the address only the address itself is stopped: nobody knows whose wish it was.
    """
    ids = contacts.at_address(tx, address)
    people = patients.at_address(tx, address)
    if len(people) == 1:
        ids += _other_addresses(tx, deps, people[0])
    contacts.opt_out(tx, ids, by=by, now=now)
    if ids:
        messages.cancel_waiting(tx, contacts=ids, reason=Reason.OPTED_OUT, now=now)
    _replan(tx, deps, people, now)


def opt_in_address(tx: Transaction, deps: Deps, address: str, *, now: datetime) -> None:
    """End the opt-out of an address; what is still to come is planned again."""
    contacts.opt_in(tx, contacts.at_address(tx, address))
    _replan(tx, deps, patients.at_address(tx, address), now)


def _other_addresses(tx: Transaction, deps: Deps, owner: tuple[ClinicId, PatientId]) -> list[ContactId]:
    clinic_id, patient_id = owner
    record = patients.get_many(tx, clinic_id, [patient_id])[patient_id].record
    found = [(channel, record.address(channel)) for channel in Channel]
    return [
        contacts.ensure(tx, clinic_id, channel, address, new_id=deps.identity.new_id())
        for channel, address in found
        if address is not None
    ]


def _replan(tx: Transaction, deps: Deps, people: Collection[tuple[ClinicId, PatientId]], now: datetime) -> None:
    for clinic_id in sorted({clinic_id for clinic_id, _ in people}):
        ids = [patient_id for at, patient_id in people if at == clinic_id]
        plan_patients(tx, clinics.get(tx, clinic_id), ids, identity=deps.identity, now=now)
