"""Sync: read the clinic's schedule, show what it would change, and apply it in one transaction.

Fetch (no transaction open), then compare (core) and apply in one: what is shown is what was applied. The same file
twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reminders.core.appointments import (
    Appointment,
    Change,
    ChangeKind,
    Known,
    ScheduleDiff,
    ScheduleEntry,
    cancels_too_much,
    diff,
    newcomers,
)
from reminders.core.clinics import Clinic
from reminders.core.ids import ClinicId, PatientId
from reminders.core.patients import PatientRecord
from reminders.core.slots import Slots
from reminders.core.tasks import TaskKind
from reminders.core.watching import LONG_OVER, never_asked_about
from reminders.failpoints import Failpoint, reach
from reminders.ports import SENDING_JOBS, Fault, ScheduleSource
from reminders.services import collector
from reminders.services.apply_schedule import Held, store_diff
from reminders.services.deps import Deps
from reminders.services.open_tasks import task_about
from reminders.services.plan_reminders import plan_patients
from reminders.services.take_in import take_in
from reminders.store import appointments, clinics, patients, schedules, tasks
from reminders.store.batches import in_batches
from reminders.store.unit_of_work import Transaction

PATIENTS_AT_ONCE = 200
"""Planned together. All of a large schedule at once would fill the memory with their reminders, and leave the database
without a word for longer than it waits."""
LONG_OVER_NOTE = (
    "past sessions without an outcome: {count} ended more than "
    f"{LONG_OVER.days} days ago; mark them in the schedule, no task is made for each"
)


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How careful to be: partial takes the good rows of a faulty file, approved is the explicit yes to many cancels."""

    is_partial: bool = False
    is_approved: bool = False
    is_announced: bool = False
    """Send `booked` messages even for the first import of a source."""
    is_dry_run: bool = False


@dataclass(slots=True)
class SyncReport:
    """What a reading changes, or changed. `waits_for_yes` and `faults` say why nothing was applied."""

    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    changes: list[Change] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    waits_for_yes: bool = False
    is_applied: bool = False
    reminders_added: int = 0
    reminders_cancelled: int = 0

    def count(self, kind: ChangeKind) -> int:
        """Return how many rows have this effect."""
        return sum(1 for change in self.changes if change.kind is kind)


def sync_schedule(deps: Deps, source: ScheduleSource, options: SyncOptions) -> SyncReport:
    """Read a schedule and apply it, unless it has faults, waits for a yes, or only a preview is wanted.

    Raises ScheduleError where the schedule as a whole cannot be read.
    """
    with collector.held_off():
        return _sync(deps, source, options)


def _sync(deps: Deps, source: ScheduleSource, options: SyncOptions) -> SyncReport:
    reading = source.fetch()
    may_apply = not options.is_dry_run and (options.is_partial or not reading.faults)
    with deps.store.transaction() if may_apply else deps.store.reading() as tx:
        by_clinic, strangers = _by_clinic(clinics.every(tx), reading.entries)
        report = SyncReport(faults=(*reading.faults, *strangers), notes=reading.notes)
        for clinic_id in sorted(by_clinic) if may_apply else ():
            clinics.lock(tx, clinic_id)
        now = deps.clock.now()
        # Reading what we hold opens every name: once for what is shown and for what is written.
        stocks = {clinic_id: _stock(tx, clinic_id, source.name) for clinic_id in by_clinic}
        diffs = {key: _preview(report, stocks[key], entries, now) for key, entries in by_clinic.items()}
        is_blocked = bool(report.faults) and not options.is_partial
        if not may_apply or is_blocked or (report.waits_for_yes and not options.is_approved):
            return report
        for clinic_id in sorted(by_clinic):
            _apply(tx, deps, stocks[clinic_id], diffs[clinic_id], report, options=options, now=now)
        reach(Failpoint.PLAN_BEFORE_COMMIT)
    reach(Failpoint.PLAN_COMMITTED)
    report.is_applied = True
    deps.queue.hint(SENDING_JOBS.values())
    return report


def _by_clinic(
    every: Mapping[ClinicId, Clinic], entries: Iterable[tuple[str | None, ScheduleEntry]]
) -> tuple[dict[ClinicId, list[ScheduleEntry]], list[Fault]]:
    """Sort rows by clinic; a row that names none where there are several, or one we do not know, is a fault."""
    slugs: dict[str | None, ClinicId] = {clinic.slug: key for key, clinic in every.items()}
    wanted = f"one of these is wanted: {', '.join(clinic.slug for clinic in every.values()) or 'none yet'}"
    if len(every) == 1:
        slugs[None] = next(iter(every))
    found: dict[ClinicId, list[ScheduleEntry]] = {}
    faults = []
    for slug, entry in entries:
        if slug in slugs:
            found.setdefault(slugs[slug], []).append(entry)
        else:
            faults.append(Fault(entry.line, "clinic", f"found {slug!r}" if slug else "found nothing", wanted))
    return found, faults


@dataclass(frozen=True, slots=True)
class _Stock:
    """What one clinic has of one source, as far as a comparison needs it."""

    clinic: Clinic
    source: str
    people: Mapping[str, tuple[PatientId, PatientRecord]]
    known: Mapping[str, Known]


def _stock(tx: Transaction, clinic_id: ClinicId, source: str) -> _Stock:
    people = patients.by_external_id(tx, clinic_id)
    known = schedules.known_of(tx, clinic_id, source, dict(people.values()))
    return _Stock(clinics.get(tx, clinic_id), source, people, known)


def _preview(report: SyncReport, stock: _Stock, entries: Sequence[ScheduleEntry], now: datetime) -> ScheduleDiff:
    known = stock.known
    found = diff(known, entries, now=now)
    report.changes += found.changes
    report.missing += [item for item in found.missing if not known[item].is_missing]
    fresh = [change.entry.booking for change in found.effective if _is_new_version(change)]
    unmarked = never_asked_about(stock.clinic, fresh, now=now)
    if unmarked:
        report.notes = (*report.notes, LONG_OVER_NOTE.format(count=unmarked))
    report.waits_for_yes = report.waits_for_yes or cancels_too_much(found, known, now=now)
    return found


def _is_new_version(change: Change) -> bool:
    return change.before is None or not change.before.booking.same_version(change.entry.booking)


def _apply(
    tx: Transaction,
    deps: Deps,
    stock: _Stock,
    found: ScheduleDiff,
    report: SyncReport,
    *,
    options: SyncOptions,
    now: datetime,
) -> None:
    fresh, found = newcomers(found, stock.people)
    vanished = [name for name in found.missing if not stock.known[name].is_missing and not report.faults]
    changed = [change.entry.external_id for change in found.effective if change.before is not None]
    booked = appointments.of_source(tx, stock.clinic.id, stock.source, [*changed, *vanished])
    held = Held(stock.clinic, stock.source, stock.people, booked)
    is_announced, slots = options.is_announced or bool(stock.known), Slots(stock.clinic)
    touched = store_diff(tx, deps, held, found, is_announced=is_announced, now=now)
    _report_missing(tx, deps, stock.clinic.id, [booked[name] for name in vanished], now)
    for others in in_batches(fresh.values(), PATIENTS_AT_ONCE):
        report.reminders_added += take_in(tx, deps, held, others, slots, is_announced=is_announced, now=now).added
    for some in in_batches(sorted(touched), PATIENTS_AT_ONCE):
        planned = plan_patients(tx, stock.clinic, some, slots, identity=deps.identity, now=now)
        report.reminders_added += planned.added
        report.reminders_cancelled += planned.cancelled


def _report_missing(
    tx: Transaction, deps: Deps, clinic_id: ClinicId, fresh: Sequence[Appointment], now: datetime
) -> None:
    appointments.mark_missing(tx, [item.id for item in fresh], now=now)
    wanted = [task_about(clinic_id, item, TaskKind.MISSING_FROM_SCHEDULE) for item in fresh]
    tasks.open_anew(tx, [(deps.identity.new_id(), task) for task in wanted], now=now)
