"""Escort consent: what the person who fetches a patient said about being texted (requirement 52).

They get pick-up time and place only, for sessions whose booking names their phone; the patient is planned anew in the
transaction that records it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reminders.core.audit import Deed
from reminders.core.clinics import Clinic
from reminders.core.escorts import EscortConsent
from reminders.core.ids import PatientId
from reminders.core.patients import Recipient
from reminders.core.reminders import Reason
from reminders.core.staff import Actor
from reminders.ports import SENDING_JOBS
from reminders.services.audit import note_patient
from reminders.services.deps import Deps
from reminders.services.find_subjects import check_words, find_clinic, find_patient
from reminders.services.plan_reminders import plan_patients
from reminders.store import appointments, clinics, escorts, withdrawals
from reminders.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class EscortReport:
    """What escorts of a patient said, the newest first, and what planning anew changed.

    `willing` are the phones that may be texted: who opted out by STOP since is not among them. `sessions` counts those
    to come whose booking names the phone just recorded.
    """

    patient: str
    clinic: Clinic
    history: Sequence[EscortConsent]
    willing: frozenset[str]
    sessions: int = 0
    planned: int = 0
    withdrawn: int = 0


def clinic_named(deps: Deps, clinic_slug: str | None) -> Clinic:
    """Return the clinic that staff mean. Raises InputError."""
    with deps.store.reading() as tx:
        return find_clinic(tx, clinic_slug)


def read_escorts(deps: Deps, patient: str, clinic_slug: str | None) -> EscortReport:
    """Return who may be texted about fetching a patient. Raises InputError or NotFoundError."""
    with deps.store.reading() as tx:
        clinic = find_clinic(tx, clinic_slug)
        key = find_patient(tx, clinic, patient)
        return _report(tx, patient, clinic, key)


def record_escort_consent(
    deps: Deps,
    patient: str,
    clinic_slug: str | None,
    phone: str,
    *,
    is_granted: bool,
    note: str,
    by: str,
    who: Actor | None = None,
) -> EscortReport:
    """Append what an escort said; a no also stops what waits to leave to them. The phone is in E.164.

    `who` is the signed-in person, for the audit log. Raises InputError or NotFoundError.
    """
    check_words(reason=note, by=by, option="--note")
    with deps.store.transaction() as tx:
        clinic = find_clinic(tx, clinic_slug)
        clinics.lock(tx, clinic.id)
        now = deps.clock.now()
        key = find_patient(tx, clinic, patient)
        said = EscortConsent(
            id=deps.identity.new_id(),
            clinic_id=clinic.id,
            patient_id=key,
            phone=phone,
            is_granted=is_granted,
            note=note.strip(),
            recorded_by=by.strip(),
            recorded_at=now,
        )
        escorts.record(tx, said)
        word = "agrees" if is_granted else "does not agree"
        note_patient(tx, deps, who, Deed.ESCORT_RECORDED, (clinic.id, key), detail=word)
        withdrawals.lock_patients(tx, [key])
        theirs = [item for item in appointments.of_patients(tx, [key])[key] if item.booking.escort_phone == phone]
        if not is_granted:
            about = [item.id for item in theirs]
            withdrawals.withdraw(tx, about, reason=Reason.REPLANNED, now=now, recipient=Recipient.ESCORT)
        planned = plan_patients(tx, clinic, [key], identity=deps.identity, now=now)
        report = _report(tx, patient, clinic, key)
    deps.queue.hint(SENDING_JOBS.values())
    sessions = sum(1 for item in theirs if item.starts_at > now and not item.status.is_off)
    return replace(report, sessions=sessions, planned=planned.added + planned.revived, withdrawn=planned.cancelled)


def _report(tx: Transaction, patient: str, clinic: Clinic, key: PatientId) -> EscortReport:
    willing = frozenset(phone for _, phone in escorts.willing(tx, [key]))
    return EscortReport(patient, clinic, escorts.of_patient(tx, key), willing)
