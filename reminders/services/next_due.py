"""When the next thing falls due, for whoever waits for it."""

from __future__ import annotations

from datetime import datetime

from reminders.core.patients import Channel
from reminders.services.deps import Deps
from reminders.store import messages, reminders


def next_due(deps: Deps) -> datetime | None:
    """Return the clinic's time at which the next reminder or message falls due; None where nothing waits."""
    with deps.store.reading() as tx:
        found = [reminders.next_due(tx), *(messages.next_due(tx, channel) for channel in Channel)]
    return min((at for at in found if at is not None), default=None)
