"""Plan: bring the reminders of some patients in line with their appointments. Part of the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reminders.core.appointments import Appointment, AppointmentStatus
from reminders.core.clinics import Clinic
from reminders.core.conditions import Case, Telling, Told, case_of
from reminders.core.ids import AppointmentId, PatientId, ReminderId
from reminders.core.patients import Recipient
from reminders.core.planning import Plan, replan
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderState, ending
from reminders.core.tasks import USUAL_URGENCY, TaskKind
from reminders.core.windows import local_day
from reminders.ports import Identity
from reminders.services.open_tasks import Refused, open_planning_tasks, resolve_reachable
from reminders.services.watch_appointments import look
from reminders.store import appointments, escorts, patients, pauses, reminders, tasks, withdrawals
from reminders.store.unit_of_work import Transaction

OUT_OF_REACH = frozenset({Reason.NO_CONSENT, Reason.NO_ADDRESS, Reason.OPTED_OUT})
"""Refusals that end when the patient can be written to."""

NewRow = tuple[UUID, AppointmentId, PatientId, int, PlannedReminder]


@dataclass(slots=True)
class Planned:
    """What one run of the planner changed."""

    added: int = 0
    moved: int = 0
    revived: int = 0
    """Of those moved: what was refused or replaced, and waits again."""
    cancelled: int = 0
    rows: list[NewRow] = field(default_factory=list)
    ended: dict[Reason, list[ReminderId]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    reachable: list[Appointment] = field(default_factory=list)
    """Whose patients could not be written to, and can be now."""
    cases: list[Case] = field(default_factory=list)


def plan_patients(
    tx: Transaction, clinic: Clinic, ids: Collection[PatientId], *, identity: Identity, now: datetime
) -> Planned:
    """Re-plan every appointment of these patients; unchanged input changes nothing."""
    people = patients.get_many(tx, clinic.id, ids)
    booked = appointments.of_patients(tx, ids)
    every = [item.id for items in booked.values() for item in items]
    held = reminders.of_appointments(tx, every)
    told = reminders.last_told(tx, every)
    paused = pauses.current(tx, clinic.id)
    willing = escorts.willing(tx, ids)
    done = Planned()
    for patient_id, items in booked.items():
        for item in items:
            case = case_of(
                item,
                people[patient_id],
                clinic,
                siblings=[other for other in items if other.id != item.id],
                telling=_telling(item, told),
                now=now,
                pauses=paused,
                has_escort_consent=(patient_id, item.booking.escort_phone) in willing,
            )
            _collect(tx, done, case, held[item.id], identity=identity, now=now)
    _write(tx, clinic, done, identity=identity, now=now)
    _report_closed_days(tx, done.cases, identity=identity, now=now)
    return done


def closed_day_key(item: Appointment) -> str:
    """Return the key of the task about a session that is booked on a closed day."""
    return f"{TaskKind.SESSION_ON_CLOSED_DAY}:{item.id}:{item.version}"


def _report_closed_days(tx: Transaction, cases: Iterable[Case], *, identity: Identity, now: datetime) -> None:
    """Tell staff of sessions to come on days that the clinic's file or staff closed: nobody will be there."""
    kind = TaskKind.SESSION_ON_CLOSED_DAY
    found = [
        tasks.Task(
            kind=kind,
            urgency=USUAL_URGENCY[kind],
            key=closed_day_key(case.appointment),
            clinic_id=case.clinic.id,
            patient_id=case.patient.id,
            appointment_id=case.appointment.id,
        )
        for case in cases
        if case.appointment.status is AppointmentStatus.BOOKED and case.base.start > now
        if case.clinic.is_closed(local_day(case.base.start, case.tz), case.pauses)
    ]
    tasks.open_many(tx, [(identity.new_id(), task) for task in found], now=now)


def _telling(item: Appointment, told: Mapping[tuple[AppointmentId, Recipient], tuple[int, Told]]) -> Telling:
    """Return what was said of earlier versions: what this one said is no news to anybody."""
    heard = {
        recipient: what
        for recipient in Recipient
        for version, what in [told.get((item.id, recipient), (item.version, None))]
        if version < item.version
    }
    return Telling(item.is_announced, patient=heard.get(Recipient.PATIENT), escort=heard.get(Recipient.ESCORT))


def _collect(
    tx: Transaction, done: Planned, case: Case, existing: Sequence[Reminder], *, identity: Identity, now: datetime
) -> None:
    item, plan = case.appointment, replan(case, existing)
    done.cases.append(case)
    done.refused += [Refused(item, new.key.step, new.reason) for new in plan.add if new.reason is not None]
    done.refused += [Refused(item, held.step, reason) for held, reason in plan.cancel]
    done.reachable += [item] if _is_reachable_again(item, plan, existing) else []
    done.rows += [(identity.new_id(), item.id, item.patient_id, item.version, wanted) for wanted in plan.add]
    for held, wanted in plan.move:
        reminders.move(tx, held.id, wanted, now=now)
    for held, reason in plan.cancel:
        done.ended.setdefault(reason, []).append(held.id)
    done.moved += len(plan.move)
    done.revived += sum(1 for held, _ in plan.move if not held.planned.state.is_waiting)
    done.cancelled += len(plan.cancel)


def _write(tx: Transaction, clinic: Clinic, done: Planned, *, identity: Identity, now: datetime) -> None:
    reminders.add(tx, clinic.id, done.rows, now=now)
    done.added = sum(1 for row in done.rows if row[4].state is ReminderState.PLANNED)
    for reason, ids in done.ended.items():
        reminders.end(tx, ids, ending(reason), reason, now=now)
    resolve_reachable(tx, done.reachable, now=now)
    open_planning_tasks(tx, identity, clinic.id, done.refused, now=now)
    look(tx, clinic.id, done.cases, identity=identity, now=now, is_planning=True)


def _is_reachable_again(item: Appointment, plan: Plan, existing: Sequence[Reminder]) -> bool:
    waits_again = [wanted.state is ReminderState.PLANNED for wanted in (*plan.add, *(new for _, new in plan.move))]
    refused = (held.planned.reason in OUT_OF_REACH for held in existing if held.version == item.version)
    return any(waits_again) and any(refused)


def withdraw(tx: Transaction, ids: Collection[AppointmentId], *, now: datetime) -> None:
    """Stop what waits to leave for earlier versions of these appointments (requirement 2).

    What such a message carried goes back to the plan: what is about another session waits for a message of its own, and
    a check-in that was held when the outcome was marked is planned anew for the new version.
    """
    withdrawals.withdraw(tx, ids, reason=Reason.SUPERSEDED, now=now)
