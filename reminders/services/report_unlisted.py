"""Report codes of the provider that nobody listed: each once, so that somebody looks it up (requirement 20)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.services.deps import Deps
from reminders.store import tasks
from reminders.store.unit_of_work import Transaction


def report_unlisted(tx: Transaction, deps: Deps, codes: Iterable[str | None], *, now: datetime) -> None:
    """Open one task for each code, whatever number of messages it refuses; None stands for a code that is known."""
    kind = TaskKind.CODE_UNLISTED
    found = [
        tasks.Task(kind=kind, urgency=USUAL_URGENCY[kind], key=f"{kind}:{code}")
        for code in sorted({code for code in codes if code})
    ]
    tasks.open_many(tx, [(deps.identity.new_id(), item) for item in found], now=now)
