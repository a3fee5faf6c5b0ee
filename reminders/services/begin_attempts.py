"""Gate and intent: decide about a group of claimed messages and record what will be called, in one transaction.

An opt-out that committed before this transaction wins; one that comes later waits for it (the address row is locked).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.appointments import Appointment
from reminders.core.cadences import ASK_ESCORT, Step
from reminders.core.caps import WEEK, Traffic
from reminders.core.check_ins import NUDGE
from reminders.core.circuit import Passage
from reminders.core.clinics import Clinic, quiet_zone
from reminders.core.delivery import MessageState
from reminders.core.gate import UNASKED, Candidate, Expire, Hold, Origin, Send, Suppress, Verdict, may_send, validity
from reminders.core.ids import AppointmentId, AttemptTag, BatchId, ClinicId, ContactId, PatientId
from reminders.core.messages import Draft, Message
from reminders.core.patients import NO_OVERRIDE, Channel, Patient, PatientRecord, Recipient
from reminders.core.pauses import Pauses
from reminders.core.reminders import OF_THE_LEADER
from reminders.core.windows import closes_at
from reminders.failpoints import Failpoint, reach
from reminders.ports import OutgoingMail, OutgoingText
from reminders.services.deps import Deps
from reminders.services.fall_back import fall_back
from reminders.services.mind_circuit import read_passage
from reminders.services.read_time import Moment
from reminders.services.read_traffic import Flow, read_traffic
from reminders.services.retry_budget import pay_back
from reminders.services.write_mail import Envelope, keep_unsubscribe_links, unsubscribe_token, write_mail
from reminders.store import (
    appointments,
    attempts,
    circumstances,
    contacts,
    escorts,
    mailings,
    messages,
    patients,
    reminders,
)
from reminders.store.contacts import Contact
from reminders.store.messages import Claimed, Move
from reminders.store.unit_of_work import Transaction

Outgoing = OutgoingText | OutgoingMail


@dataclass(frozen=True, slots=True)
class _Locked:
    """What was read as it was locked."""

    addresses: dict[ContactId, Contact]
    people: dict[PatientId, PatientRecord]
    booked: dict[AppointmentId, Appointment]
    stopped: frozenset[BatchId]
    group: Sequence[Message]


@dataclass(slots=True)
class _Scene:
    """Everything the gate may need about a group of messages, read once."""

    clinics: dict[ClinicId, Clinic]
    contacts: dict[ContactId, Contact]
    people: dict[PatientId, Patient]
    booked: dict[AppointmentId, Appointment]
    flows: dict[PatientId, Flow]
    pauses: dict[ClinicId, Pauses]
    willing: set[tuple[PatientId, str]]
    """(patient, phone) of the escorts who agreed to be texted."""
    unasked: set[tuple[PatientId, str]]
    """The same of those who may be asked whether they agree."""
    next_starts: dict[AppointmentId, datetime]
    """When the next session began of those whose check-ins are here and come too late for that."""
    now: datetime
    stopped: frozenset[BatchId]
    """The batches that staff stopped."""


class NoRoomError(Exception):
    """Nothing of a group was begun: it would have had more in doubt than a kill may leave."""


def begin_attempts(
    deps: Deps,
    channel: Channel,
    taken: Collection[Claimed],
    token: UUID,
    *,
    is_probe: bool = False,
    has_room: Callable[[int], bool] = lambda _: True,
) -> list[Outgoing]:
    """Record the intents of those that may leave; hold, suppress or expire the others. Returns what to call.

    A text may be given some moments before it is due: it is judged as of that instant, and its call waits for it. Where
    clocks disagree or the circuit has opened since the claim, all are given back; only a probe goes through.

    `has_room` is asked last, for so many calls, and may wait for them a moment: an intent is in doubt from its commit
    on, not while it is written.

    Raises:
        NoRoomError: where it says no; then nothing has changed.
    """
    with deps.store.transaction() as tx:
        locked = _lock(tx, taken, token)
        # The clock is read last: what waited for a lock must be judged by the time at which it got it.
        moment, passage = read_passage(tx, deps, channel)
        # Both clocks at once: calls wait by this one for what that one says. Long before the commit, too: a process
        # that freezes anywhere from here on finds out when it wakes (C17).
        monotonic = deps.clock.monotonic()
        if moment.fault is not None or not (is_probe or passage is Passage.ALL):
            pay_back(tx, deps, channel, messages.release(tx, token).get(channel, 0))
            return []
        now = moment.now
        scene = _scene(tx, locked, now)
        leaving = _decide(tx, deps, scene, locked.group)
        intents = [_intent(deps, item, moment) for item in leaving]
        attempts.begin(tx, intents, now=now)
        mails = [item.draft for item in leaving if item.draft.channel is Channel.EMAIL]
        keep_unsubscribe_links(tx, deps, mails, now=now)
        outgoing = [_outgoing(tx, deps, scene, item, intent.tag) for item, intent in zip(leaving, intents, strict=True)]
        if not has_room(len(outgoing)):
            raise NoRoomError
        reach(Failpoint.INTENT_BEFORE_COMMIT)
    reach(Failpoint.INTENT_COMMITTED)
    return [_timed(deps, item, intent, moment, monotonic) for item, intent in zip(outgoing, intents, strict=True)]


def _lock(tx: Transaction, taken: Collection[Claimed], token: UUID) -> _Locked:
    """Lock those that are still claimed, and whatever is decided by."""
    # Always addresses first, then appointments, then messages: who opts out or moves locks in this order too.
    # Patients come between: what leaves for one of them at once on two channels must be counted one by one.
    # Whoever stops a batch takes its row before its messages, and so does whoever sends some of it.
    return _Locked(
        addresses=contacts.lock_many(tx, {item.contact_id for item in taken}),
        people=patients.lock_many(tx, {item.patient_id for item in taken if item.patient_id}),
        booked=appointments.get_many(tx, {item.appointment_id for item in taken if item.appointment_id}, is_kept=True),
        stopped=mailings.stopped(tx, {item.batch_id for item in taken if item.batch_id}),
        group=messages.lock_claimed(tx, [item.id for item in taken], token),
    )


def _timed(deps: Deps, item: Outgoing, intent: attempts.Intent, moment: Moment, monotonic: float) -> Outgoing:
    """Return it with the limits of its call's beginning, by the monotonic clock."""
    start_by = monotonic + deps.policy.start_within.total_seconds()
    if isinstance(item, OutgoingMail):
        return item.starting_by(start_by)
    start_at = monotonic + (intent.machine_begun_at - moment.machine_now).total_seconds()
    return item.starting_by(start_by, start_at=start_at)


def _leaves_at(item: Message, now: datetime) -> datetime:
    """Return the instant as of which a message is judged: that at which it leaves."""
    return max(now, item.draft.due_at)


def _scene(tx: Transaction, locked: _Locked, now: datetime) -> _Scene:
    group = locked.group
    mine = {item.draft.patient_id: item.draft.clinic_id for item in group}
    records = {key: record for key, record in locked.people.items() if key in mine}
    capped = records.keys() & {item.draft.patient_id for item in group if _is_capped(item.draft)}
    escorted = {item.draft.patient_id for item in group if item.draft.recipient is Recipient.ESCORT}
    concerned = {item.draft.clinic_id for item in group}
    seen = circumstances.read(tx, concerned, records, capped, now=now, before=now + WEEK)
    # Which of their channels are closed is not looked up: their addresses themselves are asked.
    people = {
        key: Patient(key, record, override=seen.overrides.get(key, NO_OVERRIDE)) for key, record in records.items()
    }
    watched = {key: (seen.clinics[mine[key]], people[key]) for key in capped}
    scene = _Scene(
        clinics=seen.clinics,
        contacts=locked.addresses,
        people=people,
        booked=locked.booked,
        flows=read_traffic(tx, watched, seen, locked.booked, now=now),
        pauses=seen.pauses,
        willing=escorts.willing(tx, {key for key in people if key in escorted}),
        unasked=escorts.unasked(tx, _to_be_asked(group, locked.addresses)),
        next_starts={},
        now=now,
        stopped=locked.stopped,
    )
    late = (item.draft.appointment_id for item in group if _may_be_overtaken(item.draft, _step(scene, item.draft)))
    between = {about for about in late if about is not None}
    scene.next_starts |= appointments.next_starts(tx, between, now=now)
    return scene


def _to_be_asked(group: Sequence[Message], addresses: dict[ContactId, Contact]) -> set[tuple[PatientId, str]]:
    """Return (patient, phone) of the strangers whom this group asks to fetch somebody."""
    drafts = [item.draft for item in group if item.draft.kind == ASK_ESCORT.key]
    return {(item.patient_id, addresses[item.contact_id].address) for item in drafts if item.patient_id is not None}


def _is_capped(draft: Draft) -> bool:
    return draft.origin is Origin.REMINDER and draft.recipient is Recipient.PATIENT


def _decide(tx: Transaction, deps: Deps, scene: _Scene, group: Sequence[Message]) -> list[Message]:
    """Ask the gate about each message and store what stays; return those that leave."""
    leaving: list[Message] = []
    staying: list[tuple[Draft, Move]] = []
    for item in group:
        move = _move(item, may_send(_candidate(deps, scene, item), now=_leaves_at(item, scene.now)))
        flow = _flow(scene, item.draft)
        if move is not None:
            staying.append((item.draft, move))
            if flow is not None:
                flow.stay(item.id, until=move.due_at)
            continue
        leaving.append(item)
        if flow is not None:
            flow.leave(item.id, now=_leaves_at(item, scene.now))
    messages.move(tx, [move for _, move in staying], [MessageState.CLAIMED], now=scene.now)
    alone = [move.id for _, move in staying if move.reason in OF_THE_LEADER]
    reminders.free_merged(tx, alone, now=scene.now)
    fall_back(tx, deps, staying, now=scene.now)
    return leaving


def _move(item: Message, verdict: Verdict) -> Move | None:
    match verdict:
        case Send():
            return None
        case Hold(until=until, reason=reason):
            return Move(item.id, MessageState.HELD, reason, due_at=until)
        case Suppress(reason=reason):
            return Move(item.id, MessageState.SUPPRESSED, reason)
        case Expire(reason=reason):
            return Move(item.id, MessageState.EXPIRED, reason)


def _candidate(deps: Deps, scene: _Scene, item: Message) -> Candidate:
    draft, contact = item.draft, scene.contacts[item.draft.contact_id]
    clinic, flow = scene.clinics[draft.clinic_id], _flow(scene, draft)
    appointment = scene.booked.get(draft.appointment_id) if draft.appointment_id else None
    step = _step(scene, draft)
    return Candidate(
        origin=draft.origin,
        kind=draft.kind,
        version=draft.version,
        expires_at=draft.expires_at,
        appointment=appointment,
        asks=draft.asks,
        has_consent=_has_consent(scene, draft, contact),
        is_opted_out=contact.is_opted_out,
        opted_out_at=contact.opted_out_at,
        has_address_fault=contact.has_fault,
        is_on_allow_list=deps.allow_list.permits(contact.address),
        zone=_zone(scene, item),
        window=clinic.window,
        caps=clinic.caps,
        traffic=Traffic() if flow is None else flow.beside(item.id),
        overrides_quiet_hours=draft.override_reason is not None,
        recipient=draft.recipient,
        carries=frozenset() if flow is None else flow.steps(item.id),
        phase=None if step is None else step.phase,
        pause=None if appointment is None else scene.pauses[draft.clinic_id].refusal(appointment),
        is_overtaken=_may_be_overtaken(draft, step) and _is_overtaken(scene, draft),
        is_stopped=draft.batch_id in scene.stopped,
        is_to_visitors=draft.batch_id is not None,
    )


def _flow(scene: _Scene, draft: Draft) -> Flow | None:
    return scene.flows.get(draft.patient_id) if draft.patient_id is not None and _is_capped(draft) else None


def _has_consent(scene: _Scene, draft: Draft, contact: Contact) -> bool:
    """Say whether the person at this address agreed to be written to: the escort's word is their own."""
    if draft.patient_id is None:
        return False
    if draft.recipient is Recipient.ESCORT:
        agreed = scene.unasked if draft.kind == ASK_ESCORT.key else scene.willing
        return (draft.patient_id, contact.address) in agreed
    patient = scene.people.get(draft.patient_id)
    return patient is not None and patient.record.has_consent(draft.channel)


def _step(scene: _Scene, draft: Draft) -> Step | None:
    patient = scene.people.get(draft.patient_id) if draft.patient_id else None
    appointment = scene.booked.get(draft.appointment_id) if draft.appointment_id else None
    if patient is None or appointment is None:
        return None
    clinic = scene.clinics[draft.clinic_id]
    return clinic.cadence(appointment.booking.appointment_type, patient.override).step(draft.kind)


def _may_be_overtaken(draft: Draft, step: Step | None) -> bool:
    return draft.kind == NUDGE or (step is not None and step.is_alone_in_between)


def _is_overtaken(scene: _Scene, draft: Draft) -> bool:
    """Say whether the next session began while this was of use: what was late by itself before that was missed."""
    at = scene.next_starts.get(draft.appointment_id) if draft.appointment_id else None
    return at is not None and at <= draft.expires_at


def _zone(scene: _Scene, item: Message) -> ZoneInfo:
    draft = item.draft
    patient = scene.people.get(draft.patient_id) if draft.patient_id else None
    appointment = scene.booked.get(draft.appointment_id) if draft.appointment_id else None
    if appointment is not None and draft.recipient is Recipient.ESCORT:
        return appointment.booking.tz
    if patient is not None and appointment is not None:
        return quiet_zone(patient.record, appointment.booking)
    if patient is not None and patient.record.timezone:
        return ZoneInfo(patient.record.timezone)
    return scene.clinics[draft.clinic_id].tz


def _intent(deps: Deps, item: Message, moment: Moment) -> attempts.Intent:
    begins_at = _leaves_at(item, moment.now)
    machine_begun_at = moment.machine_now + (begins_at - moment.now) / deps.clock.speed
    is_text = item.draft.channel is Channel.SMS
    return attempts.Intent(
        tag=deps.identity.new_tag(),
        clinic_id=item.draft.clinic_id,
        message_id=item.id,
        fence=item.fence + 1,
        begun_at=begins_at,
        machine_begun_at=machine_begun_at,
        deadline_at=machine_begun_at + (deps.policy.deadline if is_text else deps.policy.mail_deadline),
    )


def _outgoing(tx: Transaction, deps: Deps, scene: _Scene, item: Message, tag: AttemptTag) -> Outgoing:
    draft, address = item.draft, scene.contacts[item.draft.contact_id].address
    clinic = scene.clinics[draft.clinic_id]
    if draft.channel is Channel.EMAIL:
        patient = scene.people.get(draft.patient_id) if draft.patient_id else None
        appointment = scene.booked.get(draft.appointment_id) if draft.appointment_id else None
        language = patient.record.language if patient else clinic.language
        override = patient.override if patient else NO_OVERRIDE
        envelope = Envelope(tag, address, language, unsubscribe_token(tx, draft), override)
        return write_mail(deps, clinic, draft, appointment, envelope=envelope, now=scene.now)
    is_exempt = draft.origin in UNASKED or draft.override_reason is not None
    leaves_at = _leaves_at(item, scene.now)
    closing = None if is_exempt else closes_at(leaves_at, _zone(scene, item), clinic.window)
    lasts = validity(draft.expires_at, closing, now=leaves_at)
    return OutgoingText(tag=tag, to=address, body=draft.body, validity=lasts, start_by=0.0)
