"""Put aside: a message that stops the work whenever it is touched is tried again later, and at last given to staff."""

from __future__ import annotations

from uuid import UUID

from reminders.core.delivery import CRASH_PAUSE, MOST_CRASHES, MessageState
from reminders.core.ids import MessageId
from reminders.core.reminders import Reason
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.services.deps import Deps
from reminders.store import messages, tasks
from reminders.store.messages import Move


def put_aside(deps: Deps, message_id: MessageId, token: UUID) -> None:
    """Count a failure of a claimed message; after the last one it ends with staff. Opens none of its fields."""
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        found = messages.count_crash(tx, message_id, token, retry_at=now + CRASH_PAUSE)
        if found is None or found.crashes < MOST_CRASHES:
            return
        move = Move(message_id, MessageState.NEEDS_STAFF, Reason.KEEPS_CRASHING)
        messages.move(tx, [move], [MessageState.DUE], now=now)
        kind = TaskKind.NOT_SENT_IN_TIME
        task = tasks.Task(
            kind=kind,
            urgency=USUAL_URGENCY[kind],
            key=f"{kind}:{message_id}",
            clinic_id=found.clinic_id,
            patient_id=found.patient_id,
            appointment_id=found.appointment_id,
            message_id=message_id,
            reason=move.reason,
        )
        tasks.open_once(tx, deps.identity.new_id(), task, now=now)
