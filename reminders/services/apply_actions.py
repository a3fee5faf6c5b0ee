"""Apply: everything that follows from one reply, in the transaction that reads it.

In the order of the locks: addresses first, then patients and appointments, then tasks and messages. The answer is
written last, when it is known what really happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from reminders.core.conversation.actions import (
    Action,
    Confirm,
    HoldPatient,
    Note,
    OpenTask,
    OptIn,
    OptOut,
    RaiseAlarm,
    RecordRide,
    RecordScore,
    Say,
    SuspendNumber,
    TakeBack,
)
from reminders.core.feed import FeedEvent, FeedKind
from reminders.core.reminders import Reason
from reminders.core.tasks import Doubt, TaskKind, Urgency
from reminders.services.answer_reply import answer_reply
from reminders.services.arrange_rides import record_rides
from reminders.services.close_addresses import concerned, plan_concerned
from reminders.services.confirm_sessions import confirm_sessions
from reminders.services.hold_patient import hold_patient
from reminders.services.opt_out import opt_in_address
from reminders.services.opt_out_sender import opt_out_senders, said_by
from reminders.services.record_check_in import Answer, record_check_in
from reminders.services.reply_case import Case
from reminders.store import appointments, confirmations, contacts, events, messages, questions, tasks
from reminders.store.unit_of_work import Transaction

WRONG_NUMBER = "wrong_number"
"""The fault of an address whose holder says that it is not the patient's."""
LOCK_ORDER: tuple[type[Action], ...] = (
    OptOut,
    OptIn,
    SuspendNumber,
    HoldPatient,
    Confirm,
    TakeBack,
    RecordRide,
    RecordScore,
    OpenTask,
    RaiseAlarm,
    Say,
    Note,
)


def apply_actions(tx: Transaction, case: Case, actions: Sequence[Action]) -> str:
    """Apply what follows from a text, and say in a line what was done."""
    return apply_together(tx, [(case, actions)], now=case.now)[0]


def apply_together(tx: Transaction, followed: Sequence[tuple[Case, Sequence[Action]]], *, now: datetime) -> list[str]:
    """Apply likewise what follows from texts of different patients: each kind of action for all of them at once."""
    _lock_visits(tx, followed)
    for kind in LOCK_ORDER:
        some = [(case, action) for case, actions in followed for action in actions if type(action) is kind]
        if kind is OptOut:
            _opt_out(tx, [(case, action) for case, action in some if isinstance(action, OptOut)], now)
        elif kind is Confirm:
            _confirm(tx, [(case, action) for case, action in some if isinstance(action, Confirm)], now)
        else:
            for case, action in some:
                _act(tx, case, action)
    _store(tx, [case for case, _ in followed], now)
    return [_told(case) for case, _ in followed]


def _lock_visits(tx: Transaction, followed: Sequence[tuple[Case, Sequence[Action]]]) -> None:
    """Lock the visits of several texts in the order that all others keep, before the first of them changes."""
    every = [action for _, actions in followed for action in actions]
    rides = {item.id for action in every if isinstance(action, RecordRide) for item in action.visits}
    if len(followed) > 1 and rides:
        appointments.lock_versions(tx, rides | {item.appointment_id for item in every if isinstance(item, Confirm)})


def _store(tx: Transaction, cases: Sequence[Case], now: datetime) -> None:
    """Store what was left for the end: tasks before answers, for that is the order of the locks."""
    tasks.open_many(tx, [item for case in cases for item in case.tasks], now=now)
    for case in cases:
        answer_reply(tx, case)
    messages.add(tx, [draft for case in cases for draft in case.drafts], now=now)
    questions.ask(tx, [asked for case in cases for asked in case.asked], now=now)


def _told(case: Case) -> str:
    counts = Counter(case.done)
    return "; ".join(told if count == 1 else f"{told} ({count})" for told, count in counts.items())


def _act(tx: Transaction, case: Case, action: Action) -> None:
    match action:
        case OptOut():
            _opt_out(tx, [(case, action)], case.now)
        case OptIn() | SuspendNumber():
            _at_the_address(tx, case, action)
        case HoldPatient(patient_id=patient_id):
            hold_patient(tx, case.deps, case.clinic, patient_id, now=case.now)
            case.done.append("patient put on hold")
        case Confirm() | TakeBack() | RecordRide():
            _about_a_visit(tx, case, action)
        case RecordScore():
            _record_score(tx, case, action)
        case OpenTask():
            _open_task(tx, case, action)
        case RaiseAlarm() | Say() | Note():
            _remember(case, action)


def _remember(case: Case, action: RaiseAlarm | Say | Note) -> None:
    """Keep for the end what depends on everything else."""
    match action:
        case RaiseAlarm():
            case.alarms.append(action)
        case Say():
            case.said.append(action)
        case Note(reason=reason):
            case.done.append(reason)


def _opt_out(tx: Transaction, wanted: Sequence[tuple[Case, OptOut]], now: datetime) -> None:
    if wanted:
        deps = wanted[0][0].deps
        opt_out_senders(tx, deps, [(case.sender, action.source, case.item.id) for case, action in wanted], now=now)
    for case, _ in wanted:
        case.done.append("opted out")


def _at_the_address(tx: Transaction, case: Case, action: OptIn | SuspendNumber) -> None:
    address, now = case.sender.address, case.now
    match action:
        case OptIn(source=source):
            opt_in_address(tx, case.deps, address, said_by(case.sender, source, case.item.id), now=now)
            case.done.append("opted in")
        case SuspendNumber():
            contacts.mark_fault(tx, case.sender.contacts, WRONG_NUMBER, now=now)
            messages.cancel_waiting(tx, case.sender.contacts, reason=Reason.ADDRESS_FAULT, now=now)
            plan_concerned(tx, case.deps, concerned(tx, [address]), now=now)
            case.done.append("number suspended")


def _confirm(tx: Transaction, said: Sequence[tuple[Case, Confirm]], now: datetime) -> None:
    held = confirm_sessions(tx, {(action.appointment_id, action.version) for _, action in said}, now=now)
    for case, action in said:
        if (action.appointment_id, action.version) in held:
            case.done.append("appointment confirmed")
        else:
            _moved_meanwhile(tx, case)


def _about_a_visit(tx: Transaction, case: Case, action: Confirm | TakeBack | RecordRide) -> None:
    match action:
        case Confirm():
            _confirm(tx, [(case, action)], case.now)
        case TakeBack(appointment_id=key, version=version):
            confirmations.take_back(tx, key, version)
            case.done.append("earlier confirmation taken back")
        case RecordRide(visits=visits, state=state):
            if record_rides(tx, case.deps, visits, state, inbound_id=case.item.id, now=case.now):
                case.done.append(f"ride: {state}")
            else:
                _moved_meanwhile(tx, case)


def _moved_meanwhile(tx: Transaction, case: Case) -> None:
    """The visit moved at this very moment: what was said of the old time goes to a person."""
    _open_task(tx, case, OpenTask(TaskKind.REPLY_UNCLEAR, Urgency.HIGH, None, case.thread.owner, doubt=Doubt.MOVED))


def _record_score(tx: Transaction, case: Case, action: RecordScore) -> None:
    said = Answer(
        clinic_id=case.clinic_of(action.patient_id),
        patient_id=action.patient_id,
        appointment_id=action.appointment_id,
        question_id=None if action.question is None else action.question.id,
        inbound_id=case.item.id,
        score=action.score,
        words=case.item.body,
        is_correction=case.is_correction,
    )
    concern = record_check_in(tx, case.deps, said, now=case.now)
    case.done.append("check-in: words kept" if action.score is None else f"check-in: score {action.score}")
    if concern is not None:
        case.alarms.append(RaiseAlarm(concern, action.patient_id, action.appointment_id))


def _open_task(tx: Transaction, case: Case, action: OpenTask) -> None:
    if action.kind is TaskKind.RESCHEDULE and case.sender.is_page and not case.is_correction:
        # The page's button opened it, in the transaction that kept these words; beside them are the days it ticked.
        return
    task = tasks.Task(
        kind=action.kind,
        urgency=action.urgency,
        key=f"{action.kind}:{case.item.id}",
        clinic_id=case.clinic_of(action.patient_id) if case.sender.people else None,
        patient_id=action.patient_id,
        appointment_id=action.appointment_id,
        inbound_id=case.item.id,
        note=action.note or None,
        doubt=action.doubt,
    )
    new_id = case.deps.identity.new_id()
    if action.kind is not TaskKind.DECLINED:
        case.tasks.append((new_id, task))
    elif tasks.open_once(tx, new_id, task, now=case.now):
        _tell_declined(tx, case, task)
    case.done.append(f"task opened: {action.kind}")


def _tell_declined(tx: Transaction, case: Case, task: tasks.Task) -> None:
    if task.clinic_id is not None and task.appointment_id is not None:
        declined = FeedKind.APPOINTMENT_DECLINED
        told = FeedEvent(declined, task.clinic_id, "appointment", task.appointment_id, case.now, task.patient_id)
        events.add(tx, [told])
