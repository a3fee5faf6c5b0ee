"""Purge: let go what may be kept no longer, a group at a time, and count it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from reminders.core.retention import Fate, Stored, Subject, fate
from reminders.services.deps import Deps
from reminders.store import purging
from reminders.store.unit_of_work import Transaction

log = structlog.get_logger()

AT_ONCE: Final = 500
"""Of how many rows in one transaction: nobody waits longer than for these."""
MOST_ROUNDS: Final = 200
"""How many transactions of a subject before others of the same thread have their turn."""
_Forget = Callable[..., int]
FIRST_ROWS: dict[Subject, _Forget] = {
    Subject.RECEIPTS: purging.forget_receipts,
    Subject.EVENTS: purging.forget_events,
    Subject.AUDIT: purging.forget_audit,
}


@dataclass(frozen=True, slots=True)
class PurgeLine:
    """How one subject stands: for how long it is kept (None is for ever), what went in all, and what waits."""

    subject: Subject
    kept_for: timedelta | None
    gone: int
    waiting: int
    looked_at: datetime | None


def purge(deps: Deps, *, rounds: int = MOST_ROUNDS) -> int:
    """Let go what is over, the oldest first; return how many went. What is left goes the next time."""
    gone = {subject: _purge(deps, subject, rounds) for subject in Subject}
    if any(gone.values()):
        log.info("purge.done", **{subject.value: count for subject, count in gone.items() if count})
    return sum(gone.values())


def read_retention(deps: Deps) -> Sequence[PurgeLine]:
    """Return how everything stands that is not kept for ever."""
    with deps.store.reading() as tx:
        marks, waiting = purging.marks(tx), purging.count_later(tx)
    lines = []
    for subject in Subject:
        mark = marks.get(subject)
        gone, looked_at = (mark.gone, mark.looked_at) if mark else (0, None)
        lines.append(PurgeLine(subject, deps.retention.of(subject), gone, waiting.get(subject, 0), looked_at))
    return lines


def _purge(deps: Deps, subject: Subject, rounds: int) -> int:
    kept_for = deps.retention.of(subject)
    if kept_for is None:
        return 0
    # The log is written by the machine's time, all else by the clinic's.
    now = deps.clock.machine_now() if subject is Subject.AUDIT else deps.clock.now()
    if subject in FIRST_ROWS:
        return _forget(deps, subject, rounds, now, now - kept_for)
    return _look_again(deps, subject, now, now - kept_for) + _walk(deps, subject, rounds, now, now - kept_for)


def _forget(deps: Deps, subject: Subject, rounds: int, now: datetime, before: datetime) -> int:
    gone = 0
    for _ in range(rounds):
        with deps.store.transaction() as tx:
            purging.lock_mark(tx, subject, now=now)
            some = FIRST_ROWS[subject](tx, before=before, limit=AT_ONCE)
            purging.set_mark(tx, subject, reached=None, gone=some, now=now)
        gone += some
        if some < AT_ONCE:
            break
    return gone


def _walk(deps: Deps, subject: Subject, rounds: int, now: datetime, before: datetime) -> int:
    """Go on from where the last walk ended, up to the first row that is too young."""
    gone = 0
    for _ in range(rounds):
        with deps.store.transaction() as tx:
            reached = purging.lock_mark(tx, subject, now=now).reached
            found = _old(purging.along(tx, subject, after=reached, limit=AT_ONCE), before)
            waiting, some = _sort_out(tx, subject, found, before)
            purging.put_later(tx, subject, waiting)
            purging.set_mark(tx, subject, reached=found[-1][0] if found else None, gone=some, now=now)
        gone += some
        if len(found) < AT_ONCE:
            break
    return gone


def _look_again(deps: Deps, subject: Subject, now: datetime, before: datetime) -> int:
    """Look at all that could not go when a walk came by."""
    gone, after = 0, None
    while True:
        with deps.store.transaction() as tx:
            purging.lock_mark(tx, subject, now=now)
            found = purging.later(tx, subject, after=after, limit=AT_ONCE)
            waiting, some = _sort_out(tx, subject, found, before)
            purging.end_later(tx, subject, {key for key, _ in found} - set(waiting))
            purging.set_mark(tx, subject, reached=None, gone=some, now=now)
        gone += some
        if len(found) < AT_ONCE:
            return gone
        after = found[-1][0]


def _old(found: Sequence[tuple[UUID, Stored]], before: datetime) -> Sequence[tuple[UUID, Stored]]:
    """Return what comes before the first that is too young."""
    young = (n for n, (_, stored) in enumerate(found) if fate(stored, before=before) is Fate.TOO_YOUNG)
    return found[: next(young, len(found))]


def _sort_out(
    tx: Transaction, subject: Subject, found: Sequence[tuple[UUID, Stored]], before: datetime
) -> tuple[list[UUID], int]:
    """Let go what may go; return what must wait, and how many went."""
    fates = [(key, fate(stored, before=before)) for key, stored in found]
    some = purging.let_go(tx, subject, [key for key, what in fates if what is Fate.GOES])
    # A longer time set since: what was to go is too young again.
    return [key for key, what in fates if what in {Fate.WAITS, Fate.TOO_YOUNG}], some
