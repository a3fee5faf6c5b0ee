"""One text under way: who may have written it, what it says, and what was done about it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reminders.core.clinics import Clinic
from reminders.core.conversation.actions import RaiseAlarm, Say
from reminders.core.conversation.thread import Thread
from reminders.core.conversation.understanding import Heard
from reminders.core.ids import AppointmentId, ClinicId, ContactId, PatientId
from reminders.core.messages import Draft
from reminders.services.deps import Deps
from reminders.store.inbound import StoredText
from reminders.store.questions import Asked
from reminders.store.tasks import Task


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may have written: the address's rows at every clinic, locked, and its patients.

    On a page it is the page's own patient alone; `shown` are the sessions, each with its version, that the page is
    about.
    """

    address: str
    contacts: Sequence[ContactId]
    people: Sequence[tuple[ClinicId, PatientId]]
    is_page: bool = False
    shown: Sequence[tuple[AppointmentId, int]] = ()
    phones: Mapping[ClinicId, ContactId] = field(default_factory=dict)
    """The row of this phone at each clinic that has one; nothing of a page."""


@dataclass(slots=True)
class Case:
    """One text and everything that acting on it takes. `done` are the lines of what was done, for staff.

    `is_correction`: it was acted on before, and a person now says that it means something else. `is_watched`: whoever
    wrote it on their page waits for its answer and sees it at once.
    """

    deps: Deps
    item: StoredText
    sender: Sender
    clinic: Clinic
    heard: Heard
    thread: Thread
    now: datetime
    done: list[str] = field(default_factory=list)
    said: list[Say] = field(default_factory=list)
    alarms: list[RaiseAlarm] = field(default_factory=list)
    tasks: list[tuple[UUID, Task]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    """What is to be stored, for all texts that are read together at once."""
    is_correction: bool = False
    is_watched: bool = False

    def clinic_of(self, patient_id: PatientId | None) -> ClinicId:
        """Return the clinic of a patient of this phone; the text's own where none is sure."""
        return next((clinic_id for clinic_id, key in self.sender.people if key == patient_id), self.clinic.id)
