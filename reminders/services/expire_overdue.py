"""Expire: end what is past its use, with a reason and, where a person should act, a task. Nothing ends silently."""

from __future__ import annotations

from reminders.core.delivery import MessageState
from reminders.core.gate import unneeded
from reminders.core.reminders import Reason, ReminderState, ending
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_task
from reminders.store import appointments, messages, reminders, tasks
from reminders.store.messages import Move

AT_ONCE = 200
LATE = (MessageState.DUE, MessageState.HELD, MessageState.CLAIMED, MessageState.UNKNOWN)


def expire_overdue(deps: Deps) -> int:
    """End reminders and messages that are past their use; return how many."""
    return _expire_reminders(deps) + _expire_messages(deps)


def _expire_reminders(deps: Deps) -> int:
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        late = reminders.overdue(tx, now=now, limit=AT_ONCE)
        booked = appointments.get_many(tx, {item.appointment_id for _, item in late})
        for clinic_id, item in late:
            needless = unneeded(item.step, booked[item.appointment_id])
            if needless is not None:
                reminders.end(tx, [item.id], ending(needless), needless, now=now)
                continue
            reminders.end(tx, [item.id], ReminderState.EXPIRED, Reason.TOO_LATE, now=now)
            kind = TaskKind.NOT_SENT_IN_TIME
            task = tasks.Task(
                kind=kind,
                urgency=USUAL_URGENCY[kind],
                key=f"{kind}:{item.id}",
                clinic_id=clinic_id,
                patient_id=item.patient_id,
                appointment_id=item.appointment_id,
                reason=Reason.TOO_LATE,
            )
            tasks.open_once(tx, deps.identity.new_id(), task, now=now)
    return len(late)


def _expire_messages(deps: Deps) -> int:
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        late = messages.past_use(tx, now=now, limit=AT_ONCE)
        for item in late:
            # Nobody knows whether an unknown one arrived: it is not expired, a person has to ask.
            is_unknown = item.state is MessageState.UNKNOWN
            state = MessageState.NEEDS_STAFF if is_unknown else MessageState.EXPIRED
            move = Move(item.id, state, Reason.UNKNOWN_OUTCOME if is_unknown else Reason.TOO_LATE)
            messages.move(tx, [move], LATE, now=now)
            open_message_task(tx, deps.identity, item.draft, move, now=now)
    return len(late)
