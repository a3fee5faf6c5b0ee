"""Record end: staff say when a session really ended, and what counts from its end is planned anew (requirement 13).

What waits to leave for the old end is taken back in the same transaction, with all that it carried along. The version
does not change: nothing that the patient confirmed is another thing now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.conditions import LASTING, Case
from reminders.core.reminders import Reason, Reminder
from reminders.core.session_ends import read_end
from reminders.ports import SENDING_JOBS
from reminders.services.deps import Deps
from reminders.services.find_subjects import check_words, find_appointment, find_clinic
from reminders.services.plan_reminders import plan_patients
from reminders.store import appointments, clinics, withdrawals


@dataclass(frozen=True, slots=True)
class EndReport:
    """A session with the end that holds now, and what planning its patient anew changed."""

    appointment: Appointment
    clinic: Clinic
    ended_at: datetime
    is_changed: bool = False
    has_outcome: bool = True
    """False where check-ins wait for the schedule to say that the session took place."""
    moved: int = 0
    """Check-ins of this session that wait for another time."""
    planned: int = 0
    """Reminders that were not waiting before."""
    withdrawn: int = 0


def record_end(deps: Deps, name: str, clinic_slug: str | None, said: str | None, *, by: str) -> EndReport:
    """Record the end of a session, or correct it; the end that is known already changes nothing.

    `said` is as `session_ends.read_end` reads it. Raises InputError for what cannot be, NotFoundError for a session
    that nobody knows.
    """
    check_words(reason="ended", by=by)
    with deps.store.transaction() as tx:
        clinic = find_clinic(tx, clinic_slug)
        clinics.lock(tx, clinic.id)
        now = deps.clock.now()
        item = find_appointment(tx, clinic, name)
        ended_at = read_end(said, item, now=now)
        if ended_at == item.ended_at:
            return EndReport(item, clinic, ended_at)
        withdrawals.lock_patients(tx, [item.patient_id])
        appointments.end(tx, item.id, at=ended_at, by=by.strip())
        withdrawals.withdraw(tx, [item.id], reason=Reason.REPLANNED, now=now)
        planned = plan_patients(tx, clinic, [item.patient_id], identity=deps.identity, now=now)
    deps.queue.hint(SENDING_JOBS.values())
    case = next(case for case in planned.cases if case.appointment.id == item.id)
    return EndReport(
        case.appointment,
        clinic,
        ended_at,
        is_changed=True,
        has_outcome=case.is_fulfilled,
        moved=sum(1 for held, _ in planned.moves if held.planned.state.is_waiting and _is_check_in(held, case)),
        planned=planned.added + planned.revived,
        withdrawn=planned.cancelled,
    )


def _is_check_in(held: Reminder, case: Case) -> bool:
    step = case.cadence.step(held.step)
    return held.appointment_id == case.appointment.id and step is not None and step.phase in LASTING
