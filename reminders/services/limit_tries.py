"""Limit: how often somebody may fail to come in. Counted in the database: every process sees it, and a restart too.

Each is a transaction of its own: what comes after must not undo that it was tried.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from reminders.core.pacing import Bucket, Grant, take
from reminders.core.tries import LONGEST_MEMORY_SECONDS, Allowance, place_of
from reminders.services.deps import Deps
from reminders.store import buckets

PREFIX = "tries:"
NO_WAIT = timedelta(0)


def take_try(deps: Deps, allowance: Allowance, who: str) -> timedelta:
    """Count a try, and return how long its maker must wait first (machine time); zero where it may go on.

    Whoever is to wait pays nothing, and costs a reading only.
    """
    name, now = _name(deps, allowance, who), deps.clock.machine_now()
    with deps.store.reading() as tx:
        _, seen = _granted(buckets.read(tx, name), allowance, now)
    if not seen.count:
        return seen.wait
    with deps.store.transaction() as tx:
        rest, granted = _granted(buckets.lock(tx, name), allowance, now)
        buckets.write(tx, name, rest)
    return NO_WAIT if granted.count else granted.wait


def give_back(deps: Deps, allowance: Allowance, who: str) -> None:
    """Take a try for none: whoever made it came in."""
    name = _name(deps, allowance, who)
    with deps.store.transaction() as tx:
        held = buckets.lock(tx, name)
        if held is not None:
            buckets.write(tx, name, Bucket(min(allowance.pace.burst, held.tokens + 1), held.at))


def forget_tries(deps: Deps) -> int:
    """Forget who may try as often as anybody again; return how many that were."""
    before = deps.clock.machine_now() - timedelta(seconds=LONGEST_MEMORY_SECONDS)
    with deps.store.transaction() as tx:
        return buckets.forget(tx, PREFIX, before=before)


def _granted(held: Bucket | None, allowance: Allowance, now: datetime) -> tuple[Bucket, Grant]:
    return take(held or Bucket(allowance.pace.burst, now), [1], allowance.pace, machine_now=now)


def _name(deps: Deps, allowance: Allowance, who: str) -> str:
    """Return under what somebody is counted: addresses are kept by their blind index."""
    index = deps.store.vault.index(f"{allowance.name}:{place_of(who)}").hex()
    return f"{PREFIX}{allowance.name}:{index[:32]}"
