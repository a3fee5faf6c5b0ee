"""Index: make the words by which patients are found, for those stored before there were any; then there is no more."""

from __future__ import annotations

from reminders.services.deps import Deps
from reminders.store import search_tokens

AT_ONCE = 250
"""Of how many patients in one transaction: a writer on SQLite waits no longer than for these."""
MOST_ROUNDS = 20
"""How many transactions before others of the same thread have their turn."""


def index_patients(deps: Deps) -> int:
    """Make the words of some of the patients who have none; return of how many. A row that was spoiled gets none."""
    with deps.store.reading() as tx:
        if search_tokens.has_all(tx):
            return 0
    done = 0
    for _ in range(MOST_ROUNDS):
        with deps.store.transaction() as tx:
            some = search_tokens.index_some(tx, limit=AT_ONCE)
        done += some
        if some < AT_ONCE:
            break
    return done
