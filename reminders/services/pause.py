"""Pause and resume: a day the clinic is closed, a patient on hold, a stopped series.

One transaction stores the pause, takes back what waits to leave, and plans anew; a day concerns everybody, so its
planning follows in batches, and asking again finishes what was interrupted. A pause stops reminders only: answers to
patients and what staff write themselves still go out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.audit import Deed
from reminders.core.audit import about as row_name
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.pauses import REFUSES, Pause, PauseKind
from reminders.core.reminders import REVIVABLE
from reminders.core.staff import Actor
from reminders.core.tasks import TaskKind, key_of
from reminders.core.windows import civil, local_day
from reminders.ports import SENDING_JOBS
from reminders.services.audit import note
from reminders.services.deps import Deps
from reminders.services.find_subjects import check_words, find_clinic, find_clinics, find_patient
from reminders.services.plan_reminders import Planned, plan_patients
from reminders.services.replan_clinic import Watch, replan_clinic
from reminders.store import appointments, clinics, patients, pauses, tasks, withdrawals
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Subject:
    """What staff name: a day (ISO date), a patient or a series (the schedule's id)."""

    kind: PauseKind
    name: str
    clinic_slug: str | None = None


@dataclass(frozen=True, slots=True)
class DaySession:
    """A session booked on a day that is closed now; `starts_at` is UTC."""

    external_id: str
    patient: str
    name: str
    starts_at: datetime
    timezone: str


@dataclass(slots=True)
class PauseReport:
    """What a pause, or its end, did. `is_new` is false where it held already; then only an interrupted run goes on."""

    pause: Pause
    clinic: Clinic
    is_new: bool
    messages_stopped: int = 0
    patients_planned: int = 0
    failed: int = 0
    """Patients who could not be planned anew; the log names them by their ids."""
    stopped: int = 0
    """Reminders that wait no longer."""
    revived: int = 0
    """Reminders that wait again."""
    moved: int = 0
    """Reminders with another time."""
    sessions: list[DaySession] = field(default_factory=list)
    still: list[Subject] = field(default_factory=list)
    """What else keeps reminders of these sessions back after this pause ended."""


def pause(
    deps: Deps,
    subject: Subject,
    *,
    reason: str,
    by: str,
    watch: Watch = lambda _progress: None,
    who: Actor | None = None,
) -> PauseReport:
    """Pause a day, a patient or a series; what is paused already stays so, with its first reason.

    `who` is the signed-in person, for the audit log.

    Raises InputError for a faulty request, NotFoundError for an unknown patient or series.
    """
    check_words(reason=reason, by=by)
    with deps.store.transaction() as tx:
        clinic, now = _begin(tx, deps, subject)
        about = _about(tx, clinic, subject)
        held = pauses.find(tx, clinic.id, subject.kind, subject.name)
        made = held or Pause(
            id=deps.identity.new_id(),
            clinic_id=clinic.id,
            kind=subject.kind,
            subject=subject.name,
            reason=reason.strip(),
            made_by=by.strip(),
            made_at=now,
            patient_id=find_patient(tx, clinic, subject.name) if subject.kind is PauseKind.PATIENT else None,
        )
        report = PauseReport(made, clinic, is_new=held is None)
        if held is None:
            _check_day(clinic, subject, now)
            pauses.add(tx, made)
            _note(tx, deps, who, Deed.REMINDERS_PAUSED, made)
        if subject.kind is PauseKind.DAY:
            _close_day(tx, deps, report, now)
        else:
            _stop(tx, deps, report, about, now)
    if subject.kind is PauseKind.DAY:
        _plan_everybody(deps, report, watch)
    return report


def resume(
    deps: Deps, subject: Subject, *, by: str, watch: Watch = lambda _progress: None, who: Actor | None = None
) -> PauseReport:
    """End a pause: what is still useful waits again, what is not stays ended as on hold.

    Raises InputError where nothing is paused.
    """
    check_words(reason="resumed", by=by)
    with deps.store.transaction() as tx:
        clinic, now = _begin(tx, deps, subject)
        held = pauses.find(tx, clinic.id, subject.kind, subject.name)
        if held is None:
            raise InputError([f"{subject.kind} {subject.name}: not paused; `reminders pause list` shows what is"])
        pauses.end(tx, held.id, by=by.strip(), now=now)
        _note(tx, deps, who, Deed.REMINDERS_RESUMED, held)
        report = PauseReport(held, clinic, is_new=True)
        if subject.kind is PauseKind.DAY:
            # Where the clinic's own file closes the day as well, nobody is there all the same.
            opened = [] if clinic.is_closed(date.fromisoformat(held.subject)) else _sessions_on(tx, clinic, held)
            tasks.resolve(tx, _task_keys(opened), by=by.strip(), now=now)
        else:
            about = _about(tx, clinic, subject)
            withdrawals.lock_patients(tx, set(about.values()))
            withdrawals.free_refused(tx, about, now=now)
            _plan(tx, deps, report, set(about.values()), now)
            report.still = _still(tx, clinic, about)
    if subject.kind is PauseKind.DAY:
        _plan_everybody(deps, report, watch)
    deps.lookout.forget()  # what was held may have been due long ago
    deps.queue.hint(SENDING_JOBS.values())
    return report


def _note(tx: Transaction, deps: Deps, who: Actor | None, deed: Deed, item: Pause) -> None:
    if who is not None:
        row = row_name("pause", item.id) if item.patient_id is None else row_name("patient", item.patient_id)
        note(tx, deps, who, deed, clinic_id=item.clinic_id, about=row, detail=item.reason)


def list_pauses(deps: Deps, clinic_slug: str | None, *, with_ended: bool) -> list[tuple[Clinic, Pause]]:
    """Return what is paused, the newest first; with `with_ended` all that ever was."""
    with deps.store.reading() as tx:
        found = [(clinic, item) for clinic in find_clinics(tx, clinic_slug) for item in pauses.every(tx, clinic.id)]
    return [(clinic, item) for clinic, item in found if with_ended or item.ended_at is None]


def _begin(tx: Transaction, deps: Deps, subject: Subject) -> tuple[Clinic, datetime]:
    """Lock the clinic: whoever reads its schedule meanwhile plans before this, or with the pause."""
    clinic = find_clinic(tx, subject.clinic_slug)
    clinics.lock(tx, clinic.id)
    return clinic, deps.clock.now()


def _about(tx: Transaction, clinic: Clinic, subject: Subject) -> dict[AppointmentId, PatientId]:
    """Return the sessions that are meant, each with whose it is; for a day none: nobody's messages stop."""
    match subject.kind:
        case PauseKind.DAY:
            return {}
        case PauseKind.PATIENT:
            key = find_patient(tx, clinic, subject.name)
            return {item.id: key for item in appointments.of_patients(tx, [key])[key]}
        case PauseKind.SERIES:
            found = pauses.of_series(tx, clinic.id, subject.name)
            if not found:
                raise NotFoundError(f"no series {subject.name!r}; series are named by their id in the schedule")
            return found


def _check_day(clinic: Clinic, subject: Subject, now: datetime) -> None:
    today = local_day(now, clinic.tz)
    if subject.kind is PauseKind.DAY and date.fromisoformat(subject.name) < today:
        raise InputError(
            [f"day: found {subject.name}; today is {today.isoformat()}, and what is over cannot be closed"]
        )


def _stop(
    tx: Transaction, deps: Deps, report: PauseReport, about: dict[AppointmentId, PatientId], now: datetime
) -> None:
    """Take back what has not left; planning anew then refuses what is paused and lets the rest wait as before."""
    people = set(about.values())
    withdrawals.lock_patients(tx, people)
    stopped = withdrawals.withdraw(tx, about, reason=REFUSES[report.pause.kind], now=now)
    report.messages_stopped = len(stopped)
    _plan(tx, deps, report, people, now)


def _still(tx: Transaction, clinic: Clinic, about: dict[AppointmentId, PatientId]) -> list[Subject]:
    """Return the other pauses of these sessions: whoever ended one may not think of them."""
    now_paused = pauses.current(tx, clinic.id)
    stopped = {item.booking.series_id for item in appointments.get_many(tx, about).values()} & now_paused.series
    held = patients.get_many(tx, clinic.id, set(about.values()) & now_paused.patients).values()
    return [
        *(Subject(PauseKind.PATIENT, patient.record.external_id, clinic.slug) for patient in held),
        *(Subject(PauseKind.SERIES, name, clinic.slug) for name in sorted(filter(None, stopped))),
    ]


def _plan(tx: Transaction, deps: Deps, report: PauseReport, people: Collection[PatientId], now: datetime) -> None:
    planned = plan_patients(tx, report.clinic, people, identity=deps.identity, now=now)
    _count(report, planned)
    report.patients_planned += len(people)


def _count(report: PauseReport, planned: Planned) -> None:
    report.stopped += sum(len(ids) for reason, ids in planned.ended.items() if reason in REVIVABLE)
    report.revived += planned.revived
    report.moved += planned.moved


def _close_day(tx: Transaction, deps: Deps, report: PauseReport, now: datetime) -> None:
    """Name the sessions of a day that is closed now. Planning opens their tasks; old ones of theirs open again."""
    found = _sessions_on(tx, report.clinic, report.pause)
    if report.is_new:
        tasks.reopen(tx, _task_keys(found), now=now)
    people = patients.get_many(tx, report.clinic.id, {item.patient_id for item in found})
    for item in found:
        record = people[item.patient_id].record
        session = DaySession(item.external_id, record.external_id, record.name, item.starts_at, item.booking.timezone)
        report.sessions.append(session)
    _plan(tx, deps, report, set(people), now)


def _sessions_on(tx: Transaction, clinic: Clinic, item: Pause) -> Sequence[Appointment]:
    """Return what is booked on a closed day of the clinic's own calendar."""
    on = date.fromisoformat(item.subject)
    ends = (civil(day, time(), clinic.tz) for day in (on, on + timedelta(days=1)))
    found = appointments.between(tx, clinic.id, *ends)
    return [session for session in found if session.status is AppointmentStatus.BOOKED]


def _task_keys(items: Iterable[Appointment]) -> list[str]:
    return [key_of(TaskKind.SESSION_ON_CLOSED_DAY, item.id, item.version) for item in items]


def _plan_everybody(deps: Deps, report: PauseReport, watch: Watch) -> None:
    done = replan_clinic(deps, report.clinic, watch)
    report.patients_planned, report.failed = done.done - done.failed, done.failed
    report.moved += done.moved
