"""Find: the clinic, the patient and the session that staff name, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable

from reminders.core.appointments import Appointment
from reminders.core.clinics import Clinic
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import PatientId
from reminders.store import appointments, clinics, patients
from reminders.store.unit_of_work import Transaction

LONGEST_NAME = 80
LONGEST_REASON = 500


def find_clinics(tx: Transaction, slug: str | None) -> list[Clinic]:
    """Return the clinic of a slug, or all where none is named. Raises InputError for a slug that nobody has."""
    every = clinics.every(tx)
    chosen = [item for item in every.values() if slug in {None, item.slug}]
    if slug is not None and not chosen:
        raise _unclear(slug, every.values())
    return chosen


def find_clinic(tx: Transaction, slug: str | None) -> Clinic:
    """Return the clinic of a slug, or the only one there is. Raises InputError."""
    chosen = find_clinics(tx, slug)
    if len(chosen) != 1:
        raise _unclear(slug, chosen)
    return chosen[0]


def _unclear(slug: str | None, known: Iterable[Clinic]) -> InputError:
    slugs = ", ".join(item.slug for item in known) or "none yet; import a schedule first"
    return InputError([f"--clinic: found {slug or 'nothing'}; name one of: {slugs}"])


def find_patient(tx: Transaction, clinic: Clinic, external_id: str) -> PatientId:
    """Return whom the clinic calls by this id. Raises NotFoundError."""
    found = patients.find(tx, clinic.id, external_id)
    if found is None:
        raise NotFoundError(f"no patient {external_id!r}; patients are named by their id in the schedule")
    return found


def find_appointment(tx: Transaction, clinic: Clinic, external_id: str) -> Appointment:
    """Return what the clinic calls by this id. Raises NotFoundError, or InputError where two schedules call one so."""
    found = appointments.named(tx, clinic.id, external_id)
    if not found:
        raise NotFoundError(f"no appointment {external_id!r}; appointments are named by their id in the schedule")
    if len(found) > 1:
        raise InputError([f"{external_id}: found in {len(found)} schedules; give one of them another id"])
    return found[0]


def check_words(*, reason: str, by: str, option: str = "--reason") -> None:
    """Refuse a decision that nobody could explain later. Raises InputError."""
    faults = []
    if not reason.strip():
        faults.append(f"{option}: found nothing; say why, for whoever asks later")
    elif len(reason) > LONGEST_REASON:
        faults.append(f"{option}: found {len(reason)} characters; at most {LONGEST_REASON} are kept")
    if not by.strip():
        faults.append("--by: found nothing; say who decides this")
    elif len(by) > LONGEST_NAME:
        faults.append(f"--by: found {len(by)} characters; at most {LONGEST_NAME} are kept")
    if faults:
        raise InputError(faults)
