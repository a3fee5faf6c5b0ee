"""Purge: let go what may be kept no longer, a group at a time, and count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from reminders.core.retention import Fate, Stored, Subject, fate, trusted
from reminders.ports import Job
from reminders.services.deps import Deps
from reminders.services.read_time import read_moment
from reminders.store import purging
from reminders.store.unit_of_work import Transaction

log = structlog.get_logger()

AT_ONCE: Final = 500
"""Of how many rows in one transaction: nobody waits longer than for these."""
WITHIN: Final = 30.0
"""After so many seconds others of the same thread have their turn; what is left is hinted at."""
FIRST_ROWS: Mapping[Subject, Callable[..., int]] = {
    Subject.RECEIPTS: purging.forget_receipts,
    Subject.EVENTS: purging.forget_events,
    Subject.AUDIT: purging.forget_audit,
}
BY_MACHINE_TIME = frozenset({Subject.RECEIPTS, Subject.AUDIT})
"""Whose rows tell the machine's time; all others tell the clinic's."""


@dataclass(frozen=True, slots=True)
class PurgeLine:
    """How one subject stands: for how long it is kept (None is for ever), what went in all, and what waits."""

    subject: Subject
    kept_for: timedelta | None
    gone: int
    waiting: int
    looked_at: datetime | None


def purge(deps: Deps, *, within: float = WITHIN) -> int:
    """Let go what is over, the oldest first and each subject in its turn; return how many went.

    Nothing goes while the clocks contradict each other. What is left after some seconds goes the next time.
    """
    until = deps.clock.monotonic() + within
    kept = {subject: deps.retention.of(subject) for subject in Subject}
    running = {subject: _groups(deps, subject, span) for subject, span in kept.items() if span is not None}
    gone: Counter[Subject] = Counter()
    while running and deps.clock.monotonic() < until:
        for subject in list(running):
            some = next(running[subject], None)
            if some is None:
                del running[subject]
            else:
                gone[subject] += some
    for subject, count in gone.items():
        if count:
            log.info("purge.done", kind=subject.value, count=count)
    if running:
        deps.queue.hint([Job.PURGE])
    return gone.total()


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


@dataclass(frozen=True, slots=True)
class _Limit:
    """Up to when something goes, as of a time that can be believed."""

    now: datetime
    before: datetime


def _groups(deps: Deps, subject: Subject, kept_for: timedelta) -> Iterator[int]:
    """Yield how many went, once for each transaction, until nothing more may go."""
    with deps.store.transaction() as tx:
        limit = _limit(tx, deps, subject, kept_for)
    if limit is None:
        return
    if subject in FIRST_ROWS:
        yield from _forget(deps, subject, limit)
    else:
        yield from _look_again(deps, subject, limit)
        yield from _walk(deps, subject, limit)


def _limit(tx: Transaction, deps: Deps, subject: Subject, kept_for: timedelta) -> _Limit | None:
    """Return up to when something goes; None while the clocks are wrong."""
    moment = read_moment(tx, deps)
    if moment.fault is not None:
        log.warning("purge.waits", kind=subject.value, cause=moment.fault.value)
        return None
    now = moment.machine_now if subject in BY_MACHINE_TIME else moment.now
    now = trusted(now, purging.lock_mark(tx, subject, now=now).looked_at)
    purging.set_mark(tx, subject, reached=None, gone=0, now=now)
    return _Limit(now, now - kept_for)


def _forget(deps: Deps, subject: Subject, limit: _Limit) -> Iterator[int]:
    some = AT_ONCE
    while some == AT_ONCE:
        with deps.store.transaction() as tx:
            purging.lock_mark(tx, subject, now=limit.now)
            some = FIRST_ROWS[subject](tx, before=limit.before, limit=AT_ONCE)
            purging.set_mark(tx, subject, reached=None, gone=some, now=limit.now)
        yield some


def _walk(deps: Deps, subject: Subject, limit: _Limit) -> Iterator[int]:
    """Go on from where the last walk ended, up to the first row that is too young."""
    looked = AT_ONCE
    while looked == AT_ONCE:
        with deps.store.transaction() as tx:
            reached = purging.lock_mark(tx, subject, now=limit.now).reached
            every = purging.along(tx, subject, after=reached, before=limit.before, limit=AT_ONCE)
            found = _old(every, limit.before)
            waiting, some = _sort_out(tx, subject, found, limit.before)
            purging.put_later(tx, subject, waiting)
            purging.set_mark(tx, subject, reached=found[-1][0] if found else None, gone=some, now=limit.now)
        looked = len(found)
        yield some


def _look_again(deps: Deps, subject: Subject, limit: _Limit) -> Iterator[int]:
    """Look at all that could not go when a walk came by."""
    looked, after = AT_ONCE, None
    while looked == AT_ONCE:
        with deps.store.transaction() as tx:
            purging.lock_mark(tx, subject, now=limit.now)
            found = purging.later(tx, subject, after=after, before=limit.before, limit=AT_ONCE)
            waiting, some = _sort_out(tx, subject, found, limit.before)
            purging.end_later(tx, subject, {key for key, _ in found} - set(waiting))
            purging.set_mark(tx, subject, reached=None, gone=some, now=limit.now)
        looked, after = len(found), found[-1][0] if found else None
        yield some


def _old(found: Sequence[tuple[UUID, Stored]], before: datetime) -> Sequence[tuple[UUID, Stored]]:
    """Return what comes before the first that is too young."""
    young = (n for n, (_, stored) in enumerate(found) if fate(stored, before=before) is Fate.TOO_YOUNG)
    return found[: next(young, len(found))]


def _sort_out(
    tx: Transaction, subject: Subject, found: Sequence[tuple[UUID, Stored]], before: datetime
) -> tuple[list[UUID], int]:
    """Let go what may go; return what must wait, and how many went."""
    fates = [(key, fate(stored, before=before)) for key, stored in found]
    over = purging.hold(tx, subject, [key for key, what in fates if what is Fate.GOES], before=before)
    some = purging.let_go(tx, subject, over)
    # A longer time set since: what was to go is too young again. Or somebody works with it this very moment.
    waiting = [key for key, what in fates if what in {Fate.WAITS, Fate.TOO_YOUNG}]
    return [*waiting, *(key for key, what in fates if what is Fate.GOES and key not in set(over))], some
