"""Sync: read the clinic's schedule, show what it would change, and apply it in one transaction.

Fetch (no transaction open), then compare (core) and apply in one: what is shown is what was applied. The same file
twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reminders.core.appointments import (
    Change,
    ChangeKind,
    ScheduleDiff,
    ScheduleEntry,
    cancels_too_much,
    diff,
)
from reminders.core.clinics import Clinic
from reminders.core.ids import ClinicId
from reminders.core.tasks import TaskKind
from reminders.core.watching import LONG_OVER, never_asked_about
from reminders.failpoints import Failpoint, reach
from reminders.ports import SENDING_JOBS, Fault, ScheduleSource
from reminders.services.apply_schedule import Held, store_diff
from reminders.services.deps import Deps
from reminders.services.open_tasks import task_about
from reminders.services.plan_reminders import plan_patients
from reminders.store import appointments, clinics, patients, tasks
from reminders.store.unit_of_work import Transaction

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
    reading = source.fetch()
    may_apply = not options.is_dry_run and (options.is_partial or not reading.faults)
    with deps.store.transaction() if may_apply else deps.store.reading() as tx:
        by_clinic, strangers = _by_clinic(clinics.every(tx), reading.entries)
        report = SyncReport(faults=(*reading.faults, *strangers), notes=reading.notes)
        for clinic_id in sorted(by_clinic) if may_apply else ():
            clinics.lock(tx, clinic_id)
        now = deps.clock.now()
        # Reading what we hold opens every name: once for what is shown and for what is written.
        held = {clinic_id: _held(tx, clinic_id, source.name) for clinic_id in by_clinic}
        diffs = {key: _preview(report, held[key], entries, now) for key, entries in by_clinic.items()}
        is_blocked = bool(report.faults) and not options.is_partial
        if not may_apply or is_blocked or (report.waits_for_yes and not options.is_approved):
            return report
        for clinic_id in sorted(by_clinic):
            _apply(tx, deps, held[clinic_id], diffs[clinic_id], report, options=options, now=now)
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


def _held(tx: Transaction, clinic_id: ClinicId, source: str) -> Held:
    return Held(
        clinics.get(tx, clinic_id),
        source,
        patients.by_external_id(tx, clinic_id),
        appointments.of_source(tx, clinic_id, source),
    )


def _preview(report: SyncReport, held: Held, entries: Sequence[ScheduleEntry], now: datetime) -> ScheduleDiff:
    known = held.known
    found = diff(known, entries, now=now)
    report.changes += found.changes
    report.missing += [item for item in found.missing if not known[item].is_missing]
    fresh = [change.entry.booking for change in found.changes if _is_new_version(change)]
    unmarked = never_asked_about(held.clinic, fresh, now=now)
    if unmarked:
        report.notes = (*report.notes, LONG_OVER_NOTE.format(count=unmarked))
    report.waits_for_yes = report.waits_for_yes or cancels_too_much(found, known, now=now)
    return found


def _is_new_version(change: Change) -> bool:
    return change.before is None or not change.before.booking.same_version(change.entry.booking)


def _apply(
    tx: Transaction,
    deps: Deps,
    held: Held,
    found: ScheduleDiff,
    report: SyncReport,
    *,
    options: SyncOptions,
    now: datetime,
) -> None:
    touched = store_diff(tx, deps, held, found, is_announced=options.is_announced or bool(held.booked), now=now)
    if not report.faults:
        _report_missing(tx, deps, held, found, now)
    planned = plan_patients(tx, held.clinic, touched, identity=deps.identity, now=now)
    report.reminders_added += planned.added
    report.reminders_cancelled += planned.cancelled


def _report_missing(tx: Transaction, deps: Deps, held: Held, found: ScheduleDiff, now: datetime) -> None:
    gone = [held.booked[external_id] for external_id in found.missing]
    fresh = [item for item in gone if item.missing_since is None]
    appointments.mark_missing(tx, [item.id for item in fresh], now=now)
    wanted = [task_about(held.clinic.id, item, TaskKind.MISSING_FROM_SCHEDULE) for item in fresh]
    tasks.open_anew(tx, [(deps.identity.new_id(), task) for task in wanted], now=now)
