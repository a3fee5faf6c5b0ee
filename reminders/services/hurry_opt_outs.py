"""Hurry: opt-out requests that still wait to be matched come to the top of the worklist before their deadline."""

from __future__ import annotations

from datetime import datetime, timedelta

from reminders.core.business_days import hurries_on
from reminders.core.windows import local_day
from reminders.services.deps import Deps
from reminders.services.record_choice import business_days
from reminders.store import clinics, opt_out_requests, tasks
from reminders.store.opt_out_requests import WaitingRequest
from reminders.store.unit_of_work import Transaction

LOOKS_AHEAD = timedelta(days=31)
"""Further ahead than two business days ever lie, whatever the calendar."""


def hurry_opt_outs(deps: Deps) -> int:
    """Raise the urgency of what is due within two business days; return of how many."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        waiting = opt_out_requests.not_yet_urgent(tx, due_before=now + LOOKS_AHEAD)
        keys = [item.key for item in waiting if _hurries(tx, deps, item, now)]
    if keys:
        with deps.store.transaction() as tx:
            tasks.hurry(tx, keys)
    return len(keys)


def _hurries(tx: Transaction, deps: Deps, item: WaitingRequest, now: datetime) -> bool:
    clinic = clinics.get(tx, item.clinic_id)
    first = hurries_on(local_day(item.due_at, clinic.tz), business_days(deps, clinic))
    return local_day(now, clinic.tz) >= first
