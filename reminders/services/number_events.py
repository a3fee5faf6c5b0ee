"""Number: give the events of the feed their numbers once they are committed, one giver at a time.

A number given inside the transaction of the event would be seen out of order: whoever reads by cursor would pass over
an event whose transaction took longer than that of a later one.
"""

from __future__ import annotations

from reminders.services.deps import Deps
from reminders.store import events

AT_ONCE = 500


def number_events(deps: Deps) -> int:
    """Number all that waits, a batch a transaction; return how many. With nothing to do it takes no lock."""
    with deps.store.reading() as tx:
        if not events.is_any_unnumbered(tx):
            return 0
    batch = AT_ONCE
    done = 0
    while batch == AT_ONCE:
        with deps.store.transaction() as tx:
            batch = events.number(tx, limit=AT_ONCE)
        done += batch
    return done
