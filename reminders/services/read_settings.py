"""Read the kept versions of a clinic's settings, for whoever runs the service: who changed what, and when."""

from __future__ import annotations

from dataclasses import dataclass

from reminders.core.clinics import Clinic
from reminders.core.errors import NotFoundError
from reminders.services.deps import Deps
from reminders.services.find_subjects import find_clinic
from reminders.store import clinics
from reminders.store.clinics import Made, Version

__all__ = ["Made", "SettingsHistory", "Version", "read_settings", "read_settings_history"]


@dataclass(frozen=True, slots=True)
class SettingsHistory:
    """A clinic and who made which version of its settings, the newest first."""

    clinic: Clinic
    versions: list[tuple[int, Made]]


def read_settings_history(deps: Deps, slug: str | None, *, limit: int) -> SettingsHistory:
    """Return the newest versions. Raises InputError for a clinic that nobody knows."""
    with deps.store.reading() as tx:
        clinic = find_clinic(tx, slug)
        return SettingsHistory(clinic, clinics.versions(tx, clinic.id, limit=limit))


def read_settings(deps: Deps, slug: str | None, numbers: list[int]) -> list[Version]:
    """Return some versions, in the order in which they were asked for. Raises InputError or NotFoundError."""
    with deps.store.reading() as tx:
        clinic = find_clinic(tx, slug)
        found = []
        for number in numbers:
            version = clinics.version(tx, clinic.id, number)
            if version is None:
                raise NotFoundError(f"{clinic.slug} has no version {number}; `reminders clinic versions` lists them")
            found.append(version)
        return found
