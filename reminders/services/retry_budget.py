"""Retry budget: how many second tries the first ones have paid for, by provider account (reliability, section 5)."""

from __future__ import annotations

from reminders.core.pacing import retries_back, retries_left
from reminders.core.patients import Channel
from reminders.services.deps import Deps
from reminders.store import buckets
from reminders.store.unit_of_work import Transaction

LONGEST_NAME = 80


def budget_of(deps: Deps, channel: Channel) -> str:
    """Return the name of a channel's budget."""
    return f"retries:{deps.accounts[channel]}"[:LONGEST_NAME]


def pay_back(tx: Transaction, deps: Deps, channel: Channel, count: int) -> None:
    """Return what was taken for second tries that never reached the provider.

    To be called last in a transaction: who claims locks messages first and the budget after them.
    """
    if not count:
        return
    name = budget_of(deps, channel)
    left = retries_left(buckets.lock(tx, name), machine_now=deps.clock.machine_now(), speed=deps.clock.speed)
    buckets.write(tx, name, retries_back(left, count))
