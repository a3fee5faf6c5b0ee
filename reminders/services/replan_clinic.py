"""Replan: bring the reminders of a whole clinic in line with its plan, some patients in each transaction.

An interrupted run is finished by the next one: what is right already is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from reminders.core.clinics import Clinic
from reminders.core.ids import ClinicId, PatientId
from reminders.services.apart import together_or_apart
from reminders.services.deps import Deps
from reminders.services.plan_reminders import Planned, plan_patients
from reminders.store import clinics, replans, withdrawals
from reminders.store.batches import in_batches

PATIENTS_AT_ONCE = 200
"""Planned anew in one transaction: short enough that nothing due waits for it."""
MONTH = timedelta(days=30)
"""How long after a session something may still come, but for the question to book again, which counts in weeks."""

log = structlog.get_logger()


@dataclass(slots=True)
class Replanned:
    """How far planning anew has come for a clinic, and what it changed."""

    slug: str
    patients: int
    done: int = 0
    failed: int = 0
    added: int = 0
    """Reminders that were not waiting before."""
    moved: int = 0
    withdrawn: int = 0


Watch = Callable[[Replanned], None]
"""Called before the first patients are planned, and after every batch."""


def replan_clinic(deps: Deps, clinic: Clinic, watch: Watch) -> Replanned:
    """Plan everybody of a clinic anew for whom something may still come; return what that changed."""
    with deps.store.reading() as tx:
        ids = replans.patients_with_more_to_come(tx, clinic.id, since=deps.clock.now() - _reach(clinic))
    report = Replanned(clinic.slug, patients=len(ids))
    watch(report)
    for batch in in_batches(ids, PATIENTS_AT_ONCE):
        failed: list[PatientId] = []
        for planned in together_or_apart(batch, lambda some: _plan(deps, clinic.id, some), failed.append):
            report.added += planned.added + planned.revived
            report.moved += planned.moved
            report.withdrawn += planned.cancelled
        for patient_id in failed:
            log.error("patient.not_replanned", patient_id=str(patient_id))
        report.failed += len(failed)
        report.done += len(batch)
        watch(report)
    return report


def _plan(deps: Deps, clinic_id: ClinicId, ids: Sequence[PatientId]) -> Planned:
    """Plan some patients anew, by the clinic as it is now: somebody may have changed it since we began."""
    with deps.store.transaction() as tx:
        clinics.lock(tx, clinic_id)
        withdrawals.lock_patients(tx, ids)
        return plan_patients(tx, clinics.get(tx, clinic_id), ids, identity=deps.identity, now=deps.clock.now())


def _reach(clinic: Clinic) -> timedelta:
    """Return how long after a session we may still have something to say."""
    weeks = max((cadence.rebook_weeks or 0 for cadence in clinic.cadences.values()), default=0)
    return timedelta(weeks=weeks) + MONTH
