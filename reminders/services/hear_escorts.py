"""Hear: what the person who fetches a patient writes back (domain A3, requirement 52)."""

from __future__ import annotations

from datetime import datetime

from reminders.core.ids import InboundId
from reminders.core.replies import Interpretation
from reminders.services.deps import Deps
from reminders.store.unit_of_work import Transaction


def hear_escort(
    tx: Transaction,
    deps: Deps,
    address: str,
    reply: Interpretation,
    *,
    inbound_id: InboundId | None,
    now: datetime,
) -> str | None:
    """Act on a text of somebody who was asked to fetch a patient; say in a line what was done, None: not an escort."""
    del tx, deps, address, reply, inbound_id, now
    return None
