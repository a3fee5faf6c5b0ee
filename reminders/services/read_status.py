"""Status: the ledger, the appointments with their answers, the worklist, and the signs of life. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.core.appointments import Glance
from reminders.core.clinics import Clinic
from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.core.pauses import Pauses
from reminders.core.reminders import Reason
from reminders.core.transport import RideState
from reminders.core.windows import local_day
from reminders.services.deps import Deps
from reminders.services.read_worklist import TaskLine, worklist_lines
from reminders.store import clinics, glances, ledger, patients, pauses, timeline, vital_signs
from reminders.store.ledger import Ledger
from reminders.store.tasks import Wanted
from reminders.store.timeline import Line
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class AppointmentLine:
    """One appointment at a glance. `starts_at` UTC, `timezone` the one to show it in."""

    appointment_id: AppointmentId
    clinic: str
    external_id: str
    patient_id: PatientId
    patient: str
    name: str
    starts_at: datetime
    timezone: str
    status: str
    is_confirmed: bool
    ride: RideState | None
    """What was last said of the ride of this version."""
    last_message: Line | None
    last_reply: Line | None
    paused_for: Reason | None
    """Why reminders about it are held back: the patient is on hold, or the series is stopped."""
    is_on_closed_day: bool


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `reminders status` and the first pages show."""

    now: datetime
    ledger: Ledger
    appointments: Sequence[AppointmentLine]
    tasks: Sequence[TaskLine]
    beats: dict[str, datetime]
    machine_now: datetime


def read_status(deps: Deps, *, days: int = 7, limit: int = 200) -> Status:
    """Return the state of things: appointments from the start of yesterday to `days` ahead, all in one snapshot."""
    now = deps.clock.now()
    with deps.store.reading() as tx:
        visits = [
            line
            for clinic_id, clinic in clinics.every(tx).items()
            for line in appointment_lines(
                tx, clinic_id, clinic, after=now - timedelta(days=1), before=now + timedelta(days=days), limit=limit
            )
        ]
        return Status(
            now=now,
            ledger=ledger.read(tx),
            appointments=sorted(visits, key=lambda line: line.starts_at)[:limit],
            tasks=worklist_lines(tx, Wanted(), limit=limit),
            beats=vital_signs.last_beats(tx),
            machine_now=deps.clock.machine_now(),
        )


def read_ledger(deps: Deps) -> Ledger:
    """Return the ledger alone."""
    with deps.store.reading() as tx:
        return ledger.read(tx)


def appointment_lines(
    tx: Transaction, clinic_id: ClinicId, clinic: Clinic, *, after: datetime, before: datetime, limit: int
) -> list[AppointmentLine]:
    """Return a clinic's appointments that start in [after, before), in order of start, each at a glance."""
    booked = glances.between(tx, clinic_id, after, before, limit=limit)
    return lines_about(tx, [Booked(clinic, pauses.current(tx, clinic_id), booked)])


@dataclass(frozen=True, slots=True)
class Booked:
    """Sessions of one clinic, and what is paused there."""

    clinic: Clinic
    paused: Pauses
    sessions: Sequence[Glance]

    def is_on_closed_day(self, at: datetime) -> bool:
        """Say whether one of them, by its start, lies on a day on which the clinic is closed."""
        return self.clinic.is_closed(local_day(at, self.clinic.tz), self.paused)


def lines_about(tx: Transaction, asked: Sequence[Booked]) -> list[AppointmentLine]:
    """Return sessions in their order, each at a glance, in as many statements for many clinics as for one."""
    every = [(here, item) for here in asked for item in here.sessions]
    people = patients.names_of(tx, {item.patient_id for _, item in every})
    sent = timeline.last_messages(tx, [item.id for _, item in every])
    heard = timeline.last_replies(tx, list(people))
    return [
        AppointmentLine(
            appointment_id=item.id,
            clinic=here.clinic.slug,
            external_id=item.external_id,
            patient_id=item.patient_id,
            patient=people[item.patient_id][0],
            name=people[item.patient_id][1],
            starts_at=item.starts_at,
            timezone=item.timezone,
            status=item.status,
            is_confirmed=item.is_confirmed,
            ride=item.ride,
            last_message=sent.get(item.id),
            last_reply=heard.get(item.patient_id),
            paused_for=here.paused.refusal_of(item.patient_id, item.series_id),
            is_on_closed_day=here.is_on_closed_day(item.starts_at),
        )
        for here, item in every
    ]


def leave_beat(deps: Deps, name: str) -> None:
    """Leave a sign of life."""
    with deps.store.transaction() as tx:
        vital_signs.beat(tx, name, machine_now=deps.clock.machine_now())


def is_alive(deps: Deps, name: str, *, within: timedelta) -> bool:
    """Say whether a process left a sign of life within this time (machine time)."""
    with deps.store.reading() as tx:
        last = vital_signs.last_beats(tx).get(name)
    return last is not None and deps.clock.machine_now() - last <= within


def is_database_there(deps: Deps) -> bool:
    """Say whether the database answers with the tables we know. Raises nothing."""
    try:
        read_ledger(deps)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the answer is no
        return False
    return True
