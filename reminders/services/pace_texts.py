"""Pace: ask how many of the texts that are due may leave their sender now. Counted by the broker, or else by us."""

from __future__ import annotations

from collections.abc import Sequence

from reminders.core.pacing import WITHOUT_BROKER, Bucket, Grant, take
from reminders.core.patients import Channel
from reminders.services.deps import Deps
from reminders.services.read_time import read_moment
from reminders.store import buckets


def grant(deps: Deps, sizes: Sequence[int]) -> Grant:
    """Return how many of these texts, in their order, may leave, and how long the next must wait (machine time).

    Where the broker that counts is gone, the database counts at half the rate. An installation without a broker counts
    there always, at its full rate: nothing else was ever counting. An error of the database is raised: what cannot be
    counted does not leave. No transaction may be open.
    """
    counted = deps.pacer.take(deps.accounts[Channel.SMS], sizes, deps.pace) if deps.pacer is not None else None
    return counted if counted is not None else _counted_here(deps, sizes)


def _counted_here(deps: Deps, sizes: Sequence[int]) -> Grant:
    """Count in a transaction of its own, on the database's clock."""
    pool, share = deps.accounts[Channel.SMS], 1.0 if deps.pacer is None else WITHOUT_BROKER
    pace = deps.pace.slowed(share)
    with deps.store.transaction() as tx:
        machine_now = read_moment(tx, deps).machine_now
        held = buckets.lock(tx, pool) or Bucket(pace.burst * share, machine_now)
        left, granted = take(held, sizes, pace, machine_now=machine_now)
        buckets.write(tx, pool, left)
    return granted
