"""Gather: what a text falls into, read under the lock of its address."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind
from reminders.core.check_ins import asks_once_more
from reminders.core.clinics import Clinic
from reminders.core.consent import hardest_to_undo
from reminders.core.conversation.answers import CRISIS_LASTS, AnswerKind
from reminders.core.conversation.thread import OpenQuestion, Thread
from reminders.core.ids import AppointmentId, ClinicId, InboundId, PatientId
from reminders.core.patients import Channel
from reminders.core.toll_free import is_toll_free
from reminders.core.transport import RidePolicy
from reminders.services.deps import Deps
from reminders.services.opt_out import make_rows, make_rows_of
from reminders.services.reply_case import Sender
from reminders.services.thread_facts import HOUR, Facts, read_facts
from reminders.store import check_ins, clinics, contacts, inbound, links, messages, patients, questions
from reminders.store.contacts import Place
from reminders.store.inbound import StoredText
from reminders.store.patients import Person
from reminders.store.unit_of_work import Transaction

Asked = tuple[OpenQuestion, ...]
"""What one message asked."""


def make_rows_for(deps: Deps, ids: Collection[InboundId]) -> None:
    """Make the rows of addresses that texts may close, before any of them is locked. Raises SpoiledError."""
    with deps.store.reading() as tx:
        senders = inbound.senders_of(tx, ids)
        pages = [links.get(tx, link_id) for _, link_id in senders if link_id is not None]
    phones = {address for address, link_id in senders if link_id is None}
    if phones:
        make_rows(deps, Channel.SMS, phones)
    for page in pages:
        if page.patient_id is not None:
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
    return _sender(address, contacts.at_addresses(tx, [address])[address], people)


def find_senders(tx: Transaction, addresses: Collection[str]) -> dict[str, Sender]:
    """Return who may have written from these phones, in as many statements as for one, all of them locked.

    Only of known patients whose phone has its row at every clinic of theirs: others need one made for them first.
    """
    people = patients.at_each(tx, addresses)
    places = contacts.at_addresses(tx, [address for address, owners in people.items() if owners])
    found = {address: _sender(address, rows, people[address]) for address, rows in places.items()}
    return {
        address: sender
        for address, sender in found.items()
        if all(clinic_id in sender.phones for clinic_id, _ in sender.people)
    }


def _sender(address: str, places: Sequence[Place], people: Sequence[Person]) -> Sender:
    phones = {place.clinic_id: place.id for place in places if place.channel is Channel.SMS}
    return Sender(address, [place.id for place in places], people, phones=phones)


def gather_thread(
    tx: Transaction, deps: Deps, sender: Sender, *, received_at: datetime, now: datetime
) -> tuple[Thread, Clinic | None]:
    """Return the thread, and the clinic that the text belongs to: the writer's, else the first, None where none is."""
    return gather_threads(tx, deps, [(sender, received_at)], now=now)[0]


def gather_threads(
    tx: Transaction, deps: Deps, received: Sequence[tuple[Sender, datetime]], *, now: datetime
) -> list[tuple[Thread, Clinic | None]]:
    """Return likewise the threads of several texts, each given as who wrote it and when it came."""
    facts = read_facts(tx, [sender for sender, _ in received], now=now)
    return [
        _thread(tx, deps, facts, _asked(facts, place, sender), received=(sender, at))
        for place, (sender, at) in enumerate(received)
    ]


def _thread(
    tx: Transaction, deps: Deps, facts: Facts, asked: Sequence[Asked], *, received: tuple[Sender, datetime]
) -> tuple[Thread, Clinic | None]:
    (last, *older), (sender, received_at) = asked, received
    ids = [key for _, key in sender.people]
    upcoming, begun = facts.upcoming(ids), facts.begun(ids)
    bare = Thread(
        patients=tuple(ids),
        upcoming=tuple(upcoming),
        past=tuple(begun),
        last=last,
        older=tuple(older),
        is_person_last=_is_person_last(facts, sender),
    )
    clinic = _clinic(facts.clinics, sender, bare.owner)
    if clinic is None:
        return bare, None
    kept = facts.kept_of_opt_out(sender.contacts)
    return (
        replace(
            bare,
            unheard=facts.unheard(upcoming),
            policies=_policies(sender, facts, [*upcoming, *begun]),
            language=_language(sender, facts, bare.owner, clinic),
            is_page=sender.is_page,
            is_opted_out=bool(kept),
            opted_out_by=hardest_to_undo(kept),
            has_stopped_since=facts.has_stopped_since(sender.contacts, received_at),
            is_toll_free=is_toll_free(deps.own_number),
            answers_last_hour=facts.answers(sender.contacts),
            provider_answers_keywords=deps.provider_answers_keywords,
            is_crisis_told=_is_crisis_told(tx, sender, facts, bare.owner),
            is_score_asked_again=_is_asked_again(tx, bare.question(QuestionKind.CHECK_IN)),
            takes_idioms_seriously=clinic.alarms_on_idioms,
        ),
        clinic,
    )


def _asked(facts: Facts, place: int, sender: Sender) -> Sequence[Asked]:
    """Return what is open, what the last message asked first, that being nothing where staff wrote it themselves."""
    if sender.is_page:
        return [(OpenQuestion(QuestionKind.CONFIRM, tuple(sender.shown), patient_id=sender.people[0][1]),)]
    groups = facts.asked[place]
    return [(), *groups] if _is_person_last(facts, sender) else groups or [()]


def _is_person_last(facts: Facts, sender: Sender) -> bool:
    return not sender.is_page and facts.is_person_last(sender.contacts)


def _language(sender: Sender, facts: Facts, owner: PatientId | None, clinic: Clinic) -> str:
    is_known = any(key == owner for _, key in sender.people)
    return facts.manners[owner].language if owner is not None and is_known else clinic.language


def _clinic(known: Mapping[ClinicId, Clinic], sender: Sender, owner: PatientId | None) -> Clinic | None:
    at = [clinic_id for clinic_id, key in sender.people if key == owner] or [key for key, _ in sender.people]
    return known[at[0]] if at else next(iter(known.values()), None)


def _policies(sender: Sender, facts: Facts, sessions: Sequence[Appointment]) -> dict[AppointmentId, RidePolicy]:
    """Return which ride home each session needs, by its type and what staff changed for its patient."""
    at = {key: facts.clinics[clinic_id] for clinic_id, key in sender.people}
    found = {}
    for item in sessions:
        override = facts.manners[item.patient_id].override
        found[item.id] = at[item.patient_id].cadence(item.booking.appointment_type, override).ride_policy
    return found


def _is_crisis_told(tx: Transaction, sender: Sender, facts: Facts, owner: PatientId | None) -> bool:
    """Say whether the numbers for an emergency went out for what is open; to who we do not know, within the hour.

    A page shows them whenever it is written on.
    """
    if sender.is_page or (owner is not None and owner not in facts.alarmed):
        return False
    since = facts.now - (HOUR if owner is None else CRISIS_LASTS)
    return messages.answered_with(tx, sender.contacts, AnswerKind.CRISIS.key, since)


def _is_asked_again(tx: Transaction, question: OpenQuestion | None) -> bool:
    """Say whether this answer without a number is one too many to ask for a number again."""
    if question is None or question.id is None:
        return False
    return not asks_once_more(check_ins.times_unclear(tx, question.id) + 1)
