"""When the next thing falls due, for whoever waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from reminders.core.lookout import OLD_AFTER
from reminders.core.patients import Channel
from reminders.services.deps import Deps
from reminders.store import backlog, messages, reminders


def first_due(deps: Deps, channel: Channel) -> datetime | None:
    """Return when the first of what waits falls or fell due: nothing is to be sent on a channel before.

    A reminder counts whatever its channel: whoever looks makes messages of it.
    """
    what, now, at = f"{channel} or a reminder", deps.clock.now(), deps.clock.monotonic()
    since = deps.lookout.since(what, at=at)
    with deps.store.looking() as tx:
        began = deps.clock.monotonic()
        first = backlog.first_due(tx, channel, since=since)
    if since is None:
        old_before, took = now - OLD_AFTER * deps.clock.speed, deps.clock.monotonic() - began
        deps.lookout.saw_everything(what, first, at=at, took=took, old_before=old_before)
        if first is not None and first < old_before:
            deps.lookout.forget()  # whoever claims must see it too, though he looked a moment ago
    return first


def next_due(deps: Deps) -> datetime | None:
    """Return the clinic's time at which the next reminder or message falls due; None where none is to come.

    A backlog that leaves at a pace names no time: it must not hide what falls due in a moment. Who waits for this looks
    again within two seconds anyway, and so finds whatever of the backlog has its turn.
    """
    now = deps.clock.now()
    later = now + timedelta.resolution
    with deps.store.looking() as tx:
        found = [
            reminders.next_due(tx, after=now),
            *(messages.next_due(tx, channel, since=later) for channel in Channel),
        ]
    return min((at for at in found if at is not None and at > now), default=None)
