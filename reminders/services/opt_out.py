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


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose addresses are to be stopped: what was said of them, and by whom where that is known."""

    addresses: Collection[str]
    said: Said
    speaker: Person | None = None


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
    return opt_out_all(tx, deps, [Wish(addresses, said, speaker)], now=now)


def opt_out_all(tx: Transaction, deps: Deps, wishes: Sequence[Wish], *, now: datetime) -> list[str]:
    """Grant likewise the wishes of several people, in as many statements as for one."""
    owners = patients.at_each(tx, {address for wish in wishes for address in wish.addresses})
    every_other = _other_addresses(tx, deps, owners)
    reached = [
        list(dict.fromkeys(one for address in wish.addresses for one in (address, *every_other[address])))
        for wish in wishes
    ]
    every = list(dict.fromkeys(address for addresses in reached for address in addresses))
    rows = contacts.at_addresses(tx, every)
    theirs = [{place.id: place.clinic_id for one in addresses for place in rows[one]} for addresses in reached]
    _close(tx, wishes, theirs, now)
    told: list[PermissionEvent] = []
    for wish, at in zip(wishes, theirs, strict=True):
        speakers = _speakers([owners[address] for address in wish.addresses], wish.speaker)
        told += _events(deps, at, wish.said, speakers, is_granted=False, now=now)
    permissions.append(tx, told)
    ids = {key for at in theirs for key in at}
    if ids:
        messages.cancel_waiting(tx, contacts=ids, reason=Reason.OPTED_OUT, now=now)
    plan_concerned(tx, deps, concerned(tx, every), now=now)
    return every


def _close(tx: Transaction, wishes: Sequence[Wish], theirs: Sequence[Iterable[ContactId]], now: datetime) -> None:
    """Close the rows of each wish, those of one means in one statement."""
    by_means: dict[tuple[Source, str], list[ContactId]] = {}
    for wish, ids in zip(wishes, theirs, strict=True):
        who = wish.said.recorded_by if wish.said.source in BY_STAFF else ""
        by_means.setdefault((wish.said.source, who), []).extend(ids)
    for (source, who), ids in by_means.items():
        contacts.opt_out(tx, ids, source, who=who, now=now)


def close_address(tx: Transaction, deps: Deps, address: str, said: Said, *, now: datetime) -> None:
    """Stop everything automatic to one address by the fewest steps, for where those of an opt-out fail.

    Nothing is planned anew and no other address of the patient is closed: the gate refuses what is planned for this.
    """
    ids = contacts.at_address(tx, address)
    contacts.opt_out(tx, ids, said.source, now=now)
    _record(tx, deps, ids, said, {}, is_granted=False, now=now)
    messages.cancel_waiting(tx, contacts=ids, reason=Reason.OPTED_OUT, now=now)


def opt_out_by_provider(tx: Transaction, deps: Deps, ids: Collection[ContactId], *, now: datetime) -> None:
    """Remember that the provider refuses addresses because their holders opted out with it.

    The caller has them locked, and plans anew whom that concerns.
    """
    contacts.opt_out(tx, ids, Source.PROVIDER, now=now)
    _record(tx, deps, ids, Said(Source.PROVIDER, PROVIDER), {}, is_granted=False, now=now)


def make_rows(deps: Deps, channel: Channel, addresses: Collection[str]) -> None:
    """Make the rows that opt-outs of some addresses will close, in transactions of their own.

    Who makes a message inserts such rows too, with patients locked whom the opt-out plans anew: to wait for one
    another while holding no lock of theirs is no deadlock. And what is there before the opt-out begins is seen by
    every gate.
    """
    with deps.store.reading() as tx:
        owners = patients.at_each(tx, addresses)
        # Somebody we never wrote to may still opt out: then the address needs its row now.
        everywhere = set(clinics.every(tx)) if not all(owners.values()) else set()
        wanted = _places_of(tx, {people[0] for people in owners.values() if len(people) == 1})
        for address, people in owners.items():
            for clinic_id in {clinic_id for clinic_id, _ in people} or everywhere:
                wanted.setdefault(clinic_id, set()).add((channel, address))
        missing = _missing(tx, wanted)
    _make_rows(deps, missing)


def make_rows_of(deps: Deps, person: Person) -> None:
    """Make the rows of every address of a patient, as above."""
    with deps.store.reading() as tx:
        missing = _missing(tx, _places_of(tx, {person}))
    _make_rows(deps, missing)


def _places_of(tx: Transaction, people: Collection[Person]) -> dict[ClinicId, set[tuple[Channel, str]]]:
    """Return every phone and mailbox of patients, by their clinics."""
    found: dict[ClinicId, set[tuple[Channel, str]]] = {}
    for clinic_id, ids in _by_clinic(people).items():
        records = [patient.record for patient in patients.get_many(tx, clinic_id, ids).values()]
        found[clinic_id] = {(one, address) for item in records for one in Channel if (address := item.address(one))}
    return found


def _by_clinic(people: Collection[Person]) -> dict[ClinicId, list[PatientId]]:
    return {at: [key for other, key in people if other == at] for at in sorted({at for at, _ in people})}


def _missing(
    tx: Transaction, wanted: Mapping[ClinicId, set[tuple[Channel, str]]]
) -> dict[ClinicId, set[tuple[Channel, str]]]:
    return {at: places - contacts.known(tx, at, places) for at, places in sorted(wanted.items())}


def _make_rows(deps: Deps, missing: Mapping[ClinicId, Collection[tuple[Channel, str]]]) -> None:
    for clinic_id, places in missing.items():
        if places:
            with deps.store.transaction() as tx:
                contacts.ensure_many(tx, clinic_id, places, new_id=deps.identity.new_id)


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
    theirs = contacts.clinics_of(tx, ids)
    at = {key: theirs[key] for key in ids}
    permissions.append(tx, _events(deps, at, said, speakers, is_granted=is_granted, now=now))


def _events(
    deps: Deps,
    at: Mapping[ContactId, ClinicId],
    said: Said,
    speakers: Mapping[ClinicId, PatientId],
    *,
    is_granted: bool,
    now: datetime,
) -> list[PermissionEvent]:
    """Return what the ledger keeps, of each row of an address and its clinic.

    In the order in which they were named: rows of one instant are told in the order of their ids.
    """
    return [
        PermissionEvent(
            id=deps.identity.new_id(),
            clinic_id=clinic_id,
            contact_id=contact_id,
            patient_id=speakers.get(clinic_id),
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
        for contact_id, clinic_id in at.items()
    ]


def _speakers(people: Iterable[Sequence[Person]], speaker: Person | None) -> Mapping[ClinicId, PatientId]:
    """Return who spoke, at each clinic: the only patient of the addresses. Of several nobody knows which."""
    found = {speaker} if speaker is not None else {owner for owners in people for owner in owners}
    at = [clinic_id for clinic_id, _ in found]
    return {clinic_id: patient_id for clinic_id, patient_id in found if at.count(clinic_id) == 1}


def _other_addresses(tx: Transaction, deps: Deps, owners: Mapping[str, Sequence[Person]]) -> dict[str, list[str]]:
    """Return for each address what else a lone owner has, each with its row; nothing where several share it."""
    alone = {address: people[0] for address, people in owners.items() if len(people) == 1}
    theirs: dict[Person, list[str]] = {}
    for clinic_id, ids in _by_clinic(set(alone.values())).items():
        every: set[tuple[Channel, str]] = set()
        for key, patient in patients.get_many(tx, clinic_id, ids).items():
            places = {(channel, address) for channel in Channel if (address := patient.record.address(channel))}
            theirs[clinic_id, key] = [address for _, address in sorted(places)]
            every |= places
        contacts.ensure_many(tx, clinic_id, every, new_id=deps.identity.new_id)
    return {address: theirs[alone[address]] if address in alone else [] for address in owners}
