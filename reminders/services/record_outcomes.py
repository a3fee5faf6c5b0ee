"""Record: what became of attempts, many in one transaction, and what follows for message, address and staff."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from reminders.core.ids import AttemptTag, ContactId, MessageId
from reminders.core.messages import Draft, Message
from reminders.core.patients import Channel
from reminders.failpoints import Failpoint, reach
from reminders.services.apply_receipts import accept_late
from reminders.services.close_addresses import CLOSING, lock_concerned, plan_concerned
from reminders.services.deps import Deps
from reminders.services.fall_back import fall_back
from reminders.services.mind_circuit import hold_if_doubled, note_calls, read_circuit
from reminders.services.opt_out import opt_out_by_provider
from reminders.services.report_unlisted import report_unlisted
from reminders.store import attempts, contacts, messages, outcomes
from reminders.store.attempts import OPEN_MESSAGE, Known
from reminders.store.messages import Move
from reminders.store.outcomes import Begun, Ending
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class _Told:
    """One outcome with the attempt it is about.

    `late` is an earlier attempt of the message that was given up, while the provider had it: a second one that did not
    leave is not tried again then.
    """

    outcome: Outcome
    begun: Begun
    late: Known | None

    @property
    def call(self) -> Call:
        return Call(self.begun.begun_at, self.begun.machine_begun_at, self.outcome)


@dataclass(frozen=True, slots=True)
class _NotTaken:
    """An outcome other than that the provider took it, with its message and what follows."""

    outcome: Absent | Rejected | Unknown
    begun: Begun
    late: Known | None
    draft: Draft
    follows: Next

    @property
    def move(self) -> Move:
        step, is_unsent = self.follows, isinstance(self.outcome, Absent) and self.late is None
        return Move(self.begun.message_id, step.state, step.reason, step.due_at, is_unsent=is_unsent)

    @property
    def ending(self) -> Ending:
        code = self.outcome.code if isinstance(self.outcome, Rejected) else None
        return Ending(self.begun.tag, self.follows.attempt, code=code, detail=self.outcome.detail)


def record_outcomes(deps: Deps, told: Sequence[tuple[AttemptTag, Outcome]]) -> None:
    """Store outcomes; one for an attempt that is settled by now changes nothing."""
    with deps.store.transaction() as tx:
        moment, seen = read_circuit(tx, deps, Channel.SMS)
        now = moment.now
        closing = [tag for tag, outcome in told if isinstance(outcome, Rejected) and outcome.kind in CLOSING]
        people = lock_concerned(tx, attempts.addressed(tx, closing, ())) if closing else set()
        found = _found(tx, told)
        others = _not_taken(tx, deps, found.values(), now)
        endings = [_taken(item.begun, item.outcome) for item in found.values() if isinstance(item.outcome, Accepted)]
        outcomes.finish(tx, [*endings, *(item.ending for item in others)], now=now)
        taken = [item.begun.message_id for item in found.values() if isinstance(item.outcome, Accepted)]
        messages.accept(tx, taken, now=now)
        _follow(tx, deps, others, now)
        plan_concerned(tx, deps, people, now=now)
        _accept_late(tx, deps, [one for one in told if not _is_among(found, one)], now)
        for channel in {item.begun.channel for item in found.values()}:
            calls = [item.call for item in found.values() if item.begun.channel is channel]
            note_calls(tx, deps, channel, calls, moment, seen=seen if channel is Channel.SMS else None)
        if any(item.late is not None for item in found.values()):
            hold_if_doubled(tx, deps, now=now)
        reach(Failpoint.OUTCOME_BEFORE_COMMIT)
    reach(Failpoint.OUTCOME_COMMITTED)


def _found(tx: Transaction, told: Sequence[tuple[AttemptTag, Outcome]]) -> dict[AttemptTag, _Told]:
    """Return what is told of attempts that have no outcome yet, these and their messages locked."""
    open_ones = outcomes.lock_open(tx, [tag for tag, _ in told])
    late = attempts.late_accepted(tx, [item.message_id for item in open_ones.values() if item.fence > 1])
    found: dict[AttemptTag, _Told] = {}
    for tag, outcome in told:
        # Of two words on one call the first settles it; a second one is judged in `_accept_late`, like any late one.
        if tag in open_ones and tag not in found:
            begun = open_ones[tag]
            found[tag] = _Told(outcome, begun, late.get(begun.message_id))
    return found


def _is_among(found: Mapping[AttemptTag, _Told], one: tuple[AttemptTag, Outcome]) -> bool:
    tag, outcome = one
    return tag in found and found[tag].outcome == outcome


def _taken(begun: Begun, outcome: Accepted) -> Ending:
    accepted = AttemptState.ACCEPTED
    return Ending(begun.tag, accepted, provider_id=outcome.provider_id, provider_status=outcome.provider_status)


def _not_taken(tx: Transaction, deps: Deps, found: Collection[_Told], now: datetime) -> list[_NotTaken]:
    """Return those of these that the provider did not take; their messages are read, which are locked by now."""
    ids = [item.begun.message_id for item in found if not isinstance(item.outcome, Accepted)]
    held = messages.get_many(tx, ids) if ids else {}
    return [
        _NotTaken(item.outcome, item.begun, item.late, held[item.begun.message_id].draft, _next(deps, item, held, now))
        for item in found
        if not isinstance(item.outcome, Accepted)
    ]


def _next(deps: Deps, told: _Told, held: Mapping[MessageId, Message], now: datetime) -> Next:
    expires_at = held[told.begun.message_id].draft.expires_at
    follows = after(told.outcome, tries=told.begun.fence, jitter=deps.identity.jitter(), expires_at=expires_at, now=now)
    if told.late is not None and isinstance(told.outcome, Absent | Rejected):
        return Next(MessageState.ACCEPTED, follows.attempt)
    return follows


def _follow(tx: Transaction, deps: Deps, others: Sequence[_NotTaken], now: datetime) -> None:
    """Let follow what does where the provider did not take something, or left it in doubt."""
    for item in others:
        _revive_earlier(tx, item, now)
    messages.move(tx, [item.move for item in others], OPEN_MESSAGE, now=now)
    _close(tx, deps, others, now)
    report_unlisted(tx, deps, [_unlisted(item) for item in others], now=now)
    fall_back(tx, deps, [(item.draft, item.move) for item in others], now=now)


def _revive_earlier(tx: Transaction, item: _NotTaken, now: datetime) -> None:
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


def _unlisted(item: _NotTaken) -> str | None:
    is_unlisted = isinstance(item.outcome, Rejected) and item.outcome.kind is Refusal.UNLISTED
    return item.outcome.code if isinstance(item.outcome, Rejected) and is_unlisted else None


def _close(tx: Transaction, deps: Deps, others: Sequence[_NotTaken], now: datetime) -> None:
    """Close the addresses of which the provider says that they are closed."""
    opted_out: list[ContactId] = []
    faulty: dict[str, list[ContactId]] = {}
    for item in others:
        match item.outcome:
            case Rejected(kind=Refusal.OPTED_OUT):
                opted_out.append(item.draft.contact_id)
            case Rejected(kind=Refusal.ADDRESS, code=code):
                faulty.setdefault(code, []).append(item.draft.contact_id)
            case _:
                pass
    if opted_out:
        opt_out_by_provider(tx, deps, opted_out, now=now)
    for code, ids in faulty.items():
        contacts.mark_fault(tx, ids, code, now=now)
