"""Opt out and in: one address at every clinic, and everything that waits for it, in the caller's transaction.

Whatever is said is added to the ledger of permissions, also where it changes nothing: it is evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from reminders.core.consent import Source, Subject
from reminders.core.ids import ClinicId, ContactId, InboundId, PatientId
from reminders.core.patients import Channel
from reminders.core.permissions import PermissionEvent
from reminders.core.reminders import Reason
from reminders.services.close_addresses import Person, concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.store import clinics, contacts, messages, patients, permissions
from reminders.store.unit_of_work import Transaction

PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said about being written to: how we heard it, who wrote it down, and in which words.

    A text is kept with `inbound_id` and needs no `words`. `asked_on` and `due_on` are for what reached staff first.
    """

    source: Source
    recorded_by: str
    words: str = ""
    inbound_id: InboundId | None = None
    asked_on: date | None = None
    due_on: date | None = None


def opt_out_address(tx: Transaction, deps: Deps, address: str, said: Said, *, now: datetime) -> None:
    """Stop everything automatic to an address. Covers a lone patient's other address too (requirement 33).

    Where several patients share the address only the address itself is stopped: nobody knows whose wish it was.
    """
    people = patients.at_address(tx, address)
    reached = [address] if len(people) != 1 else _addresses(tx, deps, people[0], address)
    ids = [key for item in reached for key in contacts.at_address(tx, item)]
    contacts.opt_out(tx, ids, by=_means(said), now=now)
    _record(tx, deps, ids, people, said, is_granted=False, now=now)
    if ids:
        messages.cancel_waiting(tx, contacts=ids, reason=Reason.OPTED_OUT, now=now)
    plan_concerned(tx, deps, concerned(tx, reached), now=now)


def opt_out_by_provider(tx: Transaction, deps: Deps, ids: Collection[ContactId], *, now: datetime) -> None:
    """Remember that the provider refuses addresses because their holders opted out with it.

    The caller has them locked, and plans anew whom that concerns.
    """
    contacts.opt_out(tx, ids, by=PROVIDER, now=now)
    _record(tx, deps, ids, (), Said(Source.PROVIDER, PROVIDER), is_granted=False, now=now)


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


def opt_in_address(tx: Transaction, deps: Deps, address: str, said: Said, *, now: datetime) -> None:
    """End the opt-out of an address; what is still to come is planned again."""
    ids = contacts.at_address(tx, address)
    contacts.opt_in(tx, ids)
    _record(tx, deps, ids, patients.at_address(tx, address), said, is_granted=True, now=now)
    plan_concerned(tx, deps, concerned(tx, [address]), now=now)


def _means(said: Said) -> str:
    is_by_person = said.asked_on is not None
    return f"{said.source} by {said.recorded_by}" if is_by_person else said.source


def _record(
    tx: Transaction,
    deps: Deps,
    ids: Collection[ContactId],
    people: Collection[Person],
    said: Said,
    *,
    is_granted: bool,
    now: datetime,
) -> None:
    owners = _owners(people)
    events = [
        PermissionEvent(
            id=deps.identity.new_id(),
            clinic_id=clinic_id,
            contact_id=contact_id,
            patient_id=owners.get(clinic_id),
            subject=Subject.MESSAGES,
            is_granted=is_granted,
            source=said.source,
            recorded_by=said.recorded_by,
            recorded_at=now,
            words=said.words,
            inbound_id=said.inbound_id,
            asked_on=said.asked_on,
            due_on=said.due_on,
        )
        for contact_id, clinic_id in contacts.clinics_of(tx, ids).items()
    ]
    permissions.append(tx, events)


def _owners(people: Collection[Person]) -> Mapping[ClinicId, PatientId]:
    """Return the only patient of an address at each clinic; where several share it nobody knows who spoke."""
    at = [clinic_id for clinic_id, _ in people]
    return {clinic_id: patient_id for clinic_id, patient_id in people if at.count(clinic_id) == 1}


def _addresses(tx: Transaction, deps: Deps, owner: tuple[ClinicId, PatientId], first: str) -> list[str]:
    """Return every address of a patient, each with its row."""
    clinic_id, patient_id = owner
    record = patients.get_many(tx, clinic_id, [patient_id])[patient_id].record
    places = {(channel, address) for channel in Channel if (address := record.address(channel))}
    contacts.ensure_many(tx, clinic_id, places, new_id=deps.identity.new_id)
    return [first, *(address for _, address in sorted(places) if address != first)]
