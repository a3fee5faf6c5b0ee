"""Replies: store each text once when it arrives, read it later, and apply all that follows in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from reminders.core.actions import (
    Action,
    Answer,
    ConfirmAppointment,
    Note,
    OpenTask,
    OptInAddress,
    OptOutAddress,
    Thread,
    respond,
)
from reminders.core.cadences import QuestionKind
from reminders.core.clinics import Clinic
from reminders.core.consent import Source
from reminders.core.content import help_answer
from reminders.core.gate import Origin
from reminders.core.ids import AppointmentId, ClinicId, ContactId, InboundId, MessageId, PatientId
from reminders.core.messages import Draft
from reminders.core.patients import Channel
from reminders.core.replies import interpret
from reminders.core.segments import measure
from reminders.core.tasks import TaskKind, Urgency
from reminders.ports import InboundText, Job
from reminders.services.apart import together_or_apart
from reminders.services.deps import Deps
from reminders.services.opt_out import Said, make_rows, opt_in_address, opt_out_address
from reminders.store import appointments, clinics, contacts, inbound, messages, patients, questions, tasks
from reminders.store.inbound import Decision, StoredText
from reminders.store.unit_of_work import Transaction

AT_ONCE = 200
ANSWER_LASTS = timedelta(hours=1)


def store_text(deps: Deps, text: InboundText) -> bool:
    """Keep a text as it arrives; False where the provider already brought it."""
    with deps.store.transaction() as tx:
        is_new = inbound.add_once(tx, deps.identity.new_id(), text, now=deps.clock.now())
    if is_new:
        deps.queue.hint([Job.RECEIVE_REPLIES])
    return is_new


def receive_replies(deps: Deps) -> int:
    """Read waiting texts, each in a transaction of its own; return how many.

    One that cannot be read goes to staff and is tried again the next time: it must not keep a STOP behind it waiting.
    """
    with deps.store.reading() as tx:
        waiting = inbound.waiting(tx, limit=AT_ONCE)
    read = [
        is_read
        for text_id in waiting
        for is_read in together_or_apart([text_id], lambda one: _receive_one(deps, one[0]), partial(_tell_staff, deps))
    ]
    if any(read):
        deps.queue.hint([Job.SEND_SMS])
    return sum(read)


def _receive_one(deps: Deps, text_id: InboundId) -> bool:
    with deps.store.reading() as tx:
        sender = inbound.sender_of(tx, text_id)
    make_rows(deps, Channel.SMS, sender)
    with deps.store.transaction() as tx:
        item = inbound.lock_waiting(tx, text_id)
        if item is not None:
            _receive(tx, deps, item)
    return item is not None


def _tell_staff(deps: Deps, text_id: InboundId) -> None:
    kind = TaskKind.REPLY_UNCLEAR
    task = tasks.Task(kind=kind, urgency=Urgency.HIGH, key=f"{kind}:{text_id}:unread", inbound_id=text_id)
    with deps.store.transaction() as tx:
        tasks.open_once(tx, deps.identity.new_id(), task, now=deps.clock.now())


@dataclass(frozen=True, slots=True)
class _Sender:
    """Who may have written: the address's rows at every clinic, locked, and its patients."""

    address: str
    contacts: Sequence[ContactId]
    people: Sequence[tuple[ClinicId, PatientId]]


@dataclass(frozen=True, slots=True)
class _Case:
    """One text and everything that acting on it takes."""

    deps: Deps
    item: StoredText
    sender: _Sender
    now: datetime


def _receive(tx: Transaction, deps: Deps, item: StoredText) -> None:
    now = deps.clock.now()
    sender = _sender(tx, deps, item.sender)
    thread = _thread(tx, deps, sender, now)
    kind = thread.open_question.kind if thread.open_question else None
    reply = interpret(item.body, open_question=kind)
    actions = respond(reply, thread, now=now)
    case = _Case(deps, item, sender, now)
    for action in actions:
        _act(tx, case, action)
    found = Decision(
        intent=reply.intent,
        decision=_decision(actions),
        clinic_id=sender.people[0][0] if sender.people else None,
        patient_id=thread.writer(_about(actions)),
        appointment_id=_about(actions),
    )
    inbound.mark_handled(tx, item.id, found, now=now)


def _sender(tx: Transaction, deps: Deps, address: str) -> _Sender:
    people = patients.at_address(tx, address)
    # Somebody we never wrote to may still opt out: then the address needs its row now.
    at = {clinic_id for clinic_id, _ in people} or set(clinics.every(tx))
    for clinic_id in sorted(at):
        contacts.ensure(tx, clinic_id, Channel.SMS, address, new_id=deps.identity.new_id())
    return _Sender(address, contacts.at_address(tx, address), people)


def _thread(tx: Transaction, deps: Deps, sender: _Sender, now: datetime) -> Thread:
    ids = [key for _, key in sender.people]
    return Thread(
        patients=tuple(ids),
        upcoming=tuple(appointments.upcoming(tx, ids, now=now)),
        open_question=questions.latest(tx, sender.contacts, now=now),
        is_opted_out=contacts.has_opted_out(tx, sender.contacts),
        answers_last_hour=messages.answers_since(tx, sender.contacts, now - timedelta(hours=1)),
        provider_answers_keywords=deps.provider_answers_keywords,
    )


def _act(tx: Transaction, case: _Case, action: Action) -> None:
    now = case.now
    match action:
        case ConfirmAppointment(appointment_id=appointment_id, version=version):
            appointments.confirm(tx, appointment_id, version, now=now)
            questions.mark_answered(tx, appointment_id, QuestionKind.CONFIRM, now=now)
        case OpenTask():
            _open_task(tx, case, action)
        case OptOutAddress():
            opt_out_address(tx, case.deps, case.sender.address, _said(case), now=now)
        case OptInAddress():
            opt_in_address(tx, case.deps, case.sender.address, _said(case), now=now)
        case Answer():
            _answer(tx, case)
        case Note():
            pass


def _said(case: _Case) -> Said:
    return Said(Source.KEYWORD, "text", inbound_id=case.item.id)


def _decision(actions: Sequence[Action]) -> str:
    """Say in a line what was done; what was done several times is counted."""
    counts = Counter(_told(action) for action in actions)
    return "; ".join(told if count == 1 else f"{told} ({count})" for told, count in counts.items())


def _told(action: Action) -> str:
    match action:
        case ConfirmAppointment():
            return "appointment confirmed"
        case OpenTask(kind=kind):
            return f"task opened: {kind}"
        case OptOutAddress():
            return "opted out"
        case OptInAddress():
            return "opted in"
        case Answer(kind=kind):
            return f"answered: {kind}"
        case Note(reason=reason):
            return reason


def _about(actions: Sequence[Action]) -> AppointmentId | None:
    return next((act.appointment_id for act in actions if isinstance(act, ConfirmAppointment | OpenTask)), None)


def _open_task(tx: Transaction, case: _Case, action: OpenTask) -> None:
    people = case.sender.people
    task = tasks.Task(
        kind=action.kind,
        urgency=action.urgency,
        key=f"{action.kind}:{case.item.id}",
        clinic_id=people[0][0] if people else None,
        patient_id=action.patient_id,
        appointment_id=action.appointment_id,
        inbound_id=case.item.id,
    )
    tasks.open_once(tx, case.deps.identity.new_id(), task, now=case.now)


def _answer(tx: Transaction, case: _Case) -> None:
    people, new_id = case.sender.people, case.deps.identity.new_id
    clinic_id = people[0][0] if people else next(iter(clinics.every(tx)), None)
    if clinic_id is None:
        return
    clinic = clinics.get(tx, clinic_id)
    contact_id = contacts.ensure(tx, clinic_id, Channel.SMS, case.sender.address, new_id=new_id())
    patient_id = people[0][1] if len(people) == 1 else None
    messages.add(tx, [_help(case.deps, clinic, contact_id, patient_id, case.now)], now=case.now)


def _help(deps: Deps, clinic: Clinic, contact_id: ContactId, patient_id: PatientId | None, now: datetime) -> Draft:
    body = help_answer(clinic, language=clinic.language)
    return Draft(
        id=MessageId(deps.identity.new_id()),
        clinic_id=clinic.id,
        contact_id=contact_id,
        patient_id=patient_id,
        appointment_id=None,
        version=None,
        channel=Channel.SMS,
        origin=Origin.ANSWER,
        kind="help",
        body=body,
        subject="",
        segments=measure(body).segments,
        due_at=now,
        expires_at=now + ANSWER_LASTS,
    )
