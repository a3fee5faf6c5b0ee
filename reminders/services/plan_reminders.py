"""Plan: bring the reminders of some patients in line with their appointments. Part of the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.conditions import Case, Telling, Told, case_of
from reminders.core.escorts import EscortWord
from reminders.core.ids import AppointmentId, ClinicId, PatientId, ReminderId
from reminders.core.patients import Patient, Recipient
from reminders.core.pauses import Pauses
from reminders.core.planning import Plan, replan
from reminders.core.reminders import PlannedReminder, Reason, Reminder, ReminderState, ending
from reminders.core.slots import Slots
from reminders.ports import Identity
from reminders.services.open_tasks import Refused, open_closed_day_tasks, open_planning_tasks, resolve_reachable
from reminders.services.watch_appointments import look
from reminders.store import appointments, escorts, patients, pauses, reminders, withdrawals
from reminders.store.unit_of_work import Transaction

OUT_OF_REACH = frozenset({Reason.NO_CONSENT, Reason.NO_ADDRESS, Reason.OPTED_OUT, Reason.ADDRESS_FAULT})
"""Refusals that end when the patient can be written to."""

NewRow = tuple[UUID, AppointmentId, PatientId, int, PlannedReminder]


@dataclass(slots=True)
class Planned:
    """What one run of the planner changed."""

    slots: Slots
    rows: list[NewRow] = field(default_factory=list)
    moves: list[tuple[Reminder, PlannedReminder]] = field(default_factory=list)
    ended: dict[Reason, list[ReminderId]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    reachable: list[Appointment] = field(default_factory=list)
    """Whose patients could not be written to, and can be now."""
    cases: list[Case] = field(default_factory=list)

    @property
    def added(self) -> int:
        """How many new reminders wait."""
        return sum(1 for row in self.rows if row[4].state is ReminderState.PLANNED)

    @property
    def revived(self) -> int:
        """How many that were refused or replaced wait again."""
        return sum(1 for held, _ in self.moves if not held.planned.state.is_waiting)

    @property
    def moved(self) -> int:
        """How many that waited wait for another time."""
        return len(self.moves) - self.revived

    @property
    def cancelled(self) -> int:
        """How many wait no longer."""
        return sum(len(ids) for ids in self.ended.values())


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything that planning some patients depends on, apart from the clinic's own settings."""

    people: Mapping[PatientId, Patient]
    booked: Mapping[PatientId, Sequence[Appointment]]
    held: Mapping[AppointmentId, Sequence[Reminder]]
    told: Mapping[tuple[AppointmentId, Recipient], tuple[int, Told]]
    paused: Pauses
    words: Mapping[AppointmentId, EscortWord]


def surroundings(tx: Transaction, clinic_id: ClinicId, ids: Collection[PatientId]) -> Surroundings:
    """Return what planning these patients depends on, in a fixed number of statements."""
    booked = appointments.of_patients(tx, ids)
    every = [item.id for items in booked.values() for item in items]
    return Surroundings(
        people=patients.get_many(tx, clinic_id, ids),
        booked=booked,
        held=reminders.of_appointments(tx, every),
        told=reminders.last_told(tx, every),
        paused=pauses.current(tx, clinic_id),
        words=escorts.words(tx, [item for items in booked.values() for item in items]),
    )


def cases(found: Surroundings, clinic: Clinic, *, now: datetime) -> Iterator[tuple[Case, Sequence[Reminder]]]:
    """Yield every appointment as planning sees it under a clinic's settings, with what is held for it."""
    for patient_id, items in found.booked.items():
        patient = found.people[patient_id]
        for item in items:
            case = case_of(
                item,
                patient,
                clinic,
                siblings=[other for other in items if other is not item],
                telling=_telling(item, found.told),
                now=now,
                pauses=found.paused,
                escort=found.words.get(item.id, EscortWord.SILENT),
            )
            yield case, found.held[item.id]


def plan_patients(
    tx: Transaction,
    clinic: Clinic,
    ids: Collection[PatientId],
    slots: Slots | None = None,
    *,
    identity: Identity,
    now: datetime,
) -> Planned:
    """Re-plan every appointment of these patients; unchanged input changes nothing.

    Whoever plans many patients, some at a time, gives them all the same `slots`.
    """
    done = plan(surroundings(tx, clinic.id, ids), clinic, slots, identity=identity, now=now)
    _write(tx, clinic, done, identity=identity, now=now)
    open_closed_day_tasks(tx, identity, clinic.id, done.cases, now=now)
    return done


def plan(
    found: Surroundings, clinic: Clinic, slots: Slots | None = None, *, identity: Identity, now: datetime
) -> Planned:
    """Return what is to change for these patients; nothing is written yet."""
    done = Planned(slots or Slots(clinic))
    for case, held in cases(found, clinic, now=now):
        _collect(done, case, held, identity=identity)
    return done


def _telling(item: Appointment, told: Mapping[tuple[AppointmentId, Recipient], tuple[int, Told]]) -> Telling:
    """Return what was said of earlier versions: what this one said is no news to anybody."""
    if not told:
        return Telling(item.is_announced)
    heard = {
        recipient: what
        for recipient in Recipient
        for version, what in [told.get((item.id, recipient), (item.version, None))]
        if version < item.version
    }
    return Telling(item.is_announced, patient=heard.get(Recipient.PATIENT), escort=heard.get(Recipient.ESCORT))


def _collect(done: Planned, case: Case, existing: Sequence[Reminder], *, identity: Identity) -> None:
    item, wanted = case.appointment, replan(case, existing, done.slots)
    done.cases.append(case)
    done.refused += [Refused(item, new.key.step, new.reason) for new in wanted.add if new.reason is not None]
    done.refused += [Refused(item, held.step, reason) for held, reason in wanted.cancel]
    done.reachable += [item] if _is_reachable_again(item, wanted, existing) else []
    done.rows += [(identity.new_id(), item.id, item.patient_id, item.version, new) for new in wanted.add]
    done.moves += wanted.move
    for held, reason in wanted.cancel:
        done.ended.setdefault(reason, []).append(held.id)


def _write(tx: Transaction, clinic: Clinic, done: Planned, *, identity: Identity, now: datetime) -> None:
    reminders.move(tx, ((held.id, wanted) for held, wanted in done.moves), now=now)
    reminders.add(tx, clinic.id, done.rows, now=now)
    for reason, ids in done.ended.items():
        reminders.end(tx, ids, ending(reason), reason, now=now)
    resolve_reachable(tx, done.reachable, now=now)
    open_planning_tasks(tx, identity, clinic.id, done.refused, now=now)
    look(tx, clinic.id, done.cases, done.slots, identity=identity, now=now, is_planning=True)


def _is_reachable_again(item: Appointment, plan: Plan, existing: Sequence[Reminder]) -> bool:
    if not existing:
        return False
    waits_again = [wanted.state is ReminderState.PLANNED for wanted in (*plan.add, *(new for _, new in plan.move))]
    refused = (held.planned.reason in OUT_OF_REACH for held in existing if held.version == item.version)
    return any(waits_again) and any(refused)


def withdraw(tx: Transaction, ids: Collection[AppointmentId], *, now: datetime) -> None:
    """Stop what waits to leave for earlier versions of these appointments (requirement 2).

    What such a message carried goes back to the plan: what is about another session waits for a message of its own, and
    a check-in that was held when the outcome was marked is planned anew for the new version.
    """
    withdrawals.withdraw(tx, ids, reason=Reason.SUPERSEDED, now=now)
