"""A body as the schedule's reader takes it, and its faults as places in the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reminders.ports import Fault
from reminders.web.api.problem import Kind, ProblemError, Wrong
from reminders.web.api.shapes import PatientBody

PATIENT_PLACES: Mapping[str, str] = {
    "patient_id": "/external_id",
    "patient_name": "/name",
    "phone": "/phone",
    "email": "/email",
    "language": "/language",
    "patient_timezone": "/timezone",
    "consent_sms": "/consent/sms",
    "consent_email": "/consent/email",
}


def patient_row(body: PatientBody, external_id: str) -> dict[str, str]:
    """Return a patient as a schedule's columns have them."""
    return {
        "patient_id": external_id,
        "patient_name": body.name,
        "phone": body.phone or "",
        "email": body.email or "",
        "language": body.language or "",
        "patient_timezone": body.timezone or "",
        "consent_sms": "yes" if body.consent.sms else "no",
        "consent_email": "yes" if body.consent.email else "no",
    }


def refuse(faults: Sequence[Fault], places: Mapping[str, str]) -> ProblemError:
    """Return the problem that these faults are."""
    wrong = [Wrong(f"{fault.found}; {fault.wanted}", pointer=places.get(fault.column, "")) for fault in faults]
    return ProblemError(Kind.INVALID_REQUEST, "The request has faults: see `errors`.", wrong)
