"""Record: what became of attempts, many in one transaction, and what follows for message, address and staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reminders.core.delivery import Absent, Accepted, Next, Outcome, Refusal, Rejected, Unknown, after
from reminders.core.ids import AttemptTag
from reminders.core.messages import Message
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_task
from reminders.store import attempts, contacts, messages, tasks
from reminders.store.attempts import OPEN_MESSAGE, Ending
from reminders.store.unit_of_work import Transaction


def record_outcomes(deps: Deps, told: Sequence[tuple[AttemptTag, Outcome]]) -> None:
    """Store outcomes; one for an attempt that is settled by now changes nothing."""
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        owners = attempts.lock_open(tx, [tag for tag, _ in told])
        held = messages.get_many(tx, set(owners.values()), for_update=True)
        live = [(tag, outcome, held[owners[tag]]) for tag, outcome in told if tag in owners]
        follows = [(tag, outcome, item, _next(deps, outcome, item, now)) for tag, outcome, item in live]
        attempts.finish(tx, [_ending(tag, outcome, step) for tag, outcome, _, step in follows], now=now)
        moves = [messages.Move(item.id, step.state, step.reason, step.due_at) for _, _, item, step in follows]
        messages.move_together(tx, moves, OPEN_MESSAGE, now=now)
        for (_, outcome, item, _), move in zip(follows, moves, strict=True):
            _consequences(tx, deps, outcome, item, move, now)


def _next(deps: Deps, outcome: Outcome, item: Message, now: datetime) -> Next:
    return after(outcome, tries=item.fence, jitter=deps.identity.jitter(), expires_at=item.draft.expires_at, now=now)


def _ending(tag: AttemptTag, outcome: Outcome, step: Next) -> Ending:
    match outcome:
        case Accepted(provider_id=provider_id, provider_status=status):
            return Ending(tag, step.attempt, provider_id=provider_id, provider_status=status)
        case Rejected(code=code, detail=detail):
            return Ending(tag, step.attempt, code=code, detail=detail)
        case Absent(detail=detail) | Unknown(detail=detail):
            return Ending(tag, step.attempt, detail=detail)


def _consequences(
    tx: Transaction, deps: Deps, outcome: Outcome, item: Message, move: messages.Move, now: datetime
) -> None:
    draft = item.draft
    match outcome:
        case Rejected(kind=Refusal.OPTED_OUT):
            contacts.opt_out(tx, [draft.contact_id], by="provider", now=now)
        case Rejected(kind=Refusal.ADDRESS, code=code):
            contacts.mark_fault(tx, draft.contact_id, code, now=now)
        case Absent(is_configuration=True):
            _report_configuration(tx, deps, item, now)
        case _:
            pass
    open_message_task(tx, deps.identity, draft, move, now=now)


def _report_configuration(tx: Transaction, deps: Deps, item: Message, now: datetime) -> None:
    """Tell staff once a day, not per message, that the provider refuses us (requirement 21)."""
    kind = TaskKind.CHANNEL_PAUSED
    key = f"{kind}:{item.draft.channel}:{item.draft.clinic_id}:{now.date().isoformat()}"
    task = tasks.Task(kind=kind, urgency=USUAL_URGENCY[kind], key=key, clinic_id=item.draft.clinic_id)
    tasks.open_once(tx, deps.identity.new_id(), task, now=now)
