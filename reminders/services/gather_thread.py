"""Gather: what a text falls into, read under the lock of its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import asks_once_more
from reminders.core.clinics import Clinic
from reminders.core.conversation.answers import CRISIS_LASTS, AnswerKind
from reminders.core.conversation.thread import OpenQuestion, Thread
from reminders.core.ids import AppointmentId, ClinicId, InboundId, PatientId
from reminders.core.patients import NO_OVERRIDE, Channel, Patient, Recipient
from reminders.core.toll_free import is_toll_free
from reminders.core.transport import RidePolicy
from reminders.services.deps import Deps
from reminders.services.escalate import has_open
from reminders.services.opt_out import make_rows, make_rows_of
from reminders.services.reply_case import Sender
from reminders.store import (
    appointments,
    check_ins,
    clinics,
    contacts,
    inbound,
    links,
    messages,
    patients,
    permissions,
    questions,
    reminders,
)
from reminders.store.inbound import StoredText
from reminders.store.unit_of_work import Transaction

HOUR = timedelta(hours=1)
LOOKED_BACK = timedelta(days=21)
"""How old a session may be that somebody still writes about: two weeks after a series we ask a last time."""
STAFF_AWAITED = timedelta(days=3)
"""So long after staff wrote themselves a bare word may be meant for them."""


def make_rows_for(deps: Deps, text_id: InboundId) -> None:
    """Make the rows of addresses that a text may close, before any of them is locked. Raises SpoiledError."""
    with deps.store.reading() as tx:
        address, link_id = inbound.sender_of(tx, text_id)
        page = None if link_id is None else links.get(tx, link_id)
    if page is None:
        make_rows(deps, Channel.SMS, address)
    elif page.patient_id is not None:
        make_rows_of(deps, (page.clinic_id, page.patient_id))


def find_sender(tx: Transaction, deps: Deps, item: StoredText) -> Sender:
    """Return who may have written, with their address locked at every clinic."""
    if item.link_id is not None:
        page = links.get(tx, item.link_id)
        people = [] if page.patient_id is None else [(page.clinic_id, page.patient_id)]
        rows = contacts.at_address(tx, item.sender)
        return Sender(item.sender, rows, people, is_page=True, shown=questions.of_link(tx, page))
    return _of_phone(tx, deps, item.sender)


def _of_phone(tx: Transaction, deps: Deps, address: str) -> Sender:
    people = patients.at_address(tx, address)
    # Somebody we never wrote to may still opt out: then the address needs its row now.
    at = {clinic_id for clinic_id, _ in people} or set(clinics.every(tx))
    for clinic_id in sorted(at):
        contacts.ensure(tx, clinic_id, Channel.SMS, address, new_id=deps.identity.new_id())
    return Sender(address, contacts.at_address(tx, address), people)


def gather_thread(
    tx: Transaction, deps: Deps, sender: Sender, *, received_at: datetime, now: datetime
) -> tuple[Thread, Clinic | None]:
    """Return the thread, and the clinic that the text belongs to: the writer's, else the first, None where none is."""
    ids = [key for _, key in sender.people]
    (last, *older), is_person_last = _asked(tx, sender, now)
    upcoming = appointments.upcoming(tx, ids, now=now)
    begun = appointments.begun(tx, ids, now=now, since=now - LOOKED_BACK)
    known = clinics.every(tx)
    people = _people(tx, sender)
    bare = Thread(
        patients=tuple(ids),
        upcoming=tuple(upcoming),
        past=tuple(begun),
        last=last,
        older=tuple(older),
        is_person_last=is_person_last,
    )
    clinic = _clinic(known, sender, bare.owner)
    if clinic is None:
        return bare, None
    writer = people.get(bare.owner) if bare.owner is not None else None
    return (
        replace(
            bare,
            unheard=_unheard(tx, upcoming),
            policies=_policies(sender, known, people, [*upcoming, *begun]),
            language=writer.record.language if writer is not None else clinic.language,
            is_page=sender.is_page,
            is_opted_out=contacts.has_opted_out(tx, sender.contacts),
            opted_out_by=contacts.opted_out_source(tx, sender.contacts),
            has_stopped_since=permissions.has_stopped_since(tx, sender.contacts, received_at),
            is_toll_free=is_toll_free(deps.own_number),
            answers_last_hour=messages.answers_since(tx, sender.contacts, now - HOUR),
            provider_answers_keywords=deps.provider_answers_keywords,
            is_crisis_told=_is_crisis_told(tx, sender, bare.owner, now),
            is_score_asked_again=_is_asked_again(tx, bare.question(QuestionKind.CHECK_IN)),
            takes_idioms_seriously=clinic.alarms_on_idioms,
        ),
        clinic,
    )


def _asked(tx: Transaction, sender: Sender, now: datetime) -> tuple[list[tuple[OpenQuestion, ...]], bool]:
    """Return what is open, what the last message asked first, that being nothing where staff wrote it themselves."""
    if sender.is_page:
        # Whatever else was asked, the words stand beside the sessions that the page is about.
        return [(OpenQuestion(QuestionKind.CONFIRM, tuple(sender.shown), patient_id=sender.people[0][1]),)], False
    groups = questions.still_open(tx, sender.contacts, now=now)
    is_person_last = messages.is_person_last(tx, sender.contacts, now - STAFF_AWAITED)
    return [(), *groups] if is_person_last else (groups or [()]), is_person_last


def _people(tx: Transaction, sender: Sender) -> dict[PatientId, Patient]:
    found: dict[PatientId, Patient] = {}
    for clinic_id in {clinic_id for clinic_id, _ in sender.people}:
        found |= patients.get_many(tx, clinic_id, [key for at, key in sender.people if at == clinic_id])
    return found


def _unheard(tx: Transaction, upcoming: Sequence[Appointment]) -> frozenset[AppointmentId]:
    """Return the visits that the patient was last told another time of."""
    told = reminders.last_told(tx, [item.id for item in upcoming])
    last = {item.id: told[item.id, Recipient.PATIENT][1] for item in upcoming if (item.id, Recipient.PATIENT) in told}
    return frozenset(item.id for item in upcoming if item.id in last and last[item.id].starts_at != item.starts_at)


def _clinic(known: Mapping[ClinicId, Clinic], sender: Sender, owner: PatientId | None) -> Clinic | None:
    at = [clinic_id for clinic_id, key in sender.people if key == owner] or [key for key, _ in sender.people]
    return known[at[0]] if at else next(iter(known.values()), None)


def _policies(
    sender: Sender,
    known: Mapping[ClinicId, Clinic],
    people: Mapping[PatientId, Patient],
    sessions: Sequence[Appointment],
) -> dict[AppointmentId, RidePolicy]:
    """Return which ride home each session needs, by its type and what staff changed for its patient."""
    at = {key: known[clinic_id] for clinic_id, key in sender.people}
    found = {}
    for item in sessions:
        patient = people.get(item.patient_id)
        override = patient.override if patient is not None else NO_OVERRIDE
        found[item.id] = at[item.patient_id].cadence(item.booking.appointment_type, override).ride_policy
    return found


def _is_crisis_told(tx: Transaction, sender: Sender, owner: PatientId | None, now: datetime) -> bool:
    """Say whether the numbers for an emergency went out for what is open; to who we do not know, within the hour.

    A page shows them whenever it is written on.
    """
    if sender.is_page or (owner is not None and not has_open(tx, owner)):
        return False
    since = now - (HOUR if owner is None else CRISIS_LASTS)
    return messages.answered_with(tx, sender.contacts, AnswerKind.CRISIS.key, since)


def _is_asked_again(tx: Transaction, question: OpenQuestion | None) -> bool:
    """Say whether this answer without a number is one too many to ask for a number again."""
    if question is None or question.id is None:
        return False
    return not asks_once_more(check_ins.times_unclear(tx, question.id) + 1)
