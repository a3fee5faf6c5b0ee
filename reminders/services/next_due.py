"""When the next thing falls due, for whoever waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from reminders.core.patients import Channel
from reminders.services.deps import Deps
from reminders.store import backlog, messages, reminders


def first_due(deps: Deps, channel: Channel) -> datetime | None:
    """Return when the first of what waits falls or fell due: nothing is to be sent on a channel before.

    A reminder counts whatever its channel: whoever looks makes messages of it.
    """
    with deps.store.reading() as tx:
        return backlog.first_due(tx, channel)


def next_due(deps: Deps) -> datetime | None:
    """Return the clinic's time at which the next reminder or message falls due; None where none is to come.

    A backlog that leaves at a pace names no time: it must not hide what falls due in a moment. Who waits for this looks
    again within a second anyway, and so finds whatever of the backlog has its turn.
    """
    now = deps.clock.now()
    later = now + timedelta.resolution
    with deps.store.reading() as tx:
        found = [
            reminders.next_due(tx, after=now),
            *(messages.next_due(tx, channel, since=later) for channel in Channel),
        ]
    return min((at for at in found if at is not None and at > now), default=None)
