"""Sync: read the clinic's schedule, show what it would change, and apply it in one transaction.

Fetch (no transaction open), then compare (core) and apply in one: what is shown is what was applied. The same file
twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
)
from reminders.core.clinics import Clinic
from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.core.patients import Channel, PatientRecord
from reminders.core.reminders import Reason
from reminders.core.tasks import TaskKind
from reminders.core.watching import LONG_OVER, never_asked_about
from reminders.failpoints import Failpoint, reach
from reminders.ports import SENDING_JOBS, Fault, ScheduleSource
from reminders.services.deps import Deps
from reminders.services.open_tasks import task_about
from reminders.services.plan_reminders import plan_patients, withdraw
from reminders.services.settle_tasks import Corrected, Moved, settle_by_schedule
from reminders.store import appointments, clinics, patients, tasks, withdrawals
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


@dataclass(frozen=True, slots=True)
class _Held:
    """What one clinic has of one source before the reading is applied."""

    clinic: Clinic
    source: str
    people: Mapping[str, tuple[PatientId, PatientRecord]]
    booked: Mapping[str, Appointment]

    @property
    def known(self) -> dict[str, Known]:
        records = dict(self.people.values())
        return {
            external_id: Known(records[item.patient_id], item.booking, is_missing=item.missing_since is not None)
            for external_id, item in self.booked.items()
        }


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


def _held(tx: Transaction, clinic_id: ClinicId, source: str) -> _Held:
    return _Held(
        clinics.get(tx, clinic_id),
        source,
        patients.by_external_id(tx, clinic_id),
        appointments.of_source(tx, clinic_id, source),
    )


def _preview(report: SyncReport, held: _Held, entries: Sequence[ScheduleEntry], now: datetime) -> ScheduleDiff:
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
    held: _Held,
    found: ScheduleDiff,
    report: SyncReport,
    *,
    options: SyncOptions,
    now: datetime,
) -> None:
    is_first = not held.booked
    ids = _save_patients(tx, deps, held, found, now)
    is_announced = options.is_announced or not is_first
    touched = _save_appointments(tx, deps, held, found, ids=ids, is_announced=is_announced, now=now)
    _take_back(tx, held, found, now)
    settle_by_schedule(tx, _moved(held, found), _corrected(held, found), now=now)
    if not report.faults:
        _report_missing(tx, deps, held, found, now)
    planned = plan_patients(tx, held.clinic, touched, identity=deps.identity, now=now)
    report.reminders_added += planned.added
    report.reminders_cancelled += planned.cancelled


def _save_patients(
    tx: Transaction, deps: Deps, held: _Held, found: ScheduleDiff, now: datetime
) -> dict[str, PatientId]:
    ids = {external_id: key for external_id, (key, _) in held.people.items()}
    changed: dict[PatientId, tuple[PatientRecord, PatientRecord | None]] = {}
    for change in found.changes:
        record = change.entry.patient
        key, before = held.people.get(record.external_id, (None, None))
        if before == record:
            continue
        ids.setdefault(record.external_id, key or PatientId(deps.identity.new_id()))
        changed[ids[record.external_id]] = (record, before)
    patients.save_many(tx, held.clinic.id, changed)
    events = [
        (deps.identity.new_id(), held.clinic.id, key, channel, record.has_consent(channel))
        for key, (record, before) in changed.items()
        for channel in Channel
        if record.has_consent(channel) != (before is not None and before.has_consent(channel))
    ]
    patients.record_consents(tx, events, source=f"schedule:{held.source}", now=now)
    return ids


def _save_appointments(
    tx: Transaction,
    deps: Deps,
    held: _Held,
    found: ScheduleDiff,
    *,
    ids: Mapping[str, PatientId],
    is_announced: bool,
    now: datetime,
) -> set[PatientId]:
    """Store what is new or changed; return the patients whose plan may differ now."""
    new: list[Appointment] = []
    changed: list[Appointment] = []
    superseded: list[AppointmentId] = []
    touched: set[PatientId] = set()
    for change in found.effective:
        patient_id = ids[change.entry.patient.external_id]
        before = held.booked.get(change.entry.external_id)
        if before is None:
            key = AppointmentId(deps.identity.new_id())
            new.append(_new(key, change.entry, patient_id, is_announced=is_announced, now=now))
        else:
            after = _next(before, change.entry, patient_id, now)
            changed.append(after)
            touched.add(before.patient_id)
            superseded += [before.id] if after.version != before.version else []
        touched.add(patient_id)
    appointments.insert_many(tx, held.clinic.id, held.source, new)
    appointments.update_many(tx, held.clinic.id, held.source, changed)
    withdraw(tx, superseded, now=now)
    return touched


def _take_back(tx: Transaction, held: _Held, found: ScheduleDiff, now: datetime) -> None:
    """Give back to the plan what waits to leave in words or to an address that this reading corrected."""
    records = {change.entry.patient.external_id: change.entry.patient for change in found.effective}
    people = [key for name, (key, record) in held.people.items() if records.get(name, record) != record]
    about = {item.id for items in appointments.of_patients(tx, people).values() for item in items}
    about |= {
        held.booked[change.entry.external_id].id
        for change in found.effective
        if change.before is not None and change.before.booking != change.entry.booking
    }
    withdrawals.withdraw(tx, about, reason=Reason.REPLANNED, now=now)


def _moved(held: _Held, found: ScheduleDiff) -> list[Moved]:
    return [
        Moved(held.booked[change.entry.external_id].id, change.before.booking, change.entry.booking)
        for change in found.effective
        if change.before is not None
    ]


def _corrected(held: _Held, found: ScheduleDiff) -> list[Corrected]:
    records = {change.entry.patient.external_id: change.entry.patient for change in found.changes}
    return [
        Corrected(key, before, records[name])
        for name, (key, before) in held.people.items()
        if name in records and records[name] != before
    ]


def _new(
    key: AppointmentId, entry: ScheduleEntry, patient_id: PatientId, *, is_announced: bool, now: datetime
) -> Appointment:
    return Appointment(key, entry.external_id, patient_id, entry.booking, 1, now, is_announced=is_announced)


def _next(before: Appointment, entry: ScheduleEntry, patient_id: PatientId, now: datetime) -> Appointment:
    kept = replace(before, booking=entry.booking, patient_id=patient_id, missing_since=None)
    if before.starts_at != kept.starts_at or before.patient_id != patient_id:
        kept = replace(kept, ended_at=None, ended_by=None)  # that was another session's end
    # An id that passes to another patient must not carry the first one's confirmation along.
    if before.booking.same_version(entry.booking) and before.patient_id == patient_id:
        return kept
    return replace(kept, version=before.version + 1, versioned_at=now, is_announced=True)


def _report_missing(tx: Transaction, deps: Deps, held: _Held, found: ScheduleDiff, now: datetime) -> None:
    gone = [held.booked[external_id] for external_id in found.missing]
    fresh = [item for item in gone if item.missing_since is None]
    appointments.mark_missing(tx, [item.id for item in fresh], now=now)
    wanted = [task_about(held.clinic.id, item, TaskKind.MISSING_FROM_SCHEDULE) for item in fresh]
    tasks.open_anew(tx, [(deps.identity.new_id(), task) for task in wanted], now=now)
