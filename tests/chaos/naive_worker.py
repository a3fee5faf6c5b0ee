"""The control: a worker that sends, marks afterwards, and on any error tries again, as is common practice.

`python -m tests.chaos.naive_worker` runs in the place of a worker for texts, over the same database and provider. It
takes messages with a lease, so that two of them do not send one at once; nothing but that keeps it from doubling.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import update

from reminders.bootstrap import open_services
from reminders.core.delivery import Accepted, MessageState, Outcome, Rejected
from reminders.core.ids import AttemptTag, MessageId
from reminders.core.messages import Message
from reminders.core.patients import Channel
from reminders.ports import OutgoingText
from reminders.services.deps import Deps
from reminders.services.dispatch_due import dispatch_due
from reminders.services.read_status import leave_beat
from reminders.store import held, messages
from reminders.store.messages import Claimed
from reminders.store.rows import message
from reminders.store.unit_of_work import Transaction

GROUP = 32
LEASE = timedelta(seconds=20)
PAUSE = 0.5
VALIDITY = timedelta(hours=4)
SIGN_EVERY = 5.0


def run(deps: Deps) -> None:
    """Send for ever."""
    while True:
        dispatch_due(deps)
        if not _send_some(deps):
            time.sleep(PAUSE)


def _send_some(deps: Deps) -> int:
    now, token = deps.clock.now(), deps.identity.new_id()
    lease_until = deps.clock.machine_now() + LEASE
    with deps.store.transaction() as tx:
        messages.release_expired(tx, machine_now=deps.clock.machine_now())
        taken = messages.claim(tx, Channel.SMS, before=now, limit=GROUP, token=token, lease_until=lease_until)
        outgoing = _texts(tx, deps, taken, token)
    owners = {text.tag: key for key, text in outgoing}
    assert deps.sms is not None
    deps.sms.send_many([text for _, text in outgoing], lambda tag, outcome: _mark(deps, owners[tag], outcome))
    return len(outgoing)


def _texts(tx: Transaction, deps: Deps, taken: Sequence[Claimed], token: UUID) -> list[tuple[MessageId, OutgoingText]]:
    locked = held.lock(tx, taken, token)
    return [(item.id, _text(deps, item, locked.addresses[item.draft.contact_id].address)) for item in locked.group]


def _text(deps: Deps, item: Message, address: str) -> OutgoingText:
    start_by = deps.clock.monotonic() + LEASE.total_seconds()
    return OutgoingText(AttemptTag(uuid4()), address, item.draft.body, VALIDITY, start_by)


def _mark(deps: Deps, key: MessageId, outcome: Outcome) -> None:
    """Mark what was taken; whatever else happened, it is due again."""
    values: dict[str, object] = {"state": MessageState.DUE}
    if isinstance(outcome, Accepted):
        values = {"state": MessageState.ACCEPTED}
    elif isinstance(outcome, Rejected):
        values = {"state": MessageState.REJECTED, "reason": "provider_refused"}
    with deps.store.transaction() as tx:
        statement = update(message).where(message.c.id == key, message.c.state == MessageState.CLAIMED)
        tx.connection.execute(statement.values(**values, claim=None, lease_until=None))


def _sign(deps: Deps) -> None:
    while True:
        leave_beat(deps, "worker-sms")
        time.sleep(SIGN_EVERY)


if __name__ == "__main__":
    services = open_services()
    threading.Thread(target=_sign, args=[services.deps], daemon=True).start()
    run(services.deps)
