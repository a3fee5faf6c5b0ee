"""Expire: end what is past its use, with a reason and, where a person should act, a task. Nothing ends silently."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from reminders.core.delivery import MessageState
from reminders.core.gate import Origin, unneeded
from reminders.core.ids import AppointmentId, ClinicId, ReminderId
from reminders.core.messages import Message
from reminders.core.patients import NO_OVERRIDE
from reminders.core.reminders import Reason, Reminder, ReminderState, ending
from reminders.core.tasks import USUAL_URGENCY, TaskKind, after_reminder
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_tasks
from reminders.services.read_time import read_moment
from reminders.store import appointments, clinics, messages, overrides, pending, reminders, tasks
from reminders.store.messages import Move
from reminders.store.unit_of_work import Transaction

AT_ONCE = 200
Touch = tuple[AppointmentId, str]
"""A step of an appointment."""
LATE = (MessageState.DUE, MessageState.HELD, MessageState.CLAIMED, MessageState.UNKNOWN)


def expire_overdue(deps: Deps) -> int:
    """End reminders and messages that are past their use; return how many."""
    with deps.store.looking() as tx:
        if not pending.is_past_use(tx, now=read_moment(tx, deps).now):
            return 0
    return _all_of(deps, _expire_reminders) + _all_of(deps, _expire_messages)


def _all_of(deps: Deps, expire: Callable[[Deps], int]) -> int:
    done = 0
    while batch := expire(deps):
        done += batch
    return done


def _expire_reminders(deps: Deps) -> int:
    with deps.store.transaction() as tx:
        now = read_moment(tx, deps).now
        late = reminders.overdue(tx, now=now, limit=AT_ONCE)
        booked = appointments.get_many(tx, {item.appointment_id for _, item in late})
        ends: dict[tuple[ReminderState, Reason], list[ReminderId]] = {}
        uses = {(item.appointment_id, item.step): (clinic_id, item.planned.expires_at) for clinic_id, item in late}
        overtaken = _overtaken(tx, uses, now)
        for _, item in late:
            is_overtaken = (item.appointment_id, item.step) in overtaken
            needless = Reason.OVERTAKEN if is_overtaken else unneeded(item.step, booked[item.appointment_id])
            end = (ending(needless), needless) if needless else (ReminderState.EXPIRED, Reason.TOO_LATE)
            ends.setdefault(end, []).append(item.id)
        for (state, reason), ids in ends.items():
            reminders.end(tx, ids, state, reason, now=now)
        missed = set(ends.get((ReminderState.EXPIRED, Reason.TOO_LATE), ()))
        calls = [
            (clinic, item, after_reminder(Reason.TOO_LATE, item.step)) for clinic, item in late if item.id in missed
        ]
        wanted = [
            (deps.identity.new_id(), _task(clinic, item, kind)) for clinic, item, kind in calls if kind is not None
        ]
        tasks.open_many(tx, wanted, now=now)
    return len(late)


def _task(clinic_id: ClinicId, item: Reminder, kind: TaskKind) -> tasks.Task:
    return tasks.Task(
        kind=kind,
        urgency=USUAL_URGENCY[kind],
        key=f"{kind}:{item.id}",
        clinic_id=clinic_id,
        patient_id=item.patient_id,
        appointment_id=item.appointment_id,
        reason=Reason.TOO_LATE,
    )


def _expire_messages(deps: Deps) -> int:
    with deps.store.transaction() as tx:
        now = read_moment(tx, deps).now
        late = messages.past_use(tx, now=now, limit=AT_ONCE)
        overtaken = _overtaken_messages(tx, late, now)
        ends = [(item.draft, _end(item, overtaken)) for item in late]
        messages.move(tx, [move for _, move in ends], LATE, now=now)
        unsent = [move.id for _, move in ends if move.state is not MessageState.NEEDS_STAFF]
        reminders.free_merged(tx, unsent, now=now)
        open_message_tasks(tx, deps.identity, ends, now=now)
    return len(late)


def _overtaken_messages(tx: Transaction, late: Sequence[Message], now: datetime) -> set[Touch]:
    own = [item.draft for item in late if item.draft.origin is Origin.REMINDER]
    uses = {
        (draft.appointment_id, draft.kind): (draft.clinic_id, draft.expires_at)
        for draft in own
        if draft.appointment_id is not None
    }
    return _overtaken(tx, uses, now)


def _overtaken(tx: Transaction, uses: Mapping[Touch, tuple[ClinicId, datetime]], now: datetime) -> set[Touch]:
    """Return the check-ins that the patient's next session overtook while they were of use: nobody misses them."""
    begun = appointments.next_starts(tx, {key for key, _ in uses}, now=now)
    late = [(key, step) for (key, step), (_, end) in uses.items() if key in begun and begun[key] <= end]
    if not late:
        return set()
    booked, every = appointments.get_many(tx, {key for key, _ in late}), clinics.every(tx)
    changed = overrides.of_patients(tx, {item.patient_id for item in booked.values()})
    found: set[Touch] = set()
    for key, name in late:
        about, (clinic_id, _) = booked[key], uses[key, name]
        override = changed.get(about.patient_id, NO_OVERRIDE)
        step = every[clinic_id].cadence(about.booking.appointment_type, override).step(name)
        found |= {(key, name)} if step is not None and step.is_alone_in_between else set()
    return found


def _end(item: Message, overtaken: Collection[Touch]) -> Move:
    # Nobody knows whether an unknown one arrived: it is not expired, a person has to ask.
    if item.state is MessageState.UNKNOWN:
        return Move(item.id, MessageState.NEEDS_STAFF, Reason.UNKNOWN_OUTCOME)
    if item.draft.appointment_id is not None and (item.draft.appointment_id, item.draft.kind) in overtaken:
        return Move(item.id, MessageState.SUPPRESSED, Reason.OVERTAKEN)
    return Move(item.id, MessageState.EXPIRED, Reason.TOO_LATE)
