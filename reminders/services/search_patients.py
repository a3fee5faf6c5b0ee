"""Search: patients by a part of their name, the clinic's own id, or the end of their phone number. Reads only.

Names are sealed, so that no database can search them: they are opened here, and compared without accents and case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.ids import ClinicId, PatientId
from reminders.services.deps import Deps
from reminders.store import appointments, clinics, mailings, patients

MOST_FOUND = 12
MOST_LISTED = 40
LEAST_LETTERS = 2
LEAST_DIGITS = 3
MOST_OPENED = 20_000
"""So many sealed names are opened for one search; with more patients than these only ids are found."""
DIGITS = re.compile(r"[+0-9 ().-]+")
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
        everybody = [
            Found(key, clinic_id, external_id, name) for key, clinic_id, external_id, name in patients.names(tx, within)
        ]
    exact = [item for item in everybody if sought in {item.label, item.external_id} or _is_id(sought, item.id)]
    if exact or len(sought) < LEAST_LETTERS:
        return exact[:limit]
    words = plain(sought).split()
    meant = [item for item in everybody if all(_begins(word, plain(item.name)) for word in words)]
    return sorted(meant, key=lambda item: (item.name.casefold(), item.external_id))[:limit]


@dataclass(frozen=True, slots=True)
class Listed:
    """A patient of a list: `next_at` is the start of their next session, with the zone in which to show it."""

    found: Found
    clinic: Clinic
    next_at: datetime | None
    timezone: str


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found. `is_cut` where more were found than are listed; `is_by_id` where names were not searched."""

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
        is_by_id = patients.count(tx, within) > MOST_OPENED
    if is_by_id:
        found = _called(deps, query.strip(), within)
    else:
        found = search_patients(deps, query, within, limit=MOST_LISTED + 1) or _by_phone(deps, query, within)
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


def _called(deps: Deps, query: str, within: Collection[ClinicId]) -> list[Found]:
    with deps.store.reading() as tx:
        return [
            Found(key, clinic_id, external_id, record.name)
            for clinic_id in sorted(within)
            for external_id, (key, record) in patients.named(tx, clinic_id, [query]).items()
        ]


def _by_phone(deps: Deps, query: str, within: Collection[ClinicId]) -> list[Found]:
    digits = re.sub(r"[^0-9]", "", query)
    if not DIGITS.fullmatch(query.strip()) or len(digits) < LEAST_DIGITS:
        return []
    with deps.store.reading() as tx:
        theirs = {key for key, phone in patients.phones(tx, within).items() if phone.endswith(digits)}
        found = [Found(*row) for row in patients.names(tx, within) if row[0] in theirs]
    return sorted(found, key=lambda item: (item.name.casefold(), item.external_id))[: MOST_LISTED + 1]


def _listed(item: Found, clinic: Clinic, coming: Appointment | None) -> Listed:
    timezone = coming.booking.timezone if coming is not None else clinic.timezone
    return Listed(item, clinic, coming.starts_at if coming is not None else None, timezone)


def _is_id(sought: str, key: PatientId) -> bool:
    try:
        return UUID(sought) == key
    except ValueError:
        return False


def _begins(word: str, name: str) -> bool:
    """Say whether some part of a name begins with a word."""
    return re.search(rf"(?<!\w){re.escape(word)}", name) is not None


def plain(text: str) -> str:
    """Return a text without accents and capitals."""
    split = unicodedata.normalize("NFD", text)
    return "".join(char for char in split if not unicodedata.combining(char)).casefold()


def session_types(deps: Deps, clinic_id: ClinicId) -> list[str]:
    """Return what kinds of sessions a clinic has had lately or will have, to choose from."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        return mailings.appointment_types(tx, clinic_id, now - LATELY, now + AHEAD)
