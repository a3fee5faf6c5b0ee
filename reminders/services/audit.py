"""Note: write a deed into the audit log, in the transaction of the deed itself: neither is without the other."""

from __future__ import annotations

from reminders.core.audit import AuditEvent, Deed
from reminders.core.audit import about as row_name
from reminders.core.ids import ClinicId, PatientId
from reminders.core.staff import Actor
from reminders.services.deps import Deps
from reminders.store import audit
from reminders.store.unit_of_work import Transaction

MOST_NAME = 80


def note(
    tx: Transaction,
    deps: Deps,
    who: Actor,
    deed: Deed,
    *,
    clinic_id: ClinicId | None = None,
    about: str | None = None,
    detail: str | None = None,
) -> None:
    """Write down who did what. `about` is kind and id of a row (`core.audit.about`); `detail` is sealed.

    Where a deed concerns several clinics, note it once for each: the log of a clinic shows only its own.
    """
    item = AuditEvent(
        id=deps.identity.new_id(),
        clinic_id=clinic_id,
        staff_id=who.id,
        by=who.name[:MOST_NAME],
        deed=deed,
        about=about,
        detail=detail,
        done_at=deps.clock.machine_now(),
    )
    audit.add(tx, item)


def note_patient(
    tx: Transaction, deps: Deps, who: Actor | None, deed: Deed, whose: tuple[ClinicId, PatientId], *, detail: str = ""
) -> None:
    """Write down what a signed-in person did about a patient; nobody is signed in at the command line."""
    if who is not None:
        clinic_id, patient_id = whose
        note(tx, deps, who, deed, clinic_id=clinic_id, about=row_name("patient", patient_id), detail=detail or None)
