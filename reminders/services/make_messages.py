"""Make: write bundles down as messages, with the questions they ask and the pages where a mail answers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.content import Question, Words
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, ContactId, MessageId, PatientId, ReminderId
from reminders.core.merging import Bundle, Candidate
from reminders.core.messages import Draft
from reminders.core.patients import Addressee, Channel
from reminders.core.reminders import Reminder
from reminders.core.wordings import Wordings
from reminders.services.deps import Deps
from reminders.store import contacts, links, messages, questions, reminders
from reminders.store.links import Link, Purpose
from reminders.store.questions import Asked
from reminders.store.reminders import Tie
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything one transaction knows of one clinic. What is due by `until`, the end of the claim-ahead, is due."""

    clinic: Clinic
    people: dict[PatientId, Addressee]
    booked: dict[AppointmentId, Appointment]
    now: datetime
    until: datetime

    def session(self, item: Candidate) -> Appointment:
        """Return the appointment that a reminder belongs to."""
        return self.booked[item.reminder.appointment_id]


class Leaving(NamedTuple):
    """A bundle on its way to becoming a message. `token` opens the patient's own page, where the mail has one."""

    patient: Addressee
    bundle: Bundle
    address: str
    due_at: datetime
    id: MessageId
    token: str

    @property
    def leader(self) -> Reminder:
        """The reminder whose text it is."""
        return self.bundle.leader.reminder

    @property
    def others(self) -> tuple[ReminderId, ...]:
        """The reminders that were merged into it."""
        return tuple(item.reminder.id for item in self.bundle.others)

    @property
    def place(self) -> tuple[Channel, str]:
        """Where it goes."""
        return self.leader.planned.key.channel, self.address


class _Written(NamedTuple):
    """A bundle with its words and the row of its address. `about` are the sessions of the question really asked."""

    item: Leaving
    words: Words
    segments: int
    contact_id: ContactId
    about: tuple[Candidate, ...]

    @property
    def has_page(self) -> bool:
        return bool(self.about) and self.item.place[0] is Channel.EMAIL


def make_messages(tx: Transaction, deps: Deps, scene: Scene, leaving: Sequence[Leaving]) -> None:
    """Store messages, ties, questions and pages, each kind in one statement."""
    if not leaving:
        return
    found = contacts.ensure_many(tx, scene.clinic.id, {item.place for item in leaving}, new_id=deps.identity.new_id)
    wordings = Wordings(scene.clinic, scene.now)
    written = [_write(deps, scene, wordings, item, found[item.place]) for item in leaving]
    messages.add(tx, [_draft(scene, one) for one in written], now=scene.now)
    reminders.dispatch(tx, [Tie(item.id, item.leader.id, item.others) for item in leaving], now=scene.now)
    questions.ask(tx, [asked for one in written for asked in _asked(deps, scene, one)], now=scene.now)
    pages = [(deps.identity.new_id(), one.item.token, _page(scene, one)) for one in written if one.has_page]
    links.add(tx, pages, now=scene.now)


def _write(deps: Deps, scene: Scene, wordings: Wordings, item: Leaving, contact_id: ContactId) -> _Written:
    bundle, leader = item.bundle, item.leader
    asks, channel = bundle.asks, leader.planned.key.channel
    question = None
    if asks is not None:
        link = f"{deps.public_url}/r/{item.token}" if channel is Channel.EMAIL else ""
        question = Question(asks.kind, tuple(scene.session(one) for one in asks.about), link)
    sessions = [scene.session(one) for one in (bundle.leader, *bundle.also)]
    words, segments = wordings.of(leader.step, sessions, item.patient, channel=channel, question=question)
    # A question that the text had no room for is asked by no row, so that the next message asks it.
    about = asks.about if asks is not None and words.asks is asks.kind else ()
    return _Written(item, words, segments, contact_id, about)


def _draft(scene: Scene, one: _Written) -> Draft:
    item, words, leader = one.item, one.words, one.item.leader
    planned, key = leader.planned, leader.planned.key
    return Draft(
        id=item.id,
        clinic_id=scene.clinic.id,
        contact_id=one.contact_id,
        patient_id=item.patient.id,
        appointment_id=leader.appointment_id,
        version=leader.version,
        channel=key.channel,
        origin=Origin.REMINDER,
        kind=key.step,
        body=words.body,
        subject=words.subject if key.channel is Channel.EMAIL else "",
        segments=one.segments,
        due_at=item.due_at,
        expires_at=planned.expires_at,
        asks=words.asks,
        recipient=key.recipient,
    )


def _page(scene: Scene, one: _Written) -> Link:
    """Describe the patient's own page; good for as long as an answer may count, and for a week at least."""
    sessions = [scene.session(item) for item in one.about]
    ends = [_counts_until(scene, item) for item in one.about]
    return Link(
        purpose=Purpose.RESPOND,
        clinic_id=scene.clinic.id,
        contact_id=one.contact_id,
        patient_id=one.item.patient.id,
        appointment_id=sessions[0].id,
        version=sessions[0].version,
        expires_at=max(*ends, scene.now + links.SHORTEST_LIFE),
    )


def _counts_until(scene: Scene, item: Candidate) -> datetime:
    return max(item.reminder.planned.expires_at, scene.session(item).starts_at)


def _asked(deps: Deps, scene: Scene, one: _Written) -> list[Asked]:
    """Return one row for each session that the question is about."""
    kind, item = one.words.asks, one.item
    if kind is None:
        return []
    return [
        Asked(
            id=deps.identity.new_id(),
            clinic_id=scene.clinic.id,
            patient_id=item.patient.id,
            contact_id=one.contact_id,
            appointment_id=each.reminder.appointment_id,
            message_id=item.id,
            version=each.reminder.version,
            kind=kind,
            expires_at=_counts_until(scene, each),
        )
        for each in one.about
    ]
