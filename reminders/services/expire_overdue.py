"""Expire: end what is past its use, with a reason and, where a person should act, a task. Nothing ends silently."""

from __future__ import annotations

from collections.abc import Callable

from reminders.core.delivery import MessageState
from reminders.core.gate import unneeded
from reminders.core.ids import ClinicId, ReminderId
from reminders.core.messages import Message
from reminders.core.reminders import Reason, Reminder, ReminderState, ending
from reminders.core.tasks import USUAL_URGENCY, TaskKind, after_reminder
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_tasks
from reminders.store import appointments, messages, reminders, tasks
from reminders.store.messages import Move

AT_ONCE = 200
LATE = (MessageState.DUE, MessageState.HELD, MessageState.CLAIMED, MessageState.UNKNOWN)


def expire_overdue(deps: Deps) -> int:
    """End reminders and messages that are past their use; return how many."""
    return _all_of(deps, _expire_reminders) + _all_of(deps, _expire_messages)


def _all_of(deps: Deps, expire: Callable[[Deps], int]) -> int:
    done = 0
    while batch := expire(deps):
        done += batch
    return done


def _expire_reminders(deps: Deps) -> int:
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        late = reminders.overdue(tx, now=now, limit=AT_ONCE)
        booked = appointments.get_many(tx, {item.appointment_id for _, item in late})
        ends: dict[tuple[ReminderState, Reason], list[ReminderId]] = {}
        for _, item in late:
            needless = unneeded(item.step, booked[item.appointment_id])
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
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        late = messages.past_use(tx, now=now, limit=AT_ONCE)
        ends = [(item.draft, _end(item)) for item in late]
        messages.move(tx, [move for _, move in ends], LATE, now=now)
        reminders.free_merged(tx, [move.id for _, move in ends if move.state is MessageState.EXPIRED], now=now)
        open_message_tasks(tx, deps.identity, ends, now=now)
    return len(late)


def _end(item: Message) -> Move:
    # Nobody knows whether an unknown one arrived: it is not expired, a person has to ask.
    if item.state is MessageState.UNKNOWN:
        return Move(item.id, MessageState.NEEDS_STAFF, Reason.UNKNOWN_OUTCOME)
    return Move(item.id, MessageState.EXPIRED, Reason.TOO_LATE)
