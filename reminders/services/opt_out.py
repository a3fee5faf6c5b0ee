"""Opt out and in: one address at every clinic, and everything that waits for it, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from reminders.core.ids import ClinicId, PatientId
from reminders.core.patients import Channel
from reminders.core.reminders import Reason
from reminders.services.close_addresses import concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.store import clinics, contacts, messages, patients
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


def make_rows(deps: Deps, channel: Channel, address: str) -> None:
    """Make the rows that an opt-out of an address will close, each in a transaction of its own.

    Who makes a message inserts such rows too, with patients locked whom the opt-out plans anew: to wait for one
    another while holding nothing else is no deadlock. And what is there before the opt-out begins is seen by every
    gate.
    """
    with deps.store.reading() as tx:
        people = patients.at_address(tx, address)
        # Somebody we never wrote to may still opt out: then the address needs its row now.
        at = {clinic_id for clinic_id, _ in people} or set(clinics.every(tx))
        places = [(clinic_id, channel, address) for clinic_id in sorted(at)]
        if len(people) == 1:
            clinic_id, patient_id = people[0]
            record = patients.get_many(tx, clinic_id, [patient_id])[patient_id].record
            places += [(clinic_id, where, other) for where in Channel if (other := record.address(where))]
        missing = [place for place in places if not contacts.is_known(tx, *place)]
    for clinic_id, where, other in missing:
        with deps.store.transaction() as tx:
            contacts.ensure(tx, clinic_id, where, other, new_id=deps.identity.new_id())


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
