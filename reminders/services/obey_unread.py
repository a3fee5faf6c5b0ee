"""Obey unread: a text that could not be read goes to staff; bare opt-outs and words of danger in it count all the same.

Whatever failed, the lexicons, the thread or the planning anew, an opt-out needs none of it (requirement 31), and an
alarm only somebody to call (requirement 45).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from reminders.core.check_ins import Concern
from reminders.core.consent import Source, bare_opt_out
from reminders.core.danger_words import sounds_like_danger
from reminders.core.ids import InboundId
from reminders.core.replies import Intent
from reminders.core.tasks import Doubt, TaskKind, Urgency
from reminders.ports import SENDING_JOBS
from reminders.services.apart import together_or_apart
from reminders.services.close_addresses import Person
from reminders.services.deps import Deps
from reminders.services.escalate import Alarm, raise_alarm
from reminders.services.gather_thread import find_sender, make_rows_for
from reminders.services.opt_out import close_address
from reminders.services.opt_out_sender import opt_out_sender, said_by
from reminders.store import clinics, inbound, tasks
from reminders.store.inbound import Decision, StoredText
from reminders.store.unit_of_work import Transaction

Act = Callable[[InboundId], None]
OBEYED = "opted out by its bare word; what else it means could not be read"
SPOILED = "could not be opened: it was changed or moved where it is stored"


def obey_unread(deps: Deps, text_id: InboundId) -> None:
    """Open a task about a text that could not be read; an opt-out that is all of it, and danger in it, are acted on.

    As ever, or if that fails too, by always fewer steps. What is no opt-out stays, to be read the next time; what can
    never be opened does not.
    """
    _first_of(
        [partial(_obey, deps, is_least=False), partial(_obey, deps, is_least=True), partial(_call_alone, deps)],
        text_id,
        last=partial(_tell_staff, deps),
    )
    deps.queue.hint(SENDING_JOBS.values())


def _first_of(acts: Sequence[Act], text_id: InboundId, *, last: Act) -> None:
    """Do the first of these that does not fail."""
    if acts:
        together_or_apart([text_id], lambda some: acts[0](some[0]), lambda one: _first_of(acts[1:], one, last=last))
    else:
        last(text_id)


def _obey(deps: Deps, text_id: InboundId, *, is_least: bool) -> None:
    make_rows_for(deps, [text_id])
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        item = inbound.lock_waiting(tx, text_id)
        if item is None:  # somebody else reads it at this moment, and puts it aside if need be
            return
        source = bare_opt_out(item.body, opt_out_type=item.opt_out_type)
        if source is not None:
            _opt_out(tx, deps, item, source, is_least=is_least, now=now)
        _ask_somebody(tx, deps, item, () if is_least else find_sender(tx, deps, item).people, now)


def _opt_out(tx: Transaction, deps: Deps, item: StoredText, source: Source, *, is_least: bool, now: datetime) -> None:
    sender = find_sender(tx, deps, item)
    if is_least:
        close_address(tx, deps, item.sender, said_by(sender, source, item.id), now=now)
    else:
        opt_out_sender(tx, deps, sender, source, item.id, now=now)
    inbound.mark_handled(tx, item.id, Decision(Intent.OPT_OUT, OBEYED, (Intent.OPT_OUT,)), now=now)


def _call_alone(deps: Deps, text_id: InboundId) -> None:
    """Whatever is wrong with who wrote it: somebody is called for its words alone."""
    with deps.store.transaction() as tx:
        item = inbound.lock_waiting(tx, text_id)
        if item is not None:
            _ask_somebody(tx, deps, item, (), deps.clock.now())


def _ask_somebody(tx: Transaction, deps: Deps, item: StoredText, people: Sequence[Person], now: datetime) -> None:
    """Raise the alarm that a reader would where there is danger, once for this text; else a task says that it waits."""
    every = clinics.every(tx)
    at = {clinic_id for clinic_id, _ in people} or set(every)
    # Who named nobody to call comes after who did: a task alone wakes nobody.
    theirs = sorted((one for key, one in every.items() if key in at), key=lambda one: not one.escalation)
    if not theirs or not sounds_like_danger(item.body):
        _open_task(tx, deps, item.id, now)
        return
    own = [patient_id for clinic_id, patient_id in people if clinic_id == theirs[0].id]
    patient_id = own[0] if len(people) == 1 else None
    alarm = Alarm(theirs[0].id, Concern.RED_FLAG, patient_id=patient_id, inbound_id=item.id)
    raise_alarm(tx, deps, alarm, is_patient_told=False, now=now)


def _tell_staff(deps: Deps, text_id: InboundId) -> None:
    """Open the task, and let go of what nobody will ever open: the rest is tried again."""
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        _open_task(tx, deps, text_id, now)
        if inbound.is_spoiled(tx, text_id):
            inbound.mark_handled(tx, text_id, Decision(Intent.UNCLEAR, SPOILED), now=now)


def _open_task(tx: Transaction, deps: Deps, text_id: InboundId, now: datetime) -> None:
    kind = TaskKind.REPLY_UNCLEAR
    key, doubt = f"{kind}:{text_id}:unread", Doubt.UNREADABLE
    task = tasks.Task(kind=kind, urgency=Urgency.HIGH, key=key, inbound_id=text_id, doubt=doubt)
    tasks.open_once(tx, deps.identity.new_id(), task, now=now)
