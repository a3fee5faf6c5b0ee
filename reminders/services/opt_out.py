"""Opt out and in: one address at every clinic, and everything that waits for it, in the caller's transaction.

Whatever is said is added to the ledger of permissions, also where it changes nothing: it is evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reminders.core.consent import BY_STAFF, Source, Subject
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
    opt_out_addresses(tx, deps, [address], said, now=now)


def opt_out_addresses(
    tx: Transaction,
    deps: Deps,
    addresses: Collection[str],
    said: Said,
    *,
    now: datetime,
    speaker: Person | None = None,
) -> list[str]:
    """Stop everything automatic to several addresses of one person, who is `speaker` where that is known.

    Returns all that are now closed: of a lone patient the other address is.
    """
    people = {address: patients.at_address(tx, address) for address in addresses}
    reached = list(
        dict.fromkeys(one for address, owners in people.items() for one in _reach(tx, deps, address, owners))
    )
    ids = [key for item in reached for key in contacts.at_address(tx, item)]
    contacts.opt_out(tx, ids, said.source, who=said.recorded_by if said.source in BY_STAFF else "", now=now)
    _record(tx, deps, ids, said, _speakers(people.values(), speaker), is_granted=False, now=now)
    if ids:
        messages.cancel_waiting(tx, contacts=ids, reason=Reason.OPTED_OUT, now=now)
    plan_concerned(tx, deps, concerned(tx, reached), now=now)
    return reached


def close_address(tx: Transaction, deps: Deps, address: str, said: Said, *, now: datetime) -> None:
    """Stop everything automatic to one address by the fewest steps, for where those of an opt-out fail.

    Nothing is planned anew and no other address of the patient is closed: the gate refuses what is planned for this.
    """
    ids = contacts.at_address(tx, address)
    contacts.opt_out(tx, ids, said.source, now=now)
    _record(tx, deps, ids, said, {}, is_granted=False, now=now)
    messages.cancel_waiting(tx, contacts=ids, reason=Reason.OPTED_OUT, now=now)


def _reach(tx: Transaction, deps: Deps, address: str, owners: Sequence[Person]) -> list[str]:
    return [address] if len(owners) != 1 else _addresses(tx, deps, owners[0], address)


def opt_out_by_provider(tx: Transaction, deps: Deps, ids: Collection[ContactId], *, now: datetime) -> None:
    """Remember that the provider refuses addresses because their holders opted out with it.

    The caller has them locked, and plans anew whom that concerns.
    """
    contacts.opt_out(tx, ids, Source.PROVIDER, now=now)
    _record(tx, deps, ids, Said(Source.PROVIDER, PROVIDER), {}, is_granted=False, now=now)


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
        places = {clinic_id: {(channel, address)} for clinic_id in sorted(at)}
        if len(people) == 1:
            clinic_id, patient_id = people[0]
            record = patients.get_many(tx, clinic_id, [patient_id])[patient_id].record
            places[clinic_id] |= {(where, other) for where in Channel if (other := record.address(where))}
        missing = {clinic_id: wanted - contacts.known(tx, clinic_id, wanted) for clinic_id, wanted in places.items()}
    for clinic_id, new in missing.items():
        _make_rows(deps, clinic_id, new)


def make_rows_of(deps: Deps, person: Person) -> None:
    """Make the rows of every address of a patient, as above."""
    clinic_id, patient_id = person
    with deps.store.reading() as tx:
        record = patients.get_many(tx, clinic_id, [patient_id])[patient_id].record
        places = {(where, address) for where in Channel if (address := record.address(where))}
        missing = places - contacts.known(tx, clinic_id, places)
    _make_rows(deps, clinic_id, missing)


def _make_rows(deps: Deps, clinic_id: ClinicId, places: Iterable[tuple[Channel, str]]) -> None:
    for channel, address in sorted(places):
        with deps.store.transaction() as tx:
            contacts.ensure(tx, clinic_id, channel, address, new_id=deps.identity.new_id())


def opt_in_address(tx: Transaction, deps: Deps, address: str, said: Said, *, now: datetime) -> None:
    """End the opt-out of an address; what is still to come is planned again."""
    opt_in_addresses(tx, deps, [address], said, now=now)


def opt_in_addresses(
    tx: Transaction,
    deps: Deps,
    addresses: Collection[str],
    said: Said,
    *,
    now: datetime,
    speaker: Person | None = None,
) -> list[str]:
    """End the opt-out of several addresses of one person, and of no others; returns them."""
    people = [patients.at_address(tx, address) for address in addresses]
    ids = [key for item in addresses for key in contacts.at_address(tx, item)]
    contacts.opt_in(tx, ids)
    _record(tx, deps, ids, said, _speakers(people, speaker), is_granted=True, now=now)
    plan_concerned(tx, deps, concerned(tx, addresses), now=now)
    return list(addresses)


def _record(
    tx: Transaction,
    deps: Deps,
    ids: Collection[ContactId],
    said: Said,
    speakers: Mapping[ClinicId, PatientId],
    *,
    is_granted: bool,
    now: datetime,
) -> None:
    # In the order in which they were named: rows of one instant are told in the order of their ids.
    owners = contacts.clinics_of(tx, ids)
    events = [
        PermissionEvent(
            id=deps.identity.new_id(),
            clinic_id=owners[contact_id],
            contact_id=contact_id,
            patient_id=speakers.get(owners[contact_id]),
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
        for contact_id in dict.fromkeys(ids)
    ]
    permissions.append(tx, events)


def _speakers(people: Iterable[Sequence[Person]], speaker: Person | None) -> Mapping[ClinicId, PatientId]:
    """Return who spoke, at each clinic: the only patient of the addresses. Of several nobody knows which."""
    found = {speaker} if speaker is not None else {owner for owners in people for owner in owners}
    at = [clinic_id for clinic_id, _ in found]
    return {clinic_id: patient_id for clinic_id, patient_id in found if at.count(clinic_id) == 1}


def _addresses(tx: Transaction, deps: Deps, owner: tuple[ClinicId, PatientId], first: str) -> list[str]:
    """Return every address of a patient, each with its row."""
    clinic_id, patient_id = owner
    record = patients.get_many(tx, clinic_id, [patient_id])[patient_id].record
    places = {(channel, address) for channel in Channel if (address := record.address(channel))}
    contacts.ensure_many(tx, clinic_id, places, new_id=deps.identity.new_id)
    return [first, *(address for _, address in sorted(places) if address != first)]
