"""Explain: the timeline of a patient, an appointment or a message, with the rule behind every line. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import AppointmentId, ClinicId, MessageId
from reminders.core.patients import Patient
from reminders.core.pauses import Pauses
from reminders.core.timeline.events import Event, Surroundings
from reminders.core.timeline.history import History, PastMessage, Subject, SubjectKind
from reminders.core.timeline.timeline import Outlook, outlook, scope_of, timeline
from reminders.core.wording import IN_TABLES
from reminders.services.deps import Deps
from reminders.services.find_subjects import find_clinics
from reminders.store import appointments, clinics, escorts, history, patients, pauses
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: a schedule's patient_id or external_id, or a message's id or its first 8 characters or more."""

    name: str
    kind: SubjectKind | None = None
    clinic_slug: str | None = None
    has_texts: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """The answer: who or what it is about, every line in order of time, and what happens next.

    `booked` are all of the patient's appointments; `about` those that the subject covers.
    """

    subject: Subject
    clinic: Clinic
    patient: Patient | None
    booked: Mapping[AppointmentId, Appointment]
    about: Sequence[Appointment]
    message: PastMessage | None
    events: Sequence[Event]
    outlook: Outlook
    past: History
    pauses: Pauses
    now: datetime


def explain(deps: Deps, query: Query) -> Account:
    """Return the timeline of whatever the name stands for, from one snapshot, in a fixed number of statements.

    Raises NotFoundError where nobody and nothing has that name, InputError where several have or the clinic is unknown.
    """
    now = deps.clock.now()
    with deps.store.reading() as tx:
        every = clinics.every(tx)
        asked = [clinic.id for clinic in find_clinics(tx, query.clinic_slug)]
        subject = _chosen(query, history.find(tx, query.name, asked), every)
        return account_of(tx, subject, every[subject.clinic_id], now=now, has_texts=query.has_texts)


def account_of(
    tx: Transaction, subject: Subject, clinic: Clinic, *, now: datetime, has_texts: bool, language: str = IN_TABLES
) -> Account:
    """Return the timeline of one subject, in the caller's transaction, with times as `language` wants them."""
    past = _past(tx, subject, has_texts=has_texts)
    scene = replace(_scene(tx, subject, clinic, now), language=language)
    scope = scope_of(subject, past)
    message = next((item for item in past.messages if item.id == subject.id), None)
    is_all = subject.kind is SubjectKind.PATIENT
    about = [held for key, held in scene.booked.items() if is_all or key in scope.appointments]
    return Account(
        subject=subject,
        clinic=scene.clinic,
        patient=scene.patient,
        booked=scene.booked,
        about=about,
        message=message,
        events=[line for line in timeline(past, scene) if scope.covers(line)],
        outlook=outlook(subject, past, scene),
        past=past,
        pauses=scene.pauses,
        now=now,
    )


def _chosen(query: Query, found: Sequence[Subject], every: Mapping[ClinicId, Clinic]) -> Subject:
    fitting = [item for item in found if query.kind in {None, item.kind}]
    if not fitting:
        raise NotFoundError(f"no {query.kind or 'patient, appointment or message'} is called {query.name!r}")
    if len(fitting) == 1:
        return fitting[0]
    raise InputError([f"{query.name!r} may mean {_listed(fitting, every)}; {_how_to_choose(fitting)}"])


def _listed(found: Sequence[Subject], every: Mapping[ClinicId, Clinic]) -> str:
    several = len(every) > 1
    return ", ".join(
        f"{item.kind} {item.name}"
        + (f" from {item.source}" if item.source else "")
        + (f" at {every[item.clinic_id].slug}" if several else "")
        for item in found
    )


def _how_to_choose(found: Sequence[Subject]) -> str:
    """Say what tells them apart: their kind, their clinic, or more of a message's id."""
    kinds = list(dict.fromkeys(item.kind for item in found))
    ways = [f"add --as {' or --as '.join(kinds)}"] if len(kinds) > 1 else []
    if len({item.clinic_id for item in found}) > 1:
        ways.append("add --clinic SLUG")
    messages = [item for item in found if item.kind is SubjectKind.MESSAGE]
    if len(messages) > 1:
        ways.append("give more of the message's id")
    return "; ".join(ways) or "ask about its patient instead"


def _past(tx: Transaction, subject: Subject, *, has_texts: bool) -> History:
    if subject.patient_id is None:
        return history.of_message(tx, MessageId(subject.id), has_texts=has_texts)
    return history.of_patient(tx, subject.clinic_id, subject.patient_id, has_texts=has_texts)


def _scene(tx: Transaction, subject: Subject, clinic: Clinic, now: datetime) -> Surroundings:
    """Gather what the rules need to be asked again."""
    patient_id = subject.patient_id
    if patient_id is None:
        return Surroundings(clinic, now)
    booked = {item.id: item for item in appointments.of_patients(tx, [patient_id])[patient_id]}
    return Surroundings(
        clinic=clinic,
        now=now,
        patient=patients.get_many(tx, clinic.id, [patient_id])[patient_id],
        booked=booked,
        pauses=pauses.current(tx, clinic.id),
        escorts=escorts.words(tx, booked.values()),
    )
