"""Gate and intent: decide about a group of claimed messages and record what will be called, in one transaction.

An opt-out that committed before this transaction wins; one that comes later waits for it (the address row is locked).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
from reminders.core.ids import AppointmentId, AttemptTag, BatchId, ClinicId, PatientId
from reminders.core.messages import Draft, Message
from reminders.core.patients import NO_OVERRIDE, Channel, Override, Recipient, Terms
from reminders.core.pauses import Pauses
from reminders.core.reminders import OF_THE_LEADER
from reminders.core.windows import closes_at
from reminders.failpoints import Failpoint, reach
from reminders.ports import OutgoingMail, OutgoingText
from reminders.services.deps import Deps
from reminders.services.fall_back import fall_back
from reminders.services.mind_circuit import read_passage
from reminders.services.read_time import Moment
from reminders.services.read_traffic import Flow, Reader, read_traffic
from reminders.services.retry_budget import pay_back
from reminders.services.write_mail import Envelope, keep_unsubscribe_links, unsubscribe_token, write_mail
from reminders.store import (
    appointments,
    circumstances,
    escorts,
    held,
    messages,
    reminders,
)
from reminders.store.circumstances import Circumstances
from reminders.store.contacts import Contact
from reminders.store.held import Held
from reminders.store.intents import Intent, record_intents
from reminders.store.messages import Claimed, Move
from reminders.store.unit_of_work import Transaction

Outgoing = OutgoingText | OutgoingMail
NO_TRAFFIC: Traffic = Traffic()
NOTHING: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Case:
    """A message with what it is judged by, looked up once."""

    item: Message
    leaves_at: datetime
    """The instant as of which it is judged: that at which it leaves."""
    contact: Contact
    clinic: Clinic
    terms: Terms | None
    override: Override
    appointment: Appointment | None
    step: Step | None
    zone: ZoneInfo
    """Whose quiet hours hold."""
    flow: Flow | None
    """The traffic beside it, where that is counted."""

    @property
    def draft(self) -> Draft:
        """What is to leave."""
        return self.item.draft


@dataclass(slots=True)
class _Scene:
    """Everything the gate may need about a group of messages, read once."""

    cases: list[_Case]
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
        locked = held.lock(tx, taken, token)
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
        leaving = _decide(tx, deps, scene)
        intents = [_intent(deps, case, moment) for case in leaving]
        record_intents(tx, intents, now=now)
        mails = [case.draft for case in leaving if case.draft.channel is Channel.EMAIL]
        keep_unsubscribe_links(tx, deps, mails, now=now)
        outgoing = [_outgoing(tx, deps, case, intent.tag, now) for case, intent in zip(leaving, intents, strict=True)]
        if not has_room(len(outgoing)):
            raise NoRoomError
        reach(Failpoint.INTENT_BEFORE_COMMIT)
    reach(Failpoint.INTENT_COMMITTED)
    return [_timed(deps, item, intent, moment, monotonic) for item, intent in zip(outgoing, intents, strict=True)]


def _timed(deps: Deps, item: Outgoing, intent: Intent, moment: Moment, monotonic: float) -> Outgoing:
    """Return it with the limits of its call's beginning, by the monotonic clock."""
    start_by = monotonic + deps.policy.start_within.total_seconds()
    if isinstance(item, OutgoingMail):
        return item.starting_by(start_by)
    start_at = monotonic + (intent.machine_begun_at - moment.machine_now).total_seconds()
    return item.starting_by(start_by, start_at=start_at)


def _scene(tx: Transaction, locked: Held, now: datetime) -> _Scene:
    group = locked.group
    mine = {item.draft.patient_id: item.draft.clinic_id for item in group}
    people = locked.people.keys() & mine.keys()
    capped = people & {item.draft.patient_id for item in group if _is_capped(item.draft)}
    escorted = people & {item.draft.patient_id for item in group if item.draft.recipient is Recipient.ESCORT}
    concerned = {item.draft.clinic_id for item in group}
    seen = circumstances.read(tx, concerned, people, capped, now=now, before=now + WEEK)
    readers = {
        key: Reader(seen.clinics[mine[key]], locked.people[key], seen.overrides.get(key, NO_OVERRIDE)) for key in capped
    }
    flows = read_traffic(tx, readers, seen, locked.booked, now=now)
    cases = [_case(locked, seen, flows, item, now) for item in group]
    late = (case.draft.appointment_id for case in cases if _may_be_overtaken(case))
    between = {about for about in late if about is not None}
    return _Scene(
        cases=cases,
        pauses=seen.pauses,
        willing=escorts.willing(tx, escorted),
        unasked=escorts.unasked(tx, _to_be_asked(cases)),
        next_starts=appointments.next_starts(tx, between, now=now),
        now=now,
        stopped=locked.stopped,
    )


def _case(locked: Held, seen: Circumstances, flows: Mapping[PatientId, Flow], item: Message, now: datetime) -> _Case:
    draft, about = item.draft, item.draft.patient_id
    # Which of their channels are closed is not looked up: their addresses themselves are asked.
    terms = None if about is None else locked.people.get(about)
    override = NO_OVERRIDE if about is None else seen.overrides.get(about, NO_OVERRIDE)
    appointment = None if draft.appointment_id is None else locked.booked.get(draft.appointment_id)
    clinic = seen.clinics[draft.clinic_id]
    return _Case(
        item=item,
        leaves_at=max(now, draft.due_at),
        contact=locked.addresses[draft.contact_id],
        clinic=clinic,
        terms=terms,
        override=override,
        appointment=appointment,
        step=None if terms is None else _step(draft, clinic, override, appointment),
        zone=_zone(draft, clinic, terms, appointment),
        flow=flows.get(about) if about is not None and _is_capped(draft) else None,
    )


def _step(draft: Draft, clinic: Clinic, override: Override, appointment: Appointment | None) -> Step | None:
    if appointment is None:
        return None
    return clinic.cadence(appointment.booking.appointment_type, override).step(draft.kind)


def _to_be_asked(cases: Sequence[_Case]) -> set[tuple[PatientId, str]]:
    """Return (patient, phone) of the strangers whom this group asks to fetch somebody."""
    asking = [case for case in cases if case.draft.kind == ASK_ESCORT.key]
    return {(case.draft.patient_id, case.contact.address) for case in asking if case.draft.patient_id is not None}


def _is_capped(draft: Draft) -> bool:
    return draft.origin is Origin.REMINDER and draft.recipient is Recipient.PATIENT


def _decide(tx: Transaction, deps: Deps, scene: _Scene) -> list[_Case]:
    """Ask the gate about each message and store what stays; return those that leave."""
    leaving: list[_Case] = []
    staying: list[tuple[Draft, Move]] = []
    for case in scene.cases:
        item, flow = case.item, case.flow
        move = _move(item, may_send(_candidate(deps, scene, case), now=case.leaves_at))
        if move is not None:
            staying.append((item.draft, move))
            if flow is not None:
                flow.stay(item.id, until=move.due_at)
            continue
        leaving.append(case)
        if flow is not None:
            flow.leave(item.id, now=case.leaves_at)
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


def _candidate(deps: Deps, scene: _Scene, case: _Case) -> Candidate:
    draft, contact, appointment, flow = case.draft, case.contact, case.appointment, case.flow
    return Candidate(
        origin=draft.origin,
        kind=draft.kind,
        version=draft.version,
        expires_at=draft.expires_at,
        appointment=appointment,
        asks=draft.asks,
        has_consent=_has_consent(scene, case),
        is_opted_out=contact.is_opted_out,
        opted_out_at=contact.opted_out_at,
        has_address_fault=contact.has_fault,
        is_on_allow_list=deps.allow_list.permits(contact.address),
        zone=case.zone,
        window=case.clinic.window,
        caps=case.clinic.caps,
        traffic=NO_TRAFFIC if flow is None else flow.beside(draft.id),
        overrides_quiet_hours=draft.override_reason is not None,
        recipient=draft.recipient,
        carries=NOTHING if flow is None else flow.steps(draft.id),
        phase=None if case.step is None else case.step.phase,
        pause=None if appointment is None else scene.pauses[draft.clinic_id].refusal(appointment),
        is_overtaken=_may_be_overtaken(case) and _is_overtaken(scene, draft),
        is_stopped=draft.batch_id in scene.stopped,
        is_to_visitors=draft.batch_id is not None,
    )


def _has_consent(scene: _Scene, case: _Case) -> bool:
    """Say whether the person at this address agreed to be written to: the escort's word is their own."""
    draft = case.draft
    if draft.patient_id is None:
        return False
    if draft.recipient is Recipient.ESCORT:
        agreed = scene.unasked if draft.kind == ASK_ESCORT.key else scene.willing
        return (draft.patient_id, case.contact.address) in agreed
    return case.terms is not None and case.terms.has_consent(draft.channel)


def _may_be_overtaken(case: _Case) -> bool:
    return case.draft.kind == NUDGE or (case.step is not None and case.step.is_alone_in_between)


def _is_overtaken(scene: _Scene, draft: Draft) -> bool:
    """Say whether the next session began while this was of use: what was late by itself before that was missed."""
    at = scene.next_starts.get(draft.appointment_id) if draft.appointment_id else None
    return at is not None and at <= draft.expires_at


def _zone(draft: Draft, clinic: Clinic, terms: Terms | None, appointment: Appointment | None) -> ZoneInfo:
    if appointment is not None and draft.recipient is Recipient.ESCORT:
        return appointment.booking.tz
    if terms is not None and appointment is not None:
        return quiet_zone(terms, appointment.booking)
    if terms is not None and terms.timezone:
        return ZoneInfo(terms.timezone)
    return clinic.tz


def _intent(deps: Deps, case: _Case, moment: Moment) -> Intent:
    item, begins_at = case.item, case.leaves_at
    machine_begun_at = moment.machine_now + (begins_at - moment.now) / deps.clock.speed
    is_text = item.draft.channel is Channel.SMS
    return Intent(
        tag=deps.identity.new_tag(),
        clinic_id=item.draft.clinic_id,
        message_id=item.id,
        fence=item.fence + 1,
        begun_at=begins_at,
        machine_begun_at=machine_begun_at,
        deadline_at=machine_begun_at + (deps.policy.deadline if is_text else deps.policy.mail_deadline),
    )


def _outgoing(tx: Transaction, deps: Deps, case: _Case, tag: AttemptTag, now: datetime) -> Outgoing:
    draft, address, clinic = case.draft, case.contact.address, case.clinic
    if draft.channel is Channel.EMAIL:
        language = clinic.language if case.terms is None else case.terms.language
        envelope = Envelope(tag, address, language, unsubscribe_token(tx, draft), case.override)
        return write_mail(deps, clinic, draft, case.appointment, envelope=envelope, now=now)
    is_exempt = draft.origin in UNASKED or draft.override_reason is not None
    closing = None if is_exempt else closes_at(case.leaves_at, case.zone, clinic.window)
    lasts = validity(draft.expires_at, closing, now=case.leaves_at)
    return OutgoingText(tag=tag, to=address, body=draft.body, validity=lasts, start_by=0.0)
