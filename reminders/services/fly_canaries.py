"""The canary's way: begun by upkeep, flown by a worker that the broker woke, heard of as a receipt, told outside.

Each step is another process's, so that the step a canary did not take names what is broken. Every one may be done
twice at once, or not at all: the next canary follows within a minute.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from uuid import UUID

import structlog

from reminders.core.canaries import KEPT, TOLD_WITHIN, canary_id
from reminders.ports import Heartbeat, Job, Receipt, StubProvider
from reminders.services.deps import Deps
from reminders.store import canaries, receipts

log = structlog.get_logger()
PURPOSE = "canary"
AHEAD = timedelta(minutes=5)
"""No clock of ours is further ahead; a canary that is was begun before a clock was set back."""


def release_canary(deps: Deps, heartbeat: Heartbeat | None) -> bool:
    """Tell of the last canary outside, and begin this minute's; say whether one was begun."""
    if heartbeat is not None:
        _tell(deps, heartbeat)
    machine_now = deps.clock.machine_now()
    new = canary_id(machine_now)
    with deps.store.looking() as tx:
        if any(item.id == new for item in canaries.since(tx, machine_now - TOLD_WITHIN)):
            return False
    with deps.store.transaction() as tx:
        is_new = canaries.begin(tx, new, machine_now=machine_now)
        canaries.forget(tx, before=machine_now - KEPT, after=machine_now + AHEAD)
    if is_new:
        deps.queue.hint([Job.FLY_CANARY])
    return is_new


def fly_canary(deps: Deps, provider: StubProvider) -> bool:
    """Hand the newest canary to the stub provider; say whether its report was taken.

    For the broker's hint alone: whoever looked for canaries without one would prove nothing about the broker.
    """
    machine_now = deps.clock.machine_now()
    with deps.store.transaction() as tx:
        taken = canaries.take_unflown(tx, begun_since=machine_now - TOLD_WITHIN, machine_now=machine_now)
    if taken is None:
        return False
    is_taken = provider.send(taken, deps.store.vault.token(PURPOSE, taken))
    if not is_taken:
        log.warning("canary.not_reported", id=str(taken))
    return is_taken


def is_genuine(deps: Deps, canary: UUID, seal: str | None) -> bool:
    """Say whether a canary's report carries the seal that only this installation can make."""
    wanted = deps.store.vault.token(PURPOSE, canary)
    return seal is not None and hmac.compare_digest(wanted.encode(), seal.encode())


def store_canary_receipt(deps: Deps, canary: UUID) -> bool:
    """Keep the genuine report of a canary among all receipts; False where nobody waits for it."""
    item = Receipt(canaries.name(canary), None, "delivered", None)
    with deps.store.transaction() as tx:
        is_new = canaries.is_awaited(tx, canary) and receipts.add_once(
            tx, deps.identity.new_id(), canary, item, now=deps.clock.machine_now()
        )
    if is_new:
        deps.queue.hint([Job.APPLY_RECEIPTS])
    return is_new


def hear_canaries(deps: Deps) -> int:
    """Hear of the canaries whose receipts were applied; return how many."""
    machine_now = deps.clock.machine_now()
    since = machine_now - TOLD_WITHIN
    with deps.store.looking() as tx:
        if not any(item.is_received for item in canaries.since(tx, since)):
            return 0
    with deps.store.transaction() as tx:
        heard = canaries.hear_applied(tx, begun_since=since, machine_now=machine_now)
    if heard:
        deps.queue.hint([Job.RELEASE_CANARY])  # it tells of it
    return heard


def _tell(deps: Deps, heartbeat: Heartbeat) -> None:
    """Tell of the newest canary, once: taken first, and given back where nobody heard it."""
    machine_now = deps.clock.machine_now()
    since = machine_now - TOLD_WITHIN
    with deps.store.looking() as tx:
        if not any(item.heard_at is not None and item.told_at is None for item in canaries.since(tx, since)):
            return
    with deps.store.transaction() as tx:
        taken = canaries.take_untold(tx, begun_since=since, machine_now=machine_now)
    if taken is None or heartbeat.tell():
        return
    log.warning("heartbeat.not_heard")
    with deps.store.transaction() as tx:
        canaries.give_back_untold(tx, taken)
