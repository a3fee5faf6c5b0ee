"""The patient's own page: what it shows, and what its buttons do. Reading changes nothing (requirement 13 of (d))."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.clinics import Clinic
from reminders.core.content import appointment_values, language_of
from reminders.core.patients import Patient
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.services.deps import Deps
from reminders.services.opt_out import opt_out_address
from reminders.store import appointments, clinics, contacts, links, patients, questions, tasks
from reminders.store.links import Link, Purpose
from reminders.store.unit_of_work import Transaction


class LinkAnswer(StrEnum):
    """What a patient can say on their page."""

    CONFIRM = "confirm"
    RESCHEDULE = "reschedule"
    RIDE = "ride"
    NEED_RIDE = "need_ride"


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What the page shows: time and place, nothing clinical, no name."""

    language: str
    sender: str
    phone: str
    when: str
    arrive_at: str
    pick_up_at: str
    place: str
    """The clinic's address, empty where it gave none."""
    is_current: bool
    """False where the appointment moved, ended or was cancelled since the link was made."""
    is_confirmed: bool
    has_ride: bool
    is_change_wanted: bool
    """True while staff have not yet called about another time."""
    is_ride_wanted: bool


def read_page(deps: Deps, token: str) -> LinkPage | None:
    """Return what a link shows; None for one that is wrong, used up or expired, all alike."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        link = links.find(tx, token, Purpose.RESPOND, now=now)
        found = _subject(tx, link) if link is not None else None
        if link is None or found is None:
            return None
        clinic, patient, appointment = found
        language = language_of(patient.record.language)
        values = appointment_values(
            appointment,
            clinic,
            language=language,
            cadence=clinic.cadence(appointment.booking.appointment_type, patient.override),
        )
        return LinkPage(
            language=language,
            sender=clinic.sender,
            phone=clinic.phone,
            when=values["when"],
            arrive_at=values["arrive_at"],
            pick_up_at=values["pick_up_at"],
            place=clinic.address,
            is_current=_is_current(link, appointment) and appointment.starts_at > now,
            is_confirmed=appointment.is_confirmed,
            has_ride=appointment.has_ride,
            is_change_wanted=tasks.is_waiting(tx, _key(link, TaskKind.RESCHEDULE)),
            is_ride_wanted=tasks.is_waiting(tx, _key(link, TaskKind.RIDE_WANTED)),
        )


def _subject(tx: Transaction, link: Link) -> tuple[Clinic, Patient, Appointment] | None:
    if link.appointment_id is None or link.patient_id is None:
        return None
    appointment = appointments.get_many(tx, [link.appointment_id]).get(link.appointment_id)
    patient = patients.get_many(tx, link.clinic_id, [link.patient_id]).get(link.patient_id)
    if appointment is None or patient is None:
        return None
    return clinics.get(tx, link.clinic_id), patient, appointment


def _is_current(link: Link, appointment: Appointment) -> bool:
    return link.version == appointment.version and appointment.status.is_coming


def respond_by_link(deps: Deps, token: str, answer: LinkAnswer) -> bool:
    """Apply an answer given on the page; False where the link is no longer good. Twice is the same as once."""
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        link = links.find(tx, token, Purpose.RESPOND, now=now)
        found = _subject(tx, link) if link is not None else None
        if link is None or found is None:
            return False
        _, _, appointment = found
        if not _is_current(link, appointment) or appointment.starts_at <= now:
            return False
        match answer:
            case LinkAnswer.CONFIRM:
                appointments.confirm(tx, appointment.id, appointment.version, now=now)
                questions.mark_answered(tx, appointment.id, QuestionKind.CONFIRM, now=now)
            case LinkAnswer.RIDE:
                appointments.arrange_ride(tx, appointment.id, appointment.version)
                questions.mark_answered(tx, appointment.id, QuestionKind.RIDE, now=now)
            case LinkAnswer.RESCHEDULE:
                _open_task(tx, deps, link, TaskKind.RESCHEDULE)
            case LinkAnswer.NEED_RIDE:
                _open_task(tx, deps, link, TaskKind.RIDE_WANTED)
    return True


def _open_task(tx: Transaction, deps: Deps, link: Link, kind: TaskKind) -> None:
    task = tasks.Task(
        kind=kind,
        urgency=USUAL_URGENCY[kind],
        key=_key(link, kind),
        clinic_id=link.clinic_id,
        patient_id=link.patient_id,
        appointment_id=link.appointment_id,
    )
    tasks.open_once(tx, deps.identity.new_id(), task, now=deps.clock.now())


def _key(link: Link, kind: TaskKind) -> str:
    return f"{kind}:{link.appointment_id}:{link.version}:link"


def unsubscribe_by_link(deps: Deps, token: str) -> bool:
    """Opt out the address of a mail by its one-click link (RFC 8058); False where the link is not ours."""
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        link = links.find(tx, token, Purpose.UNSUBSCRIBE, now=now)
        if link is None:
            return False
        address = contacts.address_of(tx, link.contact_id)
        opt_out_address(tx, deps, address, by="link", now=now)
    return True


def knows_unsubscribe(deps: Deps, token: str) -> bool:
    """Say whether an unsubscribe link is ours; reading it changes nothing."""
    with deps.store.reading() as tx:
        return links.find(tx, token, Purpose.UNSUBSCRIBE, now=deps.clock.now()) is not None
