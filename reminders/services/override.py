"""Override: staff change the cadence for one patient, who is planned anew in the same transaction (requirement 57).

What waits to leave is taken back first: its text and its channel were made under what held before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reminders.core.audit import Deed
from reminders.core.overrides import Change, Decision, amended
from reminders.core.reminders import Reason
from reminders.core.staff import Actor
from reminders.ports import SENDING_JOBS
from reminders.services.audit import note_patient
from reminders.services.deps import Deps
from reminders.services.find_subjects import check_words, find_clinic, find_patient
from reminders.services.plan_reminders import plan_patients
from reminders.store import appointments, clinics, overrides, withdrawals


@dataclass(frozen=True, slots=True)
class OverrideReport:
    """What holds for a patient, every decision that led there (the newest first), and what planning anew changed."""

    patient: str
    timezone: str
    document: Mapping[str, Any]
    history: Sequence[Decision]
    is_changed: bool = False
    planned: int = 0
    """Reminders that were not waiting before."""
    moved: int = 0
    withdrawn: int = 0


def read_override(deps: Deps, patient: str, clinic_slug: str | None) -> OverrideReport:
    """Return what holds for a patient. Raises InputError or NotFoundError."""
    with deps.store.reading() as tx:
        clinic = find_clinic(tx, clinic_slug)
        history = overrides.history(tx, find_patient(tx, clinic, patient))
    return OverrideReport(patient, clinic.timezone, history[0].document if history else {}, history)


def override_cadence(
    deps: Deps,
    patient: str,
    clinic_slug: str | None,
    change: Change,
    *,
    reason: str,
    by: str,
    who: Actor | None = None,
) -> OverrideReport:
    """Change what holds for a patient; what is asked for already changes nothing.

    `who` is the signed-in person, for the audit log.
    Raises InputError with every fault, or NotFoundError for an unknown patient.
    """
    check_words(reason=reason, by=by)
    with deps.store.transaction() as tx:
        clinic = find_clinic(tx, clinic_slug)
        clinics.lock(tx, clinic.id)
        now = deps.clock.now()
        key = find_patient(tx, clinic, patient)
        history = overrides.history(tx, key)
        before = history[0].document if history else {}
        after = amended(before, change, clinic)
        if after == before:
            return OverrideReport(patient, clinic.timezone, before, history)
        decision = Decision(deps.identity.new_id(), clinic.id, key, after, reason.strip(), by.strip(), now)
        overrides.decide(tx, decision)
        note_patient(tx, deps, who, Deed.CADENCE_CHANGED, (clinic.id, key), detail=decision.reason)
        withdrawals.lock_patients(tx, [key])
        about = [item.id for item in appointments.of_patients(tx, [key])[key]]
        withdrawals.withdraw(tx, about, reason=Reason.REPLANNED, now=now)
        planned = plan_patients(tx, clinic, [key], identity=deps.identity, now=now)
        found = overrides.history(tx, key)
    deps.queue.hint(SENDING_JOBS.values())
    return OverrideReport(
        patient,
        clinic.timezone,
        after,
        found,
        is_changed=True,
        planned=planned.added + planned.revived,
        moved=planned.moved,
        withdrawn=planned.cancelled,
    )
