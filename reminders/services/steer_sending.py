"""Steer sending: see how each channel stands, try a paused one now, and let doubtful texts be sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from reminders.core.circuit import Circuit
from reminders.core.patients import Channel
from reminders.core.tasks import TaskKind
from reminders.ports import SENDING_JOBS
from reminders.services.deps import Deps
from reminders.store import circuits, tasks

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """How one channel stands; times are the clinic's."""

    channel: Channel
    is_configured: bool
    circuit: Circuit
    holds_unknown_since: datetime | None


def read_channels(deps: Deps) -> Sequence[ChannelLine]:
    """Return how each channel stands."""
    gateways = {Channel.SMS: deps.sms, Channel.EMAIL: deps.email}
    with deps.store.reading() as tx:
        return [
            ChannelLine(
                channel,
                gateways[channel] is not None,
                circuits.read(tx, deps.accounts[channel]),
                circuits.holds_unknown_since(tx, deps.accounts[channel]),
            )
            for channel in Channel
        ]


def try_now(deps: Deps, channel: Channel) -> bool:
    """Let a paused channel make its next call at once; False where it is not paused. The call decides what follows."""
    with deps.store.transaction() as tx:
        name = deps.accounts[channel]
        found = circuits.lock(tx, name)
        if found.is_open:
            circuits.write(tx, name, replace(found, probe_at=deps.clock.now()))
    if found.is_open:
        deps.queue.hint([SENDING_JOBS[channel]])
    return found.is_open


def resend_doubtful(deps: Deps, *, by: str) -> bool:
    """Let doubtful texts be sent again once they are proven absent; False where they are."""
    now = deps.clock.now()
    with deps.store.transaction() as tx:
        name = deps.accounts[Channel.SMS]
        if circuits.holds_unknown_since(tx, name) is None:
            return False
        circuits.allow_resends(tx, name, now=now)
        tasks.resolve_kind(tx, TaskKind.RESENDS_HELD, by=by, now=now)
    log.info("resends.allowed")
    return True
