"""Apply what a reading of the schedule changes, be it the whole of it or one entry. Part of the caller's transaction.

The caller has locked the clinic. Nothing here looks at what a reading does not name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reminders.core.appointments import Appointment, Change, ChangeKind, Known, ScheduleDiff, ScheduleEntry
from reminders.core.clinics import Clinic
from reminders.core.feed import FeedEvent, FeedKind
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.patients import Channel, PatientRecord
from reminders.core.reminders import Reason
from reminders.services.deps import Deps
from reminders.services.plan_reminders import plan_patients, withdraw
from reminders.services.settle_tasks import Corrected, Moved, settle_by_schedule
from reminders.store import appointments, events, patients, withdrawals
from reminders.store.unit_of_work import Transaction

TOLD: Mapping[ChangeKind, FeedKind] = {
    ChangeKind.MOVED: FeedKind.APPOINTMENT_MOVED,
    ChangeKind.CANCELLED: FeedKind.APPOINTMENT_CANCELLED,
}
"""What the feed is told of changes."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one clinic has of one source before the reading is applied: at least what the reading changes."""

    clinic: Clinic
    source: str
    people: Mapping[str, tuple[PatientId, PatientRecord]]
    booked: Mapping[str, Appointment]

    @property
    def known(self) -> dict[str, Known]:
        """What a comparison needs of the sessions in it, by external id."""
        records = dict(self.people.values())
        return {
            external_id: Known(records[item.patient_id], item.booking, is_missing=item.missing_since is not None)
            for external_id, item in self.booked.items()
        }


def store_diff(
    tx: Transaction, deps: Deps, held: Held, found: ScheduleDiff, *, is_announced: bool, now: datetime
) -> set[PatientId]:
    """Store the changes and what they end; return the patients whose plan may differ now, for the caller to plan.

    `is_announced` is whether patients hear of new sessions. What is missing is the caller's to judge.
    """
    ids = _save_patients(tx, deps, held, found, now)
    touched = _save_appointments(tx, deps, held, found, ids=ids, is_announced=is_announced, now=now)
    _take_back(tx, held, found, now)
    settle_by_schedule(tx, _moved(held, found), _corrected(held, found), now=now)
    events.add(tx, [_news(held, change, now) for change in found.effective if change.kind in TOLD and change.before])
    return touched


def _news(held: Held, change: Change, now: datetime) -> FeedEvent:
    item = held.booked[change.entry.external_id]
    return FeedEvent(TOLD[change.kind], held.clinic.id, "appointment", item.id, now, item.patient_id)


def apply_record(tx: Transaction, deps: Deps, held: Held, record: PatientRecord, *, now: datetime) -> PatientId:
    """Store what a source says of a patient, apart from any session, and plan anew where that differs."""
    key, before = held.people.get(record.external_id, (None, None))
    key = key or PatientId(deps.identity.new_id())
    if before == record:
        return key
    save_records(tx, deps, held, {key: (record, before)}, now)
    if before is not None:
        about = {item.id for item in appointments.of_patients(tx, [key])[key]}
        withdrawals.withdraw(tx, about, reason=Reason.REPLANNED, now=now)
        settle_by_schedule(tx, [], [Corrected(key, before, record)], now=now)
    plan_patients(tx, held.clinic, [key], identity=deps.identity, now=now)
    return key


def _save_patients(tx: Transaction, deps: Deps, held: Held, found: ScheduleDiff, now: datetime) -> dict[str, PatientId]:
    ids = {external_id: key for external_id, (key, _) in held.people.items()}
    changed: dict[PatientId, tuple[PatientRecord, PatientRecord | None]] = {}
    for change in found.effective:  # a row whose patient is described otherwise than we hold them is never unchanged
        record = change.entry.patient
        key, before = held.people.get(record.external_id, (None, None))
        if before == record:
            continue
        ids.setdefault(record.external_id, key or PatientId(deps.identity.new_id()))
        changed[ids[record.external_id]] = (record, before)
    save_records(tx, deps, held, changed, now)
    return ids


def save_records(
    tx: Transaction,
    deps: Deps,
    held: Held,
    changed: Mapping[PatientId, tuple[PatientRecord, PatientRecord | None]],
    now: datetime,
) -> None:
    """Store patients, each as (what it is now, what it was), and what that says of consent."""
    patients.save_many(tx, held.clinic.id, changed)
    consents = [
        (deps.identity.new_id(), held.clinic.id, key, channel, record.has_consent(channel))
        for key, (record, before) in changed.items()
        for channel in Channel
        if record.has_consent(channel) != (before is not None and before.has_consent(channel))
    ]
    patients.record_consents(tx, consents, source=f"schedule:{held.source}", now=now)


def _save_appointments(
    tx: Transaction,
    deps: Deps,
    held: Held,
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
            new.append(new_appointment(key, change.entry, patient_id, is_announced=is_announced, now=now))
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


def _take_back(tx: Transaction, held: Held, found: ScheduleDiff, now: datetime) -> None:
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


def _moved(held: Held, found: ScheduleDiff) -> list[Moved]:
    return [
        Moved(held.booked[change.entry.external_id].id, change.before.booking, change.entry.booking)
        for change in found.effective
        if change.before is not None
    ]


def _corrected(held: Held, found: ScheduleDiff) -> list[Corrected]:
    records = {change.entry.patient.external_id: change.entry.patient for change in found.effective}
    return [
        Corrected(key, before, records[name])
        for name, (key, before) in held.people.items()
        if name in records and records[name] != before
    ]


def new_appointment(
    key: AppointmentId, entry: ScheduleEntry, patient_id: PatientId, *, is_announced: bool, now: datetime
) -> Appointment:
    """Return a session as we hold it from now on."""
    return Appointment(key, entry.external_id, patient_id, entry.booking, 1, now, is_announced=is_announced)


def _next(before: Appointment, entry: ScheduleEntry, patient_id: PatientId, now: datetime) -> Appointment:
    kept = replace(before, booking=entry.booking, patient_id=patient_id, missing_since=None)
    if before.starts_at != kept.starts_at or before.patient_id != patient_id:
        kept = replace(kept, ended_at=None, ended_by=None)  # that was another session's end
    # An id that passes to another patient must not carry the first one's confirmation along.
    if before.booking.same_version(entry.booking) and before.patient_id == patient_id:
        return kept
    return replace(kept, version=before.version + 1, versioned_at=now, is_announced=True)
