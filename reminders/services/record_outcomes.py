"""Record: what became of attempts, many in one transaction, and what follows for message, address and staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reminders.core.circuit import Call
from reminders.core.delivery import (
    Absent,
    Accepted,
    AttemptState,
    MessageState,
    Next,
    Outcome,
    Refusal,
    Rejected,
    Unknown,
    after,
)
from reminders.core.ids import AttemptTag, ContactId
from reminders.core.messages import Message
from reminders.core.patients import Channel
from reminders.failpoints import Failpoint, reach
from reminders.services.apply_receipts import accept_late
from reminders.services.close_addresses import CLOSING, lock_concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.services.fall_back import fall_back
from reminders.services.mind_circuit import hold_if_doubled, note_calls, read_circuit
from reminders.services.opt_out import opt_out_by_provider
from reminders.services.report_unlisted import report_unlisted
from reminders.store import attempts, contacts, messages
from reminders.store.attempts import OPEN_MESSAGE, Begun, Ending, Known
from reminders.store.messages import Move
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class _Told:
    """One outcome with the message it is about and what follows.

    `late` is an earlier attempt of the message that was given up, while the provider had it: a second one that did not
    leave is not tried again then.
    """

    tag: AttemptTag
    outcome: Outcome
    message: Message
    begun: Begun
    follows: Next
    late: Known | None

    @property
    def call(self) -> Call:
        return Call(self.begun.begun_at, self.begun.machine_begun_at, self.outcome)

    @property
    def move(self) -> Move:
        step, is_unsent = self.follows, isinstance(self.outcome, Absent) and self.late is None
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
        moment, seen = read_circuit(tx, deps, Channel.SMS)
        now = moment.now
        closing = [tag for tag, outcome in told if isinstance(outcome, Rejected) and outcome.kind in CLOSING]
        people = lock_concerned(tx, attempts.addressed(tx, closing, ())) if closing else set()
        found = _found(tx, deps, told, now)
        attempts.finish(tx, [item.ending for item in found], now=now)
        for item in found:
            _revive_earlier(tx, item, now)
        messages.move(tx, [item.move for item in found], OPEN_MESSAGE, now=now)
        _close(tx, deps, found, now)
        report_unlisted(tx, deps, [_unlisted(item) for item in found], now=now)
        fall_back(tx, deps, [(item.message.draft, item.move) for item in found], now=now)
        plan_concerned(tx, deps, people, now=now)
        settled = {(item.tag, item.outcome) for item in found}
        _accept_late(tx, deps, [one for one in told if one not in settled], now)
        for channel in {item.message.draft.channel for item in found}:
            calls = [item.call for item in found if item.message.draft.channel is channel]
            note_calls(tx, deps, channel, calls, moment, seen=seen if channel is Channel.SMS else None)
        if any(item.late is not None for item in found):
            hold_if_doubled(tx, deps, now=now)
        reach(Failpoint.OUTCOME_BEFORE_COMMIT)
    reach(Failpoint.OUTCOME_COMMITTED)


def _found(tx: Transaction, deps: Deps, told: Sequence[tuple[AttemptTag, Outcome]], now: datetime) -> list[_Told]:
    """Return what is told of attempts that have no outcome yet, these and their messages locked."""
    owners = attempts.lock_open(tx, [tag for tag, _ in told])
    held = messages.get_many(tx, {owner.message_id for owner in owners.values()}, for_update=True)
    late = attempts.late_accepted(tx, [key for key, item in held.items() if item.fence > 1])
    found: dict[AttemptTag, _Told] = {}
    for tag, outcome in told:
        # Of two words on one call the first settles it; a second one is judged in `_accept_late`, like any late one.
        if tag not in owners or tag in found:
            continue
        item = held[owners[tag].message_id]
        earlier = late.get(item.id)
        follows = _next(deps, outcome, item, now)
        if earlier is not None and isinstance(outcome, Absent | Rejected):
            follows = Next(MessageState.ACCEPTED, follows.attempt)
        found[tag] = _Told(tag, outcome, item, owners[tag], follows, earlier)
    return list(found.values())


def _next(deps: Deps, outcome: Outcome, item: Message, now: datetime) -> Next:
    return after(outcome, tries=item.fence, jitter=deps.identity.jitter(), expires_at=item.draft.expires_at, now=now)


def _revive_earlier(tx: Transaction, item: _Told, now: datetime) -> None:
    """Let the earlier attempt be the message's again, now that this one has not left."""
    earlier = item.late
    if earlier is not None and isinstance(item.outcome, Absent | Rejected):
        attempts.revive(tx, earlier.tag, earlier.provider_id or "", earlier.provider_status or "", now=now)


def _accept_late(
    tx: Transaction,
    deps: Deps,
    told: Sequence[tuple[AttemptTag, Outcome]],
    now: datetime,
) -> None:
    """A worker that slept past every grace tells of a success that was given up: it must not be forgotten."""
    for tag, outcome in told:
        if isinstance(outcome, Accepted):
            known = attempts.by_receipt(tx, tag=tag, provider_id=outcome.provider_id)
            # One that failed was taken: its report overtook its own outcome, which revives nothing.
            if known is not None and known.state is not AttemptState.FAILED:
                accept_late(tx, deps, known, outcome, now=now)


def _unlisted(item: _Told) -> str | None:
    is_unlisted = isinstance(item.outcome, Rejected) and item.outcome.kind is Refusal.UNLISTED
    return item.outcome.code if isinstance(item.outcome, Rejected) and is_unlisted else None


def _close(tx: Transaction, deps: Deps, found: Sequence[_Told], now: datetime) -> None:
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
        opt_out_by_provider(tx, deps, opted_out, now=now)
    for code, ids in faulty.items():
        contacts.mark_fault(tx, ids, code, now=now)
