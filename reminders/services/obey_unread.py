"""Obey unread: a text that could not be read goes to staff, and a bare opt-out in it is obeyed all the same.

Whatever failed, the lexicons, the thread or the planning anew, an opt-out needs none of it (requirement 31).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from reminders.core.consent import bare_opt_out
from reminders.core.ids import InboundId
from reminders.core.patients import Channel
from reminders.core.replies import Intent
from reminders.core.tasks import TaskKind, Urgency
from reminders.services.apart import together_or_apart
from reminders.services.deps import Deps
from reminders.services.gather_thread import find_sender
from reminders.services.opt_out import Said, close_address, make_rows, opt_out_address
from reminders.store import inbound, tasks
from reminders.store.inbound import Decision
from reminders.store.unit_of_work import Transaction

BY_TEXT = "text"
OBEYED = "opted out by its bare word; what else it means could not be read"


def obey_unread(deps: Deps, text_id: InboundId) -> None:
    """Open a task about a text that could not be read, and obey it where it is nothing but an opt-out.

    The opt-out as ever, or if that fails too, of this address alone. Any other text stays, to be read the next time.
    """

    def close_only(one: InboundId) -> None:
        together_or_apart([one], lambda some: _obey(deps, some[0], close_address), partial(_tell_staff, deps))

    together_or_apart([text_id], lambda some: _obey(deps, some[0], opt_out_address), close_only)


def _obey(deps: Deps, text_id: InboundId, close: Callable[..., None]) -> None:
    with deps.store.reading() as tx:
        sender = inbound.sender_of(tx, text_id)
    make_rows(deps, Channel.SMS, sender)
    with deps.store.transaction() as tx:
        now = deps.clock.now()
        item = inbound.lock_waiting(tx, text_id)
        if item is None:  # somebody else reads it at this moment, and puts it aside if need be
            return
        source = bare_opt_out(item.body, opt_out_type=item.opt_out_type)
        if source is not None:
            find_sender(tx, deps, item.sender)
            close(tx, deps, item.sender, Said(source, BY_TEXT, inbound_id=item.id), now=now)
            inbound.mark_handled(tx, item.id, Decision(Intent.OPT_OUT, OBEYED, (Intent.OPT_OUT,)), now=now)
        _open_task(tx, deps, text_id, now)


def _tell_staff(deps: Deps, text_id: InboundId) -> None:
    with deps.store.transaction() as tx:
        _open_task(tx, deps, text_id, deps.clock.now())


def _open_task(tx: Transaction, deps: Deps, text_id: InboundId, now: datetime) -> None:
    kind = TaskKind.REPLY_UNCLEAR
    task = tasks.Task(kind=kind, urgency=Urgency.HIGH, key=f"{kind}:{text_id}:unread", inbound_id=text_id)
    tasks.open_once(tx, deps.identity.new_id(), task, now=now)
