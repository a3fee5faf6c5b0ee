"""Record: what became of attempts, many in one transaction, and what follows for message, address and staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reminders.core.delivery import Absent, Accepted, Blame, Next, Outcome, Refusal, Rejected, Unknown, after
from reminders.core.ids import AttemptTag, ContactId
from reminders.core.messages import Message
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.services.apply_receipts import accept_late
from reminders.services.close_addresses import CLOSING, lock_concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.services.open_tasks import open_message_tasks
from reminders.store import attempts, contacts, messages, tasks
from reminders.store.attempts import OPEN_MESSAGE, Ending
from reminders.store.messages import Move
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class _Told:
    """One outcome with the message it is about and what follows."""

    tag: AttemptTag
    outcome: Outcome
    message: Message
    follows: Next

    @property
    def move(self) -> Move:
        step, is_unsent = self.follows, isinstance(self.outcome, Absent)
        return Move(self.message.id, step.state, step.reason, step.due_at, is_unsent=is_unsent)

    @property
    def ending(self) -> Ending:
        state = self.follows.attempt
        match self.outcome:
            case Accepted(provider_id=provider_id, provider_status=status):
                return Ending(self.tag, state, provider_id=provider_id, provider_status=status)
            case Rejected(code=code, detail=detail):
                return Ending(self.tag, state, code=code, detail=detail)
            case Absent(detail=detail) | Unknown(detail=detail):
                return Ending(self.tag, state, detail=detail)


def record_outcomes(deps: Deps, told: Sequence[tuple[AttemptTag, Outcome]]) -> None:
    """Store outcomes; one for an attempt that is settled by now changes nothing."""
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        closing = [tag for tag, outcome in told if isinstance(outcome, Rejected) and outcome.kind in CLOSING]
        people = lock_concerned(tx, attempts.addressed(tx, closing, ())) if closing else set()
        owners = attempts.lock_open(tx, [tag for tag, _ in told])
        held = messages.get_many(tx, set(owners.values()), for_update=True)
        found = [
            _Told(tag, outcome, held[owners[tag]], _next(deps, outcome, held[owners[tag]], now))
            for tag, outcome in told
            if tag in owners
        ]
        attempts.finish(tx, [item.ending for item in found], now=now)
        messages.move(tx, [item.move for item in found], OPEN_MESSAGE, now=now)
        _close(tx, found, now)
        for item in found:
            if isinstance(item.outcome, Absent) and item.outcome.blame is Blame.CONFIGURATION:
                _report_configuration(tx, deps, item.message, now)
        open_message_tasks(tx, deps.identity, [(item.message.draft, item.move) for item in found], now=now)
        plan_concerned(tx, deps, people, now=now)
        _accept_late(tx, [(tag, outcome) for tag, outcome in told if tag not in owners], now)


def _next(deps: Deps, outcome: Outcome, item: Message, now: datetime) -> Next:
    return after(outcome, tries=item.fence, jitter=deps.identity.jitter(), expires_at=item.draft.expires_at, now=now)


def _accept_late(tx: Transaction, settled: Sequence[tuple[AttemptTag, Outcome]], now: datetime) -> None:
    """A worker that slept past every grace tells of a success that was given up: it must not be forgotten."""
    for tag, outcome in settled:
        if isinstance(outcome, Accepted):
            known = attempts.by_receipt(tx, tag=tag, provider_id=outcome.provider_id)
            if known is not None:
                accept_late(tx, known, outcome, now=now)


def _close(tx: Transaction, found: Sequence[_Told], now: datetime) -> None:
    """Close the addresses of which the provider says that they are closed."""
    opted_out: list[ContactId] = []
    faulty: dict[str, list[ContactId]] = {}
    for item in found:
        match item.outcome:
            case Rejected(kind=Refusal.OPTED_OUT):
                opted_out.append(item.message.draft.contact_id)
            case Rejected(kind=Refusal.ADDRESS, code=code):
                faulty.setdefault(code, []).append(item.message.draft.contact_id)
            case _:
                pass
    if opted_out:
        contacts.opt_out(tx, opted_out, by="provider", now=now)
    for code, ids in faulty.items():
        contacts.mark_fault(tx, ids, code, now=now)


def _report_configuration(tx: Transaction, deps: Deps, item: Message, now: datetime) -> None:
    """Tell staff once a day, not per message, that the provider refuses us (requirement 21)."""
    kind = TaskKind.CHANNEL_PAUSED
    key = f"{kind}:{item.draft.channel}:{item.draft.clinic_id}:{now.date().isoformat()}"
    task = tasks.Task(kind=kind, urgency=USUAL_URGENCY[kind], key=key, clinic_id=item.draft.clinic_id)
    tasks.open_once(tx, deps.identity.new_id(), task, now=now)
