"""Search: patients by a part of their name, or by the clinic's own id. Reads only.

Names are sealed, so that no database can search them: they are opened here, and compared without accents and case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from reminders.core.ids import ClinicId, PatientId
from reminders.services.deps import Deps
from reminders.store import mailings, patients

MOST_FOUND = 12
LEAST_LETTERS = 2
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
