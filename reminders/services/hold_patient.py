"""Hold: everything automatic about one patient stops, in the caller's transaction, until staff have looked.

What `pause.pause` does at staff's word follows here from a text. The clinic is not locked: who reads its schedule
meanwhile waits for the patient, and plans with the hold or is planned anew by it.
"""

from __future__ import annotations

from datetime import datetime

from reminders.core.clinics import Clinic
from reminders.core.ids import PatientId
from reminders.core.pauses import REFUSES, Pause, PauseKind
from reminders.services.deps import Deps
from reminders.services.plan_reminders import plan_patients
from reminders.store import appointments, patients, pauses, withdrawals
from reminders.store.unit_of_work import Transaction

BECAUSE = "a text says that the patient has died"
BY = "text"


def hold_patient(tx: Transaction, deps: Deps, clinic: Clinic, patient_id: PatientId, *, now: datetime) -> None:
    """Put a patient on hold, unless they are; take back what waits to leave and plan anew."""
    withdrawals.lock_patients(tx, [patient_id])
    appointments.lock_of_patients(tx, [patient_id])
    subject = patients.get_many(tx, clinic.id, [patient_id])[patient_id].record.external_id
    if pauses.find(tx, clinic.id, PauseKind.PATIENT, subject) is None:
        made = Pause(
            id=deps.identity.new_id(),
            clinic_id=clinic.id,
            kind=PauseKind.PATIENT,
            subject=subject,
            reason=BECAUSE,
            made_by=BY,
            made_at=now,
            patient_id=patient_id,
        )
        pauses.add(tx, made)
    booked = {item.id for item in appointments.of_patients(tx, [patient_id])[patient_id]}
    withdrawals.withdraw(tx, booked, reason=REFUSES[PauseKind.PATIENT], now=now)
    plan_patients(tx, clinic, [patient_id], identity=deps.identity, now=now)
