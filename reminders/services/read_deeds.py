"""Read deeds: the audit log of one's clinics, by person, patient and day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from reminders.core.audit import AuditEvent, about
from reminders.core.clinics import Clinic
from reminders.core.ids import ClinicId, PatientId, StaffId
from reminders.core.staff import Actor, Right
from reminders.core.windows import civil
from reminders.core.wording import StaffClock
from reminders.services.deps import Deps
from reminders.store import audit, clinics, staff
from reminders.store.unit_of_work import Transaction

MOST_LINES = 200
ONE_DAY = timedelta(days=1)
STAFF, PATIENT = "staff", "patient"


@dataclass(frozen=True, slots=True)
class DeedQuery:
    """What is asked for; None is everything. `patient` is the schedule's id, `day` a day of the clinic's calendar."""

    staff_id: StaffId | None = None
    patient: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class DeedLine:
    """One deed, with the name of what it is about where that can be told. `done_at` is the machine's time."""

    event: AuditEvent
    subject: str
    clinic: str
    clock: StaffClock


@dataclass(frozen=True, slots=True)
class DeedPage:
    """The newest deeds that were asked for, and whether there are more; `people` are those to choose from."""

    lines: Sequence[DeedLine]
    has_more: bool
    people: Mapping[StaffId, str]
    clock: StaffClock
    """That of the page, by which days are counted."""


def read_deeds(deps: Deps, who: Actor, query: DeedQuery) -> DeedPage:
    """Return deeds at the clinics whose log `who` may read, the newest first; a patient nobody knows has none."""
    mine = who.clinics(Right.AUDIT)
    with deps.store.reading() as tx:
        known = {key: item for key, item in clinics.every(tx).items() if key in mine}
        people = {person.id: person.name for person in staff.at_clinics(tx, mine)}
        clock = min((item.clock for item in known.values()), key=_named, default=StaffClock(ZoneInfo("UTC")))
        subjects = None
        if query.patient is not None:
            subjects = [about(PATIENT, key) for key in audit.patients_called(tx, mine, query.patient)]
        found = audit.newest(
            tx,
            mine,
            within=None if query.day is None else _span(query.day, clock.tz),
            staff_id=query.staff_id,
            about=subjects,
            with_unassigned=who.may(Right.AUDIT, None),
            limit=MOST_LINES + 1,
        )
        names = {about(STAFF, key): name for key, name in people.items()} | _patients(tx, found)
    lines = [_line(event, known, names, clock) for event in found[:MOST_LINES]]
    return DeedPage(lines, len(found) > MOST_LINES, people, clock)


def _named(clock: StaffClock) -> str:
    return clock.tz.key


def _span(day: date, tz: ZoneInfo) -> tuple[datetime, datetime]:
    return civil(day, time(), tz), civil(day + ONE_DAY, time(), tz)


def _patients(tx: Transaction, events: Sequence[AuditEvent]) -> dict[str, str]:
    """Return what the schedule calls the patients whom deeds are about."""
    start = f"{PATIENT}:"
    subjects = {event.about for event in events if event.about is not None}
    ids = {PatientId(UUID(subject[len(start) :])) for subject in subjects if subject.startswith(start)}
    return {about(PATIENT, key): external_id for key, external_id in audit.patient_ids(tx, ids).items()}


def _line(event: AuditEvent, known: Mapping[ClinicId, Clinic], names: Mapping[str, str], clock: StaffClock) -> DeedLine:
    clinic = known.get(event.clinic_id) if event.clinic_id is not None else None
    return DeedLine(
        event, names.get(event.about or "", ""), clinic.sender if clinic else "", clinic.clock if clinic else clock
    )
