"""The patient's own page: what it shows, and what its buttons do. Reading changes nothing (requirement 13 of (d))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.clock_words import moment, moments
from reminders.core.consent import Source
from reminders.core.content import appointment_values, language_of
from reminders.core.ids import InboundId, LinkId
from reminders.core.patients import Channel, Patient, Recipient
from reminders.core.replies import Intent
from reminders.core.rides import ride_after
from reminders.core.tasks import TaskKind, by_link, key_of
from reminders.core.transport import RidePolicy, RideState
from reminders.ports import InboundText
from reminders.services.answer_reply import PAGE_ANSWERS
from reminders.services.arrange_rides import record_rides
from reminders.services.confirm_sessions import confirm_session
from reminders.services.deps import Deps
from reminders.services.open_tasks import task_about
from reminders.services.opt_out import Said, make_rows, opt_out_address
from reminders.services.receive_replies import receive_now
from reminders.store import appointments, clinics, contacts, inbound, links, patients, questions, reminders, tasks
from reminders.store.links import Link, Purpose
from reminders.store.unit_of_work import Transaction

BY_LINK = "link"


class LinkAnswer(StrEnum):
    """What a patient can say on their page."""

    CONFIRM = "confirm"
    RESCHEDULE = "reschedule"
    RIDE = "ride"
    NEED_RIDE = "need_ride"
    HIRED_RIDE = "hired_ride"


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What the page shows: times and place of the sessions it is about, nothing clinical, no name."""

    language: str
    sender: str
    phone: str
    when: str
    arrive_at: str
    pick_up_at: str
    place: str
    """The clinic's address, empty where it gave none."""
    is_current: bool
    """False where every session moved, began or was cancelled since the link was made."""
    is_confirmed: bool
    has_ride: bool
    ride_rule: str
    """What the clinic wants of the ride home, without a stop at its end."""
    is_change_wanted: bool
    """True while staff have not yet called about another time."""
    is_ride_wanted: bool
    """True once they said that they have none, or one that the clinic does not accept."""
    is_hired: bool
    """True once they named a hired car where the clinic does not accept one."""
    accepts_hire: bool
    """True where a hired car alone is a ride like any other."""
    count: int
    """How many sessions it is about."""
    answer: str
    """What we answer to what was written on it last, empty for nothing."""


@dataclass(frozen=True, slots=True)
class MovedPage:
    """Where a session is now that the link spoke of otherwise: shown to who has been told so already."""

    language: str
    sender: str
    phone: str
    when: str


@dataclass(frozen=True, slots=True)
class Visit:
    """What a link is about: the sessions that its message asked about and that are still as they were then.

    In order of time. None are left where all moved, ended or were cancelled.
    """

    clinic: Clinic
    patient: Patient
    sessions: tuple[Appointment, ...]
    link: Link


def read_page(deps: Deps, token: str) -> LinkPage | None:
    """Return what a link shows; None for one that is wrong, used up or expired, all alike."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        found = visit_of(tx, token, now)
        if found is None:
            return None
        is_change_wanted = _is_waiting(tx, TaskKind.RESCHEDULE, found)
        answer = inbound.answer_on(tx, LinkId(found.link.id), since=now - PAGE_ANSWERS) if found.link.id else ""
    return _page(found, is_change_wanted=is_change_wanted, answer=answer)


def visit_of(tx: Transaction, token: str, now: datetime) -> Visit | None:
    """Return what a link is about; None where it is no link to a visit, without sessions where all are over."""
    link = links.find(tx, token, Purpose.RESPOND, now=now)
    if link is None or link.appointment_id is None or link.patient_id is None or link.version is None:
        return None
    patient = patients.get_many(tx, link.clinic_id, [link.patient_id]).get(link.patient_id)
    asked = set(questions.of_link(tx, link))
    booked = appointments.get_many(tx, {key for key, _ in asked}).values()
    sessions = [item for item in booked if (item.id, item.version) in asked and _is_to_come(item, now)]
    if patient is None:
        return None
    sessions.sort(key=lambda item: item.starts_at)
    return Visit(clinics.get(tx, link.clinic_id), patient, tuple(sessions), link)


def read_moved(deps: Deps, token: str) -> MovedPage | None:
    """Return where the session of an older link is now; None unless its own patient has been told that very time."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        found = moved_visit(tx, token, now)
    if found is None:
        return None
    clinic, patient, (held, *_) = found.clinic, found.patient, found.sessions
    language = language_of(patient.record.language)
    return MovedPage(language, clinic.sender, clinic.phone, moment(held.starts_at, held.booking.tz, language))


def moved_visit(tx: Transaction, token: str, now: datetime) -> Visit | None:
    """Return the session of a link whose version is over, as it is now, where the link's patient was told of it."""
    link = links.find(tx, token, Purpose.RESPOND, now=now)
    if link is None or link.appointment_id is None or link.patient_id is None or link.version is None:
        return None
    held = appointments.get_many(tx, [link.appointment_id]).get(link.appointment_id)
    patient = patients.get_many(tx, link.clinic_id, [link.patient_id]).get(link.patient_id)
    is_theirs = held is not None and held.patient_id == link.patient_id
    if held is None or patient is None or not is_theirs or held.version <= link.version or not _is_to_come(held, now):
        return None
    told = reminders.last_told(tx, [held.id]).get((held.id, Recipient.PATIENT))
    if told is None or told[0] != held.version or told[1].is_off:
        return None
    return Visit(clinics.get(tx, link.clinic_id), patient, (held,), link)


def _is_to_come(appointment: Appointment, now: datetime) -> bool:
    return appointment.status.is_coming and appointment.starts_at > now


def _is_waiting(tx: Transaction, kind: TaskKind, visit: Visit) -> bool:
    return bool(visit.sessions) and tasks.is_waiting(tx, _key(visit.sessions[0], kind))


def _page(visit: Visit, *, is_change_wanted: bool, answer: str) -> LinkPage:
    clinic, sessions = visit.clinic, visit.sessions
    language = language_of(visit.patient.record.language)
    every = [_values(item, visit, language) for item in sessions]
    return LinkPage(
        language=language,
        sender=clinic.sender,
        phone=clinic.phone,
        when=moments((item.starts_at.astimezone(item.booking.tz) for item in sessions), language) if sessions else "",
        arrive_at=_each(every, "arrive_at"),
        pick_up_at=_each(every, "pick_up_at"),
        place=clinic.address,
        is_current=bool(sessions),
        is_confirmed=all(item.is_confirmed for item in sessions),
        has_ride=all(item.has_ride for item in sessions),
        ride_rule=_each(every, "ride_rule"),
        is_change_wanted=is_change_wanted,
        is_ride_wanted=any(item.ride not in {None, RideState.ARRANGED} for item in sessions),
        is_hired=any(item.ride is RideState.HIRED for item in sessions),
        accepts_hire=all(_policy(item, visit) is RidePolicy.HIRE_OK for item in sessions),
        count=len(sessions),
        answer=answer,
    )


def _values(appointment: Appointment, visit: Visit, language: str) -> Mapping[str, str]:
    cadence = visit.clinic.cadence(appointment.booking.appointment_type, visit.patient.override)
    return appointment_values(appointment, visit.clinic, language=language, cadence=cadence)


def _policy(appointment: Appointment, visit: Visit) -> RidePolicy:
    return visit.clinic.cadence(appointment.booking.appointment_type, visit.patient.override).ride_policy


def _each(every: Sequence[Mapping[str, str]], name: str) -> str:
    """Name a value once where it is the same for all sessions, else for each in turn."""
    return "; ".join(dict.fromkeys(values[name] for values in every))


@dataclass(frozen=True, slots=True)
class Wish:
    """When a patient would rather come: `told` to staff, all of it; `words` are their own, read as a text is.

    `form` is the key of the form that they pressed: what it brings twice is written once.
    """

    told: str = ""
    words: str = ""
    form: str = ""


NO_WISH = Wish()


def respond_by_link(deps: Deps, token: str, answer: LinkAnswer, *, wish: Wish = NO_WISH) -> bool:
    """Apply an answer given on the page to all that it shows; False where the link is no longer good.

    Twice is the same as once. Words beside it are stored as a reply and read before this returns.
    """
    now = deps.clock.now()
    written: InboundId | None = None
    with deps.store.transaction() as tx:
        found = visit_of(tx, token, now)
        if found is None or not found.sessions:
            return False
        match answer:
            case LinkAnswer.CONFIRM:
                _confirm(tx, found, now)
            case LinkAnswer.RIDE:
                record_rides(tx, deps, found.sessions, RideState.ARRANGED, now=now)
            case LinkAnswer.RESCHEDULE:
                written = _ask_for_a_change(tx, deps, found, wish, now)
            case LinkAnswer.NEED_RIDE:
                record_rides(tx, deps, found.sessions, RideState.NEEDED, now=now)
            case LinkAnswer.HIRED_RIDE:
                _hire(tx, deps, found, now)
    if written is not None:
        receive_now(deps, written)
    return True


def _confirm(tx: Transaction, visit: Visit, now: datetime) -> None:
    for item in visit.sessions:
        confirm_session(tx, item.id, item.version, now=now)


def _hire(tx: Transaction, deps: Deps, visit: Visit, now: datetime) -> None:
    """Take a hired car for what the policy of each session makes of it, as of a text that names one."""
    by_state: dict[RideState, list[Appointment]] = {}
    for item in visit.sessions:
        state = ride_after({Intent.HIRED_RIDE}, _policy(item, visit)) or RideState.NEEDED
        by_state.setdefault(state, []).append(item)
    for state, sessions in by_state.items():
        record_rides(tx, deps, sessions, state, now=now)


def _ask_for_a_change(tx: Transaction, deps: Deps, visit: Visit, wish: Wish, now: datetime) -> InboundId | None:
    """Open one task for all the sessions shown, under the first of them: one call settles it.

    Returns the patient's own words where they are new, to be read.
    """
    kind = TaskKind.RESCHEDULE
    key = _key(visit.sessions[0], kind)
    written = _keep_words(tx, deps, visit.link, wish, now) if wish.words else None
    task = replace(task_about(visit.clinic.id, visit.sessions[0], kind), key=key, inbound_id=written)
    tasks.open_again(tx, deps.identity.new_id(), task, now=now)
    if wish.told:
        tasks.add_words(tx, key, wish.told)
    return written


def _keep_words(tx: Transaction, deps: Deps, page: Link, wish: Wish, now: datetime) -> InboundId | None:
    """Keep words on a page as a reply that waits for its reader; None where the same form brought them already."""
    new_id = InboundId(deps.identity.new_id())
    brought = sha256("\n".join([str(page.id), wish.form, wish.words]).encode("utf-8", "replace")).hexdigest()
    address = contacts.address_of(tx, page.contact_id)
    text = InboundText(f"page:{brought}", address, deps.public_url, wish.words, media_count=0)
    return new_id if inbound.add_once(tx, new_id, text, now=now, page=page) else None


def _key(appointment: Appointment, kind: TaskKind) -> str:
    return by_link(key_of(kind, appointment.id, appointment.version))


def unsubscribe_by_link(deps: Deps, token: str) -> bool:
    """Opt out the address of a mail by its one-click link (RFC 8058); False where the link is not ours."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        link = links.find(tx, token, Purpose.UNSUBSCRIBE, now=now)
        if link is None:
            return False
        address = contacts.address_of(tx, link.contact_id)
    make_rows(deps, Channel.EMAIL, [address])
    with deps.store.transaction() as tx:
        opt_out_address(tx, deps, address, Said(Source.LINK, BY_LINK), now=now)
    return True


def knows_unsubscribe(deps: Deps, token: str) -> bool:
    """Say whether an unsubscribe link is ours; reading it changes nothing."""
    with deps.store.reading() as tx:
        return links.find(tx, token, Purpose.UNSUBSCRIBE, now=deps.clock.now()) is not None
