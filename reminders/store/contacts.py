"""Addresses: opted out or not, working or not, and the lock that orders a STOP and a send."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select, tuple_, update

from reminders.core.consent import BY_TEXT, Source
from reminders.core.fallback import is_landline
from reminders.core.ids import ClinicId, ContactId
from reminders.core.patients import Channel
from reminders.ports import LineType
from reminders.store.batches import in_batches
from reminders.store.bulk import insert_new
from reminders.store.rows import contact
from reminders.store.sets import among, listed
from reminders.store.unit_of_work import Transaction

LONGEST_BY = 40
SEEN = (
    *(contact.c.id, contact.c.clinic_id, contact.c.channel, contact.c.address, contact.c.address_index),
    *(contact.c.opted_out_at, contact.c.fault_at),
)
"""What the gate is told of an address."""


@dataclass(frozen=True, slots=True)
class Contact:
    """An address as the gate sees it."""

    id: ContactId
    clinic_id: ClinicId
    channel: Channel
    address: str
    opted_out_at: datetime | None
    """The first time at any clinic, where an opt-out holds."""
    has_fault: bool

    @property
    def is_opted_out(self) -> bool:
        """Say whether nothing automatic may go there."""
        return self.opted_out_at is not None


def ensure(tx: Transaction, clinic_id: ClinicId, channel: Channel, address: str, *, new_id: UUID) -> ContactId:
    """Return the row of an address, made where it is new. An opt-out at one clinic holds for a new row elsewhere."""
    return ensure_many(tx, clinic_id, [(channel, address)], new_id=lambda: new_id)[channel, address]


def ensure_many(
    tx: Transaction, clinic_id: ClinicId, wanted: Collection[tuple[Channel, str]], *, new_id: Callable[[], UUID]
) -> dict[tuple[Channel, str], ContactId]:
    """Return the rows of addresses, made where they are new, in as many statements as for one."""
    indexes = {pair: tx.vault.index(pair[1]) for pair in wanted}
    held = _ids(tx, clinic_id, indexes)
    new = {pair: index for pair, index in indexes.items() if pair not in held}
    return held | _made(tx, clinic_id, new, new_id) if new else held


def _made(
    tx: Transaction, clinic_id: ClinicId, new: Mapping[tuple[Channel, str], bytes], new_id: Callable[[], UUID]
) -> dict[tuple[Channel, str], ContactId]:
    """Make the rows of addresses that have none, and return them."""
    opted_out = _opted_out(tx, new.values())
    ids = {pair: ContactId(new_id()) for pair in new}
    rows = []
    for pair, index in new.items():
        channel, key = pair[0], ids[pair]
        sealed = tx.vault.seal("contact.address", key, pair[1])
        row = {"id": key, "clinic_id": clinic_id, "channel": channel, "address": sealed, "address_index": index}
        if opted_out:
            row["opted_out_at"], row["opted_out_by"] = opted_out.get((channel, index), (None, None))
        rows.append(row)
    # Somebody else may be making the same rows at this moment: in the same order, and then theirs are taken.
    stored = insert_new(tx, contact, sorted(rows, key=lambda row: (row["channel"], row["address_index"])))
    theirs = {pair: new[pair] for pair, key in ids.items() if key not in stored}
    return ids | _ids(tx, clinic_id, theirs) if theirs else ids


def known(tx: Transaction, clinic_id: ClinicId, wanted: Collection[tuple[Channel, str]]) -> set[tuple[Channel, str]]:
    """Return which of these addresses have their row."""
    return set(_ids(tx, clinic_id, {pair: tx.vault.index(pair[1]) for pair in wanted}))


def _ids(
    tx: Transaction, clinic_id: ClinicId, indexes: Mapping[tuple[Channel, str], bytes]
) -> dict[tuple[Channel, str], ContactId]:
    given = {"clinic_id": clinic_id, "indexes": list(set(indexes.values()))}
    rows = tx.connection.execute(_of_clinic(is_postgres=tx.is_postgres), given).all()
    found = {(channel, index): ContactId(key) for key, channel, index in rows}
    return {pair: found[pair[0], index] for pair, index in indexes.items() if (pair[0], index) in found}


@cache
def _of_clinic(*, is_postgres: bool) -> Select[Any]:
    columns = (contact.c.id, contact.c.channel, contact.c.address_index)
    theirs = listed(contact.c.address_index, "indexes", is_postgres=is_postgres)
    return select(*columns).where(contact.c.clinic_id == bindparam("clinic_id"), theirs)


def _opted_out(tx: Transaction, indexes: Iterable[bytes]) -> dict[tuple[Channel, bytes], tuple[datetime, str]]:
    found: dict[tuple[Channel, bytes], tuple[datetime, str]] = {}
    for batch in in_batches(set(indexes)):
        rows = tx.connection.execute(_refusing(is_postgres=tx.is_postgres), {"indexes": batch}).all()
        found |= {(channel, index): (at, by) for channel, index, at, by in rows}
    return found


@cache
def _refusing(*, is_postgres: bool) -> Select[Any]:
    theirs = listed(contact.c.address_index, "indexes", is_postgres=is_postgres)
    columns = (contact.c.channel, contact.c.address_index, contact.c.opted_out_at, contact.c.opted_out_by)
    return select(*columns).where(theirs, contact.c.opted_out_at.is_not(None))


def address_of(tx: Transaction, contact_id: ContactId) -> str:
    """Return an address by its row."""
    sealed = tx.connection.scalars(select(contact.c.address).where(contact.c.id == contact_id)).one()
    return tx.vault.open("contact.address", contact_id, sealed)


def to_hold(name: str, *, is_postgres: bool) -> Select[Any]:
    """Ask for the addresses whose ids are given under a name; nobody opts them out until the transaction ends.

    An opt-out holds for the address at every clinic, so the rows of all of them are locked and asked: a clinic's own
    row may have been made by somebody who did not yet see the opt-out at another.
    """
    mine = select(contact.c.channel, contact.c.address_index).where(listed(contact.c.id, name, is_postgres=is_postgres))
    same = select(*SEEN).where(tuple_(contact.c.channel, contact.c.address_index).in_(mine)).order_by(contact.c.id)
    return same.with_for_update(read=True)


def from_rows(tx: Transaction, rows: Sequence[Any], ids: Collection[ContactId]) -> dict[ContactId, Contact]:
    """Return these addresses, of rows as `to_hold` asks for them."""
    opted_out: dict[tuple[Channel, bytes], datetime] = {}
    for row in rows:
        if row.opted_out_at is not None:
            first = opted_out.setdefault((row.channel, row.address_index), row.opted_out_at)
            opted_out[row.channel, row.address_index] = min(first, row.opted_out_at)
    return {
        ContactId(row.id): Contact(
            id=ContactId(row.id),
            clinic_id=ClinicId(row.clinic_id),
            channel=row.channel,
            address=tx.vault.open("contact.address", row.id, row.address),
            opted_out_at=opted_out.get((row.channel, row.address_index)),
            has_fault=row.fault_at is not None,
        )
        for row in rows
        if row.id in ids
    }


def lock_to_close(tx: Transaction, ids: Collection[ContactId]) -> list[str]:
    """Return addresses by their rows, locked for a change: whoever sends to one of them waits, or is waited for."""
    locked = select(contact.c.id, contact.c.address).order_by(contact.c.id).with_for_update(key_share=True)
    return [
        tx.vault.open("contact.address", row.id, row.address)
        for batch in in_batches(sorted(ids))
        for row in tx.connection.execute(locked.where(among(tx, contact.c.id, batch))).all()
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """One row of an address: where it belongs."""

    id: ContactId
    clinic_id: ClinicId
    channel: Channel


def at_address(tx: Transaction, address: str) -> list[ContactId]:
    """Return the rows of an address at every clinic, locked for a change: an opt-out holds for all of them."""
    return [place.id for place in at_addresses(tx, [address])[address]]


def at_addresses(tx: Transaction, addresses: Collection[str]) -> dict[str, list[Place]]:
    """Return likewise the rows of several addresses, each list in the order of their ids; all are locked in it."""
    indexes = {address: tx.vault.index(address) for address in addresses}
    found: dict[bytes, list[Place]] = {index: [] for index in indexes.values()}
    for row in tx.connection.execute(_everywhere(is_postgres=tx.is_postgres), {"indexes": list(found)}).all():
        found[row.address_index].append(Place(ContactId(row.id), ClinicId(row.clinic_id), row.channel))
    # One mailbox may be spelt in several ways, and each is asked for.
    return {address: found[index] for address, index in indexes.items()}


@cache
def _everywhere(*, is_postgres: bool) -> Select[Any]:
    columns = (contact.c.id, contact.c.clinic_id, contact.c.channel, contact.c.address_index)
    theirs = select(*columns).where(listed(contact.c.address_index, "indexes", is_postgres=is_postgres))
    return theirs.order_by(contact.c.id).with_for_update(key_share=True)


def clinics_of(tx: Transaction, ids: Collection[ContactId]) -> dict[ContactId, ClinicId]:
    """Return to which clinic each row belongs."""
    found: dict[ContactId, ClinicId] = {}
    for batch in in_batches(sorted(ids)):
        rows = tx.connection.execute(select(contact.c.id, contact.c.clinic_id).where(among(tx, contact.c.id, batch)))
        found |= {ContactId(row.id): ClinicId(row.clinic_id) for row in rows}
    return found


def opt_out(tx: Transaction, ids: Collection[ContactId], source: Source, *, who: str = "", now: datetime) -> None:
    """Record an opt-out; the first one's date stays, and its means too unless a text made it and this one is more.

    `who` is the member of staff that took it down.
    """
    by = (f"{source} by {who}" if who else source)[:LONGEST_BY]
    statement = update(contact).where(among(tx, contact.c.id, ids), contact.c.opted_out_at.is_(None))
    tx.connection.execute(statement.values(opted_out_at=now, opted_out_by=by))
    if source not in BY_TEXT:
        # What was told a person is not to be ended by a word that ends what a text began.
        lesser = update(contact).where(among(tx, contact.c.id, ids), contact.c.opted_out_by.in_(sorted(BY_TEXT)))
        tx.connection.execute(lesser.values(opted_out_by=by))


def opt_in(tx: Transaction, ids: Collection[ContactId]) -> None:
    """End an opt-out."""
    tx.connection.execute(
        update(contact).where(among(tx, contact.c.id, ids)).values(opted_out_at=None, opted_out_by=None)
    )


def opted_out(tx: Transaction, ids: Collection[ContactId]) -> dict[ContactId, str]:
    """Return those of these addresses that are opted out, each with what is kept of the means."""
    rows = tx.connection.execute(_by_wish(is_postgres=tx.is_postgres), {"ids": list(ids)}).all()
    return {ContactId(row.id): row.opted_out_by or "" for row in rows}


@cache
def _by_wish(*, is_postgres: bool) -> Select[Any]:
    mine = listed(contact.c.id, "ids", is_postgres=is_postgres)
    return select(contact.c.id, contact.c.opted_out_by).where(mine, contact.c.opted_out_at.is_not(None))


def mark_fault(tx: Transaction, ids: Collection[ContactId], fault: str, *, now: datetime) -> None:
    """Remember that addresses do not work, so that nothing more is planned on them; and landlines as what they are."""
    statement = update(contact).where(among(tx, contact.c.id, ids), contact.c.fault_at.is_(None))
    tx.connection.execute(statement.values(fault_at=now, fault=fault))
    if is_landline(fault):
        known = update(contact).where(among(tx, contact.c.id, ids), contact.c.channel == Channel.SMS)
        tx.connection.execute(known.values(line_type=LineType.LANDLINE.value, line_checked_at=now))


def closed_indexes(tx: Transaction, clinic_id: ClinicId, indexes: Iterable[bytes]) -> dict[tuple[bytes, Channel], bool]:
    """Return which of these addresses (by blind index) must not be planned on, and whether that is for a fault only.

    Who opted out of an address that does not work opted out all the same.
    """
    given = {"clinic_id": clinic_id, "indexes": list(indexes)}
    rows = tx.connection.execute(_closed(is_postgres=tx.is_postgres), given)
    return {(row.address_index, row.channel): row.opted_out_at is None for row in rows}


@cache
def _closed(*, is_postgres: bool) -> Select[Any]:
    theirs = listed(contact.c.address_index, "indexes", is_postgres=is_postgres)
    is_shut = contact.c.opted_out_at.is_not(None) | contact.c.fault_at.is_not(None)
    columns = (contact.c.address_index, contact.c.channel, contact.c.opted_out_at)
    return select(*columns).where(contact.c.clinic_id == bindparam("clinic_id"), theirs, is_shut)


def closed_of(
    tx: Transaction, clinic_id: ClinicId, wanted: Collection[tuple[Channel, str]]
) -> set[tuple[Channel, str]]:
    """Return which of some addresses must not be written to, as far as they have been."""
    indexes = {(tx.vault.index(address), channel): (channel, address) for channel, address in wanted}
    closed = closed_indexes(tx, clinic_id, [index for index, _ in indexes])
    return {place for key, place in indexes.items() if key in closed}
