"""Search: patients by a part of their name, the clinic's own id, or the end of their phone number. Reads only.

Names are sealed, so that no database can search them. It finds those who may be meant by keyed words that are stored
beside the names; they are opened here, and compared without accents and case. Where a clinic's patients do not all have
such words yet (the service has just become one that makes them), every name is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.ids import ClinicId, PatientId
from reminders.core.search_words import plain, sought_in_names, sought_in_phones
from reminders.services.deps import Deps
from reminders.store import appointments, clinics, mailings, patients, search_tokens
from reminders.store.unit_of_work import Transaction

MOST_FOUND = 12
MOST_LISTED = 40
LEAST_LETTERS = 2
LEAST_DIGITS = 3
MOST_OPENED = 5_000
"""So many sealed names are opened for one search at most: who asks for more of them by "ma" types another letter."""
MOST_WITHOUT_WORDS = 20_000
"""Likewise where names have no words yet; with more patients than these only ids are found until they have."""
DIGITS = re.compile(r"[+0-9 ().-]+")
LABEL_BEGINS = re.compile(r" \(")
LATELY, AHEAD = timedelta(days=7), timedelta(days=62)


@dataclass(frozen=True, slots=True)
class Found:
    """A patient who may be meant. `label` is what stands in the field once they are chosen."""

    id: PatientId
    clinic_id: ClinicId
    external_id: str
    name: str

    @property
    def label(self) -> str:
        """Name and id: names alone are not unique."""
        return f"{self.name} ({self.external_id})"


def search_patients(deps: Deps, query: str, within: Collection[ClinicId], *, limit: int = MOST_FOUND) -> list[Found]:
    """Return patients of these clinics whom a query may mean, in order of name; all words must be found in the name.

    A label, an id of the clinic's or one of our own means exactly one.
    """
    sought = query.strip()
    with deps.store.reading() as tx:
        exact = _exact(tx, sought, within)
        if exact or len(sought) < LEAST_LETTERS:
            return exact[:limit]
        words = sought_in_names(sought) if search_tokens.has_all(tx, within) else None
        is_meant = _all_begin(plain(sought).split())
        most = MOST_OPENED if words is not None else None
        return _in_order(patients.with_name(tx, within, is_meant, words=words, limit=most), limit)


def _exact(tx: Transaction, sought: str, within: Collection[ClinicId]) -> list[Found]:
    """Return whom an id means, or a label, which ends in one. Opens the names of these only."""
    ends = [sought[place.end() : -1] for place in LABEL_BEGINS.finditer(sought)] if sought.endswith(")") else []
    key = _as_id(sought)
    rows = patients.known_as(tx, within, [sought, *ends], [] if key is None else [key])
    found = [Found(*row) for row in rows]
    return [item for item in found if sought in {item.label, item.external_id} or item.id == key]


def _in_order(rows: Sequence[patients.Called], limit: int) -> list[Found]:
    return [Found(*row) for row in nsmallest(limit, rows, key=_order)]


def _order(row: patients.Called) -> tuple[str, str]:
    *_, external_id, name = row
    return name.casefold(), external_id


@dataclass(frozen=True, slots=True)
class Listed:
    """A patient of a list: `next_at` is the start of their next session, with the zone in which to show it."""

    found: Found
    clinic: Clinic
    next_at: datetime | None
    timezone: str


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found. `is_cut` where more were found than are listed; `is_by_id` where names have no words yet.

    Of more than are opened for one search, some are listed and not the first.
    """

    listed: Sequence[Listed]
    is_cut: bool
    is_by_id: bool
    has_several_clinics: bool
    now: datetime


def list_patients(deps: Deps, query: str, within: Collection[ClinicId]) -> Search:
    """Return patients of these clinics by a part of their name, their id or the last digits of their phone.

    In a number of statements that does not grow with the patients.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        is_by_id = not search_tokens.has_all(tx, within) and patients.count(tx, within) > MOST_WITHOUT_WORDS
        found = _exact(tx, query.strip(), within) if is_by_id else []
    if not is_by_id:
        most = MOST_LISTED + 1
        found = search_patients(deps, query, within, limit=most) or _by_phone(deps, query, within, limit=most)
    shown = found[:MOST_LISTED]
    with deps.store.reading() as tx:
        every = clinics.every(tx)
        coming = appointments.upcoming(tx, [item.id for item in shown], now=now)
    first = {item.patient_id: item for item in reversed(coming)}
    return Search(
        listed=[_listed(item, every[item.clinic_id], first.get(item.id)) for item in shown],
        is_cut=len(found) > MOST_LISTED,
        is_by_id=is_by_id,
        has_several_clinics=len(within) > 1,
        now=now,
    )


def _by_phone(deps: Deps, query: str, within: Collection[ClinicId], *, limit: int) -> list[Found]:
    digits = re.sub(r"[^0-9]", "", query)
    if not DIGITS.fullmatch(query.strip()) or len(digits) < LEAST_DIGITS:
        return []
    with deps.store.reading() as tx:
        words = sought_in_phones(digits) if search_tokens.has_all(tx, within) else None
        most = MOST_OPENED if words is not None else None
        ends = patients.with_phone(tx, within, lambda phone: phone.endswith(digits), words=words, limit=most)
        return _in_order(ends, limit)


def _listed(item: Found, clinic: Clinic, coming: Appointment | None) -> Listed:
    timezone = coming.booking.timezone if coming is not None else clinic.timezone
    return Listed(item, clinic, coming.starts_at if coming is not None else None, timezone)


def _as_id(sought: str) -> PatientId | None:
    try:
        return PatientId(UUID(sought))
    except ValueError:
        return None


def _all_begin(words: Collection[str]) -> Callable[[str], bool]:
    """Return what says whether each of these words begins some part of a name."""
    parts = [(word, re.compile(rf"(?<!\w){re.escape(word)}")) for word in words]

    def is_meant(name: str) -> bool:
        told = plain(name)
        return all(word in told and part.search(told) is not None for word, part in parts)

    return is_meant


def session_types(deps: Deps, clinic_id: ClinicId) -> list[str]:
    """Return what kinds of sessions a clinic has had lately or will have, to choose from."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        return mailings.appointment_types(tx, clinic_id, now - LATELY, now + AHEAD)
