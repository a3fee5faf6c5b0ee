"""What a row means where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reminders.core.clinics import DEFAULT_TYPE


class Place(Protocol):
    """Where a clinic is: what its rows need for times, phone numbers and texts. A core `Clinic` is one."""

    @property
    def timezone(self) -> str:
        """The IANA zone of its sessions."""

    @property
    def country(self) -> str:
        """The two-letter country in which a phone number without `+` is read."""

    @property
    def language(self) -> str:
        """The language of its patients unless a row says otherwise."""


@dataclass(frozen=True, slots=True)
class CsvDefaults:
    """Defaults for blank cells: of the whole file, and by clinic slug where clinics are known.

    Without `clinics` any slug is accepted as it stands; with one, rows may leave it out; with several, each row must
    name one of them.
    """

    timezone: str
    language: str
    country: str
    duration_minutes: int = 60
    appointment_type: str = DEFAULT_TYPE
    clinics: Mapping[str, Place] = field(default_factory=dict)

    @property
    def needs_clinic(self) -> bool:
        """Say whether each row must name its clinic."""
        return len(self.clinics) > 1

    @property
    def only_clinic(self) -> str | None:
        """The slug that rows without one belong to, where it is known."""
        return next(iter(self.clinics)) if len(self.clinics) == 1 else None

    def place(self, slug: str | None) -> Place:
        """Return the defaults that hold for the rows of a clinic."""
        return self.clinics.get(slug or self.only_clinic or "", self)
