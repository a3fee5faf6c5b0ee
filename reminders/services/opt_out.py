"""Opt out and in: one address at every clinic, and everything that waits for it, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from reminders.core.ids import ClinicId, PatientId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.services.close_addresses import concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.store import contacts, messages, patients
from reminders.store.unit_of_work import Transaction


def opt_out_address(tx: Transaction, deps: Deps, address: str, *, by: str, now: datetime) -> None:
    """Stop everything automatic to an address. Covers a lone patient's other address too (requirement 33).

    Where several patients share the address only the address itself is stopped: nobody knows whose wish it was.
    """
    people = patients.at_address(tx, address)
    reached = [address] if len(people) != 1 else _addresses(tx, deps, people[0], address)
    ids = [key for item in reached for key in contacts.at_address(tx, item)]
    contacts.opt_out(tx, ids, by=by, now=now)
    if ids:
        messages.cancel_waiting(tx, contacts=ids, reason=Reason.OPTED_OUT, now=now)
    plan_concerned(tx, deps, concerned(tx, reached), now=now)


def opt_in_address(tx: Transaction, deps: Deps, address: str, *, now: datetime) -> None:
    """End the opt-out of an address; what is still to come is planned again."""
    contacts.opt_in(tx, contacts.at_address(tx, address))
    plan_concerned(tx, deps, concerned(tx, [address]), now=now)


def _addresses(tx: Transaction, deps: Deps, owner: tuple[ClinicId, PatientId], first: str) -> list[str]:
    """Return every address of a patient, each with its row."""
    clinic_id, patient_id = owner
    record = patients.get_many(tx, clinic_id, [patient_id])[patient_id].record
    places = {(channel, address) for channel in Channel if (address := record.address(channel))}
    contacts.ensure_many(tx, clinic_id, places, new_id=deps.identity.new_id)
    return [first, *(address for _, address in sorted(places) if address != first)]
