"""Settle: resolve the tasks whose cause is over though nobody worked on them: by the schedule, or by time.

What a session itself ends, `watch_appointments` resolves; here is what only a change shows, or no session is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reminders.core.appointments import Booking
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.patients import Channel, PatientRecord
from reminders.core.tasks import LOOKED_UP_WITHIN, Resolver, TaskKind, ended_by_change, ended_by_record
from reminders.services.deps import Deps
from reminders.services.read_time import read_moment
from reminders.store import tasks
from reminders.store.tasks import Wanted
from reminders.store.unit_of_work import Transaction

SETTLED_BY_TIME = frozenset({TaskKind.CLOCK_WRONG, TaskKind.CODE_UNLISTED})


@dataclass(frozen=True, slots=True)
class Moved:
    """A session whose row in the schedule changed."""

    id: AppointmentId
    before: Booking
    after: Booking


@dataclass(frozen=True, slots=True)
class Corrected:
    """A patient whose record in the schedule changed."""

    id: PatientId
    before: PatientRecord
    after: PatientRecord


def settle_by_schedule(
    tx: Transaction, moved: Iterable[Moved], corrected: Iterable[Corrected], *, now: datetime
) -> None:
    """Resolve what these changes of the schedule answer, before planning says what is still amiss."""
    sessions: dict[frozenset[TaskKind], list[AppointmentId]] = {}
    for item in moved:
        kinds = ended_by_change(item.before, item.after)
        if kinds:
            sessions.setdefault(kinds, []).append(item.id)
    for kinds, about in sessions.items():
        tasks.resolve_kinds(tx, kinds, about=about, by=Resolver.SCHEDULE, now=now)
    people: dict[tuple[Channel, frozenset[TaskKind]], list[PatientId]] = {}
    for person in corrected:
        for channel, kinds in ended_by_record(person.before, person.after).items():
            people.setdefault((channel, kinds), []).append(person.id)
    for (channel, kinds), ids in people.items():
        tasks.resolve_faults(tx, kinds, of=ids, channel=channel, now=now)


def settle_by_time(deps: Deps) -> None:
    """Resolve that clocks disagree once they agree, and codes of the provider's that nobody looked up for a week.

    Clocks agree only where the provider's was heard of as well: a process that never called it knows half of it.
    """
    with deps.store.reading() as tx:
        if not tasks.waiting(tx, Wanted(kinds=SETTLED_BY_TIME), limit=1):
            return
    is_heard = deps.sms is None or deps.sms.skew is not None
    with deps.store.transaction() as tx:
        moment = read_moment(tx, deps)
        if moment.fault is None and is_heard:
            tasks.resolve_kind(tx, TaskKind.CLOCK_WRONG, by=Resolver.TIME, now=moment.now)
        tasks.resolve_old(tx, TaskKind.CODE_UNLISTED, before=moment.now - LOOKED_UP_WITHIN, now=moment.now)
