"""Read a patient: everything that staff see on their page, from one snapshot. That it was read is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reminders.core.appointments import Appointment
from reminders.core.audit import Deed
from reminders.core.check_ins import Change, CheckIn, changes
from reminders.core.clinics import Clinic
from reminders.core.errors import NotFoundError
from reminders.core.ids import AppointmentId, ClinicId, PatientId
from reminders.core.patients import Patient
from reminders.core.permissions import ClosedAddress
from reminders.core.reminders import Reminder
from reminders.core.staff import Actor, Right
from reminders.core.timeline.history import Subject, SubjectKind
from reminders.core.upcoming import Upcoming, upcoming
from reminders.services.audit import note_patient
from reminders.services.deps import Deps
from reminders.services.explain import Account, account_of
from reminders.services.read_choices import Choice, choices_of
from reminders.store import appointments, clinics, escorts, patients, permissions
from reminders.store.unit_of_work import Transaction

PAGE = "/r/…"
"""Stands for the address of the patient's own page in a mail that is not made yet."""


@dataclass(frozen=True, slots=True)
class PatientReading:
    """A patient as staff see them. `willing` are the phones of escorts who may be texted."""

    account: Account
    patient: Patient
    clinic: Clinic
    coming: Sequence[Upcoming]
    choices: Sequence[Choice]
    closed: Sequence[ClosedAddress]
    willing: frozenset[str]
    answers: Sequence[tuple[CheckIn, Change]]

    @property
    def booked(self) -> Mapping[AppointmentId, Appointment]:
        """All of their sessions."""
        return self.account.booked


@dataclass(frozen=True, slots=True)
class Known:
    """How services name a patient whom a person may work with, and the series that are theirs."""

    clinic: Clinic
    external_id: str
    series: frozenset[str]


def read_patient(deps: Deps, who: Actor, patient_id: PatientId) -> PatientReading:
    """Return a patient with their whole history, in a fixed number of statements, and note who read it.

    Raises NotFoundError for whoever is no patient of a clinic that they may read.
    """
    with deps.store.transaction() as tx:
        clinic = _clinic(tx, who, patient_id, Right.READ)
        external_id = patients.external_ids(tx, [patient_id])[patient_id]
        subject = Subject(SubjectKind.PATIENT, patient_id, external_id, clinic.id, patient_id)
        now = deps.clock.now()
        account = account_of(tx, subject, clinic, now=now, has_texts=True, language=clinic.language)
        patient = account.patient
        if patient is None:
            raise _unknown(patient_id)
        note_patient(tx, deps, who, Deed.PATIENT_READ, (clinic.id, patient_id))
        return PatientReading(
            account=account,
            patient=patient,
            clinic=clinic,
            coming=upcoming(clinic, patient, account.booked, _waiting(account), page=f"{deps.public_url}{PAGE}"),
            choices=sorted(choices_of(tx, clinic, patient_id), key=lambda item: item.recorded_at, reverse=True),
            closed=[item for item in permissions.closed(tx, clinic.id) if external_id in item.patients],
            willing=frozenset(phone for _, phone in escorts.willing(tx, [patient_id])),
            answers=list(zip(account.past.check_ins, changes(account.past.check_ins), strict=True)),
        )


def find_known(deps: Deps, who: Actor, patient_id: PatientId) -> Known:
    """Return how a patient is named to services, for who may work at their clinic. Raises NotFoundError."""
    with deps.store.reading() as tx:
        clinic = _clinic(tx, who, patient_id, Right.WORK)
        booked = appointments.of_patients(tx, [patient_id])[patient_id]
        series = frozenset(item.booking.series_id for item in booked if item.booking.series_id is not None)
        return Known(clinic, patients.external_ids(tx, [patient_id])[patient_id], series)


def _waiting(account: Account) -> list[Reminder]:
    return [item.reminder for item in account.past.reminders]


def _clinic(tx: Transaction, who: Actor, patient_id: PatientId, right: Right) -> Clinic:
    clinic_id: ClinicId | None = patients.clinic_of(tx, patient_id)
    if clinic_id is None or not who.may(right, clinic_id):
        raise _unknown(patient_id)
    return clinics.get(tx, clinic_id)


def _unknown(patient_id: PatientId) -> NotFoundError:
    return NotFoundError(f"no patient {patient_id}")
