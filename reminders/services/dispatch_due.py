"""Dispatch: turn reminders that fall due into messages, merging what belongs on one day.

Gather (who has something due), decide (core/merging, core/gate), apply: one transaction for some patients at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.cadences import QuestionKind, Step
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.content import Question, compose
from reminders.core.delivery import CRASH_PAUSE
from reminders.core.gate import Origin, unneeded
from reminders.core.ids import AppointmentId, ClinicId, ContactId, MessageId, PatientId, ReminderId
from reminders.core.merging import Asking, Bundle, Candidate, bundles
from reminders.core.messages import Draft
from reminders.core.patients import Channel, Patient
from reminders.core.reminders import Reason, Reminder, ending
from reminders.core.segments import measure
from reminders.core.windows import DAY_AND_A_HALF, local_day
from reminders.ports import Identity
from reminders.services.apart import together_or_apart
from reminders.services.deps import Deps
from reminders.store import appointments, clinics, contacts, links, messages, patients, questions, reminders
from reminders.store.links import Link, Purpose
from reminders.store.questions import Asked
from reminders.store.reminders import Tie
from reminders.store.unit_of_work import Transaction

PATIENTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Scene:
    """Everything one transaction knows of one clinic. What is due by `until`, the end of the claim-ahead, is due."""

    clinic: Clinic
    people: dict[PatientId, Patient]
    booked: dict[AppointmentId, Appointment]
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class _Leaving:
    """A bundle on its way to becoming a message. `token` opens the patient's own page, where the mail has one."""

    patient: Patient
    bundle: Bundle
    address: str
    id: MessageId
    token: str

    @property
    def leader(self) -> Reminder:
        return self.bundle.leader.reminder

    @property
    def others(self) -> tuple[ReminderId, ...]:
        return tuple(item.reminder.id for item in self.bundle.others)

    @property
    def place(self) -> tuple[Channel, str]:
        return self.leader.planned.key.channel, self.address


def dispatch_due(deps: Deps) -> int:
    """Make messages of the reminders that are due, or will be within the claim-ahead; return how many messages."""
    now = deps.clock.now()
    soon = now + deps.policy.ahead
    with deps.store.reading() as tx:
        due = reminders.patients_due(tx, now=now, before=soon, limit=PATIENTS_AT_ONCE)
    if not due:
        return 0
    made = together_or_apart(
        list(due),
        lambda some: _dispatch_patients(deps, {key: due[key] for key in some}, now, soon),
        lambda key: _put_off(deps, key, now, soon),
    )
    return sum(made)


def _put_off(deps: Deps, patient_id: PatientId, now: datetime, soon: datetime) -> None:
    with deps.store.transaction() as tx:
        reminders.put_off(tx, patient_id, before=soon, until=now + CRASH_PAUSE, now=now)


def _dispatch_patients(deps: Deps, due: dict[PatientId, ClinicId], now: datetime, soon: datetime) -> int:
    with deps.store.transaction() as tx:
        held = reminders.lock_waiting(tx, due, before=soon + DAY_AND_A_HALF)
        made = 0
        for clinic_id in dict.fromkeys(due.values()):
            mine = {key: items for key, items in held.items() if due[key] == clinic_id}
            scene = _Scene(
                clinic=clinics.get(tx, clinic_id),
                people=patients.get_many(tx, clinic_id, mine),
                booked=appointments.get_many(tx, {item.appointment_id for items in mine.values() for item in items}),
                now=now,
                until=soon,
            )
            made += _dispatch(tx, deps, scene, mine)
    return made


def _dispatch(tx: Transaction, deps: Deps, scene: _Scene, held: dict[PatientId, list[Reminder]]) -> int:
    ended: dict[Reason, list[ReminderId]] = {}
    leaving = [item for key, items in held.items() for item in _bundles(deps.identity, scene, key, items, ended)]
    for reason, ids in ended.items():
        reminders.end(tx, ids, ending(reason), reason, now=scene.now)
    _write(tx, deps, scene, leaving)
    return len(leaving)


def _bundles(
    identity: Identity,
    scene: _Scene,
    patient_id: PatientId,
    held: Sequence[Reminder],
    ended: dict[Reason, list[ReminderId]],
) -> list[_Leaving]:
    """Merge what is due for one patient; what has nothing left to say goes to `ended`."""
    patient = scene.people[patient_id]
    candidates = []
    for item in held:
        step, reason = _step(scene, item)
        if step is not None and reason is None:
            booking = scene.booked[item.appointment_id].booking
            candidates.append(Candidate(item, step, booking.starts_at, local_day(booking.starts_at, booking.tz)))
        elif reason is not None and item.due_at <= scene.until:
            ended.setdefault(reason, []).append(item.id)
    if not candidates:
        return []
    zone = quiet_zone(patient.record, scene.booked[candidates[0].reminder.appointment_id].booking)
    leaving = []
    for bundle in bundles(candidates, tz=zone, now=scene.until):
        address = patient.record.address(bundle.leader.reminder.planned.key.channel)
        if address is None:
            gone = [item.reminder.id for item in (bundle.leader, *bundle.others)]
            ended.setdefault(Reason.NO_ADDRESS, []).extend(gone)
        else:
            leaving.append(_Leaving(patient, bundle, address, MessageId(identity.new_id()), identity.new_token()))
    return leaving


def _step(scene: _Scene, item: Reminder) -> tuple[Step | None, Reason | None]:
    """Return the step of a reminder, and why it has nothing left to say, if so."""
    appointment = scene.booked[item.appointment_id]
    override = scene.people[item.patient_id].override
    step = scene.clinic.cadence(appointment.booking.appointment_type, override).step(item.step)
    if step is None:
        return None, Reason.REPLANNED
    if item.version != appointment.version:
        return step, Reason.SUPERSEDED
    return step, unneeded(item.step, appointment)


def _write(tx: Transaction, deps: Deps, scene: _Scene, leaving: Sequence[_Leaving]) -> None:
    """Store messages, ties, links and questions, each kind in one statement."""
    if not leaving:
        return
    places = {item.place for item in leaving}
    found = contacts.ensure_many(tx, scene.clinic.id, places, new_id=deps.identity.new_id)
    drafts = [_draft(deps, scene, item, found[item.place]) for item in leaving]
    messages.add(tx, drafts, now=scene.now)
    reminders.dispatch(tx, [Tie(item.id, item.leader.id, item.others) for item in leaving], now=scene.now)
    new_id = deps.identity.new_id
    asking = [
        # Where a text must be short, a question may have found no room: then nobody is asked.
        (item, item.bundle.asks if draft.asks else None, found[item.place])
        for item, draft in zip(leaving, drafts, strict=True)
    ]
    asked = [
        _asked(new_id(), scene, item, contact, kind=asks.kind, about=about)
        for item, asks, contact in asking
        if asks is not None
        for about in asks.about
    ]
    questions.ask(tx, asked, now=scene.now)
    mails = [(item, asks, contact) for item, asks, contact in asking if _has_page(item)]
    pages = [(new_id(), item.token, _page(scene, asks, contact)) for item, asks, contact in mails if asks is not None]
    links.add(tx, pages, now=scene.now)


def _has_page(item: _Leaving) -> bool:
    return item.leader.planned.key.channel is Channel.EMAIL and item.bundle.asks is not None


def _draft(deps: Deps, scene: _Scene, item: _Leaving, contact_id: ContactId) -> Draft:
    leader, bundle, channel = item.leader, item.bundle, item.leader.planned.key.channel
    appointment = scene.booked[leader.appointment_id]
    words = compose(
        leader.step,
        [appointment, *(scene.booked[other.reminder.appointment_id] for other in bundle.also)],
        scene.clinic,
        item.patient,
        channel=channel,
        now=scene.now,
        question=_question(deps, scene, item),
    )
    return Draft(
        id=item.id,
        clinic_id=scene.clinic.id,
        contact_id=contact_id,
        patient_id=item.patient.id,
        appointment_id=appointment.id,
        version=leader.version,
        channel=channel,
        origin=Origin.REMINDER,
        kind=leader.step,
        body=words.body,
        subject=words.subject,
        segments=measure(words.body).segments if channel is Channel.SMS else 0,
        due_at=min(member.reminder.due_at for member in (bundle.leader, *bundle.others)),
        expires_at=leader.planned.expires_at,
        asks=words.asks,
    )


def _question(deps: Deps, scene: _Scene, item: _Leaving) -> Question | None:
    asks = item.bundle.asks
    if asks is None:
        return None
    about = tuple(scene.booked[each.reminder.appointment_id] for each in asks.about)
    return Question(asks.kind, about, f"{deps.public_url}/r/{item.token}" if _has_page(item) else "")


def _page(scene: _Scene, asks: Asking, contact_id: ContactId) -> Link:
    """Describe the patient's own page for a version; good until the appointment starts, or for check-ins a week."""
    appointment = scene.booked[asks.about[0].reminder.appointment_id]
    return Link(
        purpose=Purpose.RESPOND,
        clinic_id=scene.clinic.id,
        contact_id=contact_id,
        patient_id=appointment.patient_id,
        appointment_id=appointment.id,
        version=appointment.version,
        expires_at=max(appointment.starts_at, scene.now + links.SHORTEST_LIFE),
    )


def _asked(
    new_id: UUID, scene: _Scene, item: _Leaving, contact_id: ContactId, *, kind: QuestionKind, about: Candidate
) -> Asked:
    appointment = scene.booked[about.reminder.appointment_id]
    return Asked(
        id=new_id,
        clinic_id=scene.clinic.id,
        patient_id=appointment.patient_id,
        contact_id=contact_id,
        appointment_id=appointment.id,
        message_id=item.id,
        version=appointment.version,
        kind=kind,
        expires_at=max(about.reminder.planned.expires_at, appointment.starts_at),
    )
