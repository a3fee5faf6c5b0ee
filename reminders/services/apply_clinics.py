"""Apply: bring clinic files into the database, which holds the configuration from then on, versioned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reminders.core.clinic_document import read_clinic
from reminders.core.clinics import Clinic
from reminders.core.errors import ClinicFileError
from reminders.core.ids import ClinicId
from reminders.services.deps import Deps
from reminders.store import clinics

BUILT_IN = {
    "slug": "clinic",
    "sender": "Your clinic",
    "timezone": "America/New_York",
    "phone": "our front desk",
}
"""What holds until a clinic file is given: enough to try the service, plain enough to show that it is missing."""


def apply_clinics(deps: Deps, documents: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Store clinic documents, each with the name of its file. Returns the slugs that changed.

    Raises ClinicFileError with every fault of every file; then nothing is stored.
    """
    faults: list[str] = []
    for name, document in documents:
        try:
            read_clinic(document, clinic_id=ClinicId(deps.identity.new_id()))
        except ClinicFileError as error:
            faults += [f"{name}: {fault}" for fault in error.faults]
    slugs = [str(document.get("slug")) for _, document in documents]
    faults += [f"clinic.slug: found {slug!r} twice; each clinic needs its own" for slug in _doubles(slugs)]
    if faults:
        raise ClinicFileError(faults)
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        if len(slugs) == 1:
            # The first real clinic takes the place of the built-in one, with whatever was imported for it.
            clinics.rename(tx, BUILT_IN["slug"], slugs[0], only_if=BUILT_IN)
        return [
            document["slug"]
            for _, document in documents
            if clinics.save(tx, ClinicId(deps.identity.new_id()), document["slug"], document, now=now)
        ]


def _doubles(slugs: Sequence[str]) -> list[str]:
    return sorted({slug for slug in slugs if slugs.count(slug) > 1})


def known_clinics(deps: Deps) -> list[Clinic]:
    """Return all clinics."""
    with deps.store.reading() as tx:
        return list(clinics.every(tx).values())


def clinic_document(deps: Deps, slug: str) -> Mapping[str, Any] | None:
    """Return a clinic's configuration as it was given, for export."""
    with deps.store.reading() as tx:
        return clinics.document(tx, slug)
