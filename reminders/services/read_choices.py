"""Read choices: who is not written to, and all that a patient ever said about it, in one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reminders.core.clinics import Clinic
from reminders.core.consent import Source
from reminders.core.ids import PatientId
from reminders.core.labels import CHANNELS
from reminders.core.patients import Channel
from reminders.core.permissions import ClosedAddress
from reminders.services.deps import Deps
from reminders.services.find_subjects import find_clinic, find_patient
from reminders.store import escorts, patients, permissions
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Choice:
    """One word about being written to. `what` is a sentence; `due_on` the deadline that it had, where it had one."""

    recorded_at: datetime
    what: str
    is_granted: bool
    source: str
    recorded_by: str
    words: str = ""
    address: str = ""
    asked_on: date | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class ChoicesReport:
    """Everything one patient said, the newest first, and which of their addresses are closed now."""

    clinic: Clinic
    choices: Sequence[Choice]
    closed: Sequence[ClosedAddress]


def read_closed(deps: Deps, clinic_slug: str | None) -> tuple[Clinic, Sequence[ClosedAddress]]:
    """Return the addresses that a clinic does not write to. Raises InputError."""
    with deps.store.reading() as tx:
        clinic = find_clinic(tx, clinic_slug)
        return clinic, permissions.closed(tx, clinic.id)


def read_choices(deps: Deps, patient: str, clinic_slug: str | None) -> ChoicesReport:
    """Return all that a patient said about being written to. Raises InputError or NotFoundError."""
    with deps.store.reading() as tx:
        clinic = find_clinic(tx, clinic_slug)
        found = sorted(choices_of(tx, clinic, find_patient(tx, clinic, patient)), key=lambda item: item.recorded_at)
        theirs = [item for item in permissions.closed(tx, clinic.id) if patient in item.patients]
    return ChoicesReport(clinic, found[::-1], theirs)


def choices_of(tx: Transaction, clinic: Clinic, key: PatientId) -> Iterator[Choice]:
    """Yield all that a patient and their escorts said about being written to."""
    for past in permissions.of_patient(tx, clinic.id, key, has_texts=True):
        said = past.event
        yield Choice(
            said.recorded_at,
            f"opted {'in to' if said.is_granted else 'out of'} {_texts(past.channel)}",
            said.is_granted,
            said.source,
            said.recorded_by,
            said.words,
            past.address,
            said.asked_on,
            said.due_on,
        )
    for channel, is_granted, source, recorded_at in patients.consents_of(tx, key):
        what = f"consent to {_texts(channel)} {'given' if is_granted else 'taken back'}"
        yield Choice(recorded_at, what, is_granted, Source.SCHEDULE, source)
    for told in escorts.of_patient(tx, key):
        what = f"escort {'agrees' if told.is_granted else 'does not agree'} to be texted"
        yield Choice(told.recorded_at, what, told.is_granted, "", told.recorded_by, told.note, told.phone)


def _texts(channel: Channel) -> str:
    return f"{CHANNELS[channel]}s"
