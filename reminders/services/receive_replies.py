"""Replies: store each text once when it arrives, read it later, and apply all that follows in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial

from reminders.core.cadences import QuestionKind
from reminders.core.consent import provider_verdict
from reminders.core.conversation.rounds import Round
from reminders.core.conversation.turns import Turn
from reminders.core.conversation.understanding import with_provider_word
from reminders.core.ids import InboundId
from reminders.core.replies import Interpretation, interpret, prepare
from reminders.ports import SENDING_JOBS, InboundText, Job
from reminders.services.apart import together_or_apart
from reminders.services.apply_actions import apply_actions
from reminders.services.deps import Deps
from reminders.services.escalate import hear_staff
from reminders.services.gather_thread import find_sender, make_rows_for
from reminders.services.hear_escorts import hear_escort
from reminders.services.hear_patients import NO_CLINIC, hear_patients, to_json
from reminders.services.obey_unread import obey_unread
from reminders.services.receive_together import Received, opt_out_together, receive_together
from reminders.services.reply_case import Sender
from reminders.store import inbound
from reminders.store.inbound import Decision, StoredText
from reminders.store.unit_of_work import Transaction

AT_ONCE = 100
"""How many are looked at before each turn: of these the most pressing are read."""
FAR = 5_000
LOOKS_FAR_EVERY = timedelta(seconds=5)
"""Where more than that wait, after an outage say, so many are looked at now and then (machine time) for what presses:
half a second's work, where to read them all would take a minute."""
FROM_STAFF, FROM_ESCORT = "staff", "escort"
"""What a text counts as that no patient wrote."""


def store_text(deps: Deps, text: InboundText) -> bool:
    """Keep a text as it arrives; False where the provider already brought it."""
    with deps.store.transaction() as tx:
        is_new = inbound.add_once(tx, deps.identity.new_id(), text, now=deps.clock.now())
    if is_new:
        deps.queue.hint([Job.RECEIVE_REPLIES])
    return is_new


def make_ready() -> None:
    """Load what reading needs, once in a process, so that no text waits for it.

    Where no text can be understood, codes of staff and bare opt-outs are obeyed all the same, one by one.
    """
    together_or_apart(["lexicons"], lambda _: prepare(), lambda _: None)


def receive_replies(deps: Deps) -> int:
    """Read waiting texts, a turn at a time; return how many.

    Opt-outs of different patients share a transaction, and then ordinary texts do; whatever is more, and what fails
    there, has one of its own.
    One that cannot be read is put aside and tried again the next time: it must not keep a STOP behind it waiting.
    """
    going = _Going()
    while (turn := _next(deps, going)) is not None:
        make_ready()
        _take(deps, turn, going)
    return going.read


@dataclass(slots=True)
class _Going:
    """A round of reading, how many it read, and when it looked far the last time."""

    round: Round = field(default_factory=Round)
    read: int = 0
    looks_far_at: float = 0.0


def _next(deps: Deps, going: _Going) -> Turn | None:
    """Return the next turn of what waits by now: of the oldest hundred, and of what presses behind them."""
    with deps.store.looking() as tx:
        while some := inbound.waiting(tx, limit=AT_ONCE, after=going.round.after):
            if len(some) < AT_ONCE:
                going.round.see_far(())  # they are all that is left: what was seen far may have been read long ago
            elif deps.clock.monotonic() >= going.looks_far_at:
                going.round.see_far(inbound.waiting(tx, limit=FAR))
                going.looks_far_at = deps.clock.monotonic() + LOOKS_FAR_EVERY.total_seconds()
            turn = going.round.turn_of(some)
            if turn is not None:
                return turn
            going.round.pass_by(some)
    return None


def _take(deps: Deps, turn: Turn, going: _Going) -> None:
    """Read the texts of a turn, the most pressing first."""
    before = going.read
    _each(deps, turn.alone, going)
    _together(deps, turn.opt_outs, opt_out_together, going)
    _together(deps, turn.together, receive_together, going)
    if going.read > before:
        deps.queue.hint(SENDING_JOBS.values())


def _together(
    deps: Deps, ids: Sequence[InboundId], act: Callable[[Deps, Sequence[InboundId]], Received], going: _Going
) -> None:
    """Read texts of different phones at once, and alone what is left of them."""
    left = ids
    if len(ids) > 1:
        for done in together_or_apart([ids], lambda some: act(deps, some[0]), lambda _: None):
            left = done.left
            going.read += done.read
            going.round.elsewhere |= done.elsewhere
    _each(deps, left, going)


def _each(deps: Deps, ids: Sequence[InboundId], going: _Going) -> None:
    act, blame = partial(_receive_one, deps), partial(obey_unread, deps)
    for text_id in ids:
        for is_read in together_or_apart([text_id], lambda one: act(one[0]), blame):
            if is_read:
                going.read += 1
            else:
                going.round.elsewhere.add(text_id)


def _receive_one(deps: Deps, text_id: InboundId, *, is_watched: bool = False) -> bool:
    make_rows_for(deps, [text_id])
    with deps.store.transaction() as tx:
        item = inbound.lock_waiting(tx, text_id)
        if item is not None and item.link_id is not None:
            now, sender = deps.clock.now(), find_sender(tx, deps, item)
            _hear_patient(tx, deps, item, sender, now, is_watched=is_watched)
        elif item is not None:
            _receive(tx, deps, item)
    return item is not None


def receive_now(deps: Deps, text_id: InboundId) -> None:
    """Read what somebody wrote who waits for the answer. What cannot be read is put aside as any text is.

    Never raises for it: the words are stored, and should all else fail the next worker reads them.
    """
    together_or_apart([text_id], lambda one: _receive_one(deps, one[0], is_watched=True), partial(obey_unread, deps))
    deps.queue.hint(SENDING_JOBS.values())


def _receive(tx: Transaction, deps: Deps, item: StoredText) -> None:
    """Hear staff first, then who fetches a patient, then patients: one phone may be several of these."""
    now = deps.clock.now()
    sender = find_sender(tx, deps, item)
    decided = hear_staff(tx, deps, item.sender, item.body, opt_out_type=item.opt_out_type, now=now)
    if decided is not None:
        inbound.mark_handled(tx, item.id, Decision(FROM_STAFF, decided), now=now)
        return
    read = cache(partial(_read_as_escorts, item))
    decided = hear_escort(tx, deps, item.sender, read, inbound_id=item.id, now=now)
    if decided is not None:
        reading = read()
        found = Decision(FROM_ESCORT, decided, reading.intents, to_json(reading))
        inbound.mark_handled(tx, item.id, found, now=now)
        return
    _hear_patient(tx, deps, item, sender, now)


def _read_as_escorts(item: StoredText) -> Interpretation:
    reading = interpret(item.body, open_question=QuestionKind.PICK_UP)
    return with_provider_word(reading, provider_verdict(item.opt_out_type), item.body)


def _hear_patient(
    tx: Transaction, deps: Deps, item: StoredText, sender: Sender, now: datetime, *, is_watched: bool = False
) -> None:
    [hearing] = hear_patients(tx, deps, [(item, sender)], now=now)
    decided = NO_CLINIC
    if hearing.clinic is not None:
        case = hearing.case(deps, hearing.clinic, now, is_watched=is_watched)
        decided = apply_actions(tx, case, hearing.actions)
    inbound.mark_handled(tx, item.id, hearing.decision(decided), now=now)
