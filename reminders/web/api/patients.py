"""`/patients`: a patient's record apart from any session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from reminders.core.api_keys import Scope
from reminders.services.read_feed import read_patient
from reminders.services.sync_entries import sync_record
from reminders.web.api import documents, shapes
from reminders.web.api.auth import Calling, KeyedRoute, needs
from reminders.web.api.openapi import answers
from reminders.web.api.rows import PATIENT_PLACES, patient_row, refuse

router = APIRouter(prefix="/patients", route_class=KeyedRoute, tags=["patients"])

ExternalId = Annotated[
    str,
    Path(min_length=1, max_length=shapes.LONGEST, pattern=shapes.ONE_LINE, description="Your own id of the patient."),
]


@router.get(
    "/{external_id:path}",
    operation_id="getPatient",
    openapi_extra=needs(Scope.READ),
    responses=answers(404),
    summary="Read a patient",
)
def get_patient(caller: Calling, external_id: ExternalId) -> shapes.Patient:
    """Return a patient's record, and on which channels nothing is sent to them. Who reads it is written down."""
    return documents.patient(read_patient(caller.deps, caller.clinic.id, external_id, who=caller.who))


@router.put(
    "/{external_id:path}",
    operation_id="putPatient",
    openapi_extra=needs(Scope.WRITE),
    responses={201: {"model": shapes.Patient, "description": "They are new."}, **answers(404)},
    summary="Put a patient",
)
def put_patient(
    response: Response, caller: Calling, external_id: ExternalId, body: shapes.PatientBody
) -> shapes.Patient:
    """Store a patient's record, the whole of it; what is planned for them follows. The same again changes nothing."""
    record, faults = caller.services.patient(patient_row(body, external_id), caller.clinic)
    if record is None:
        raise refuse(faults, {**PATIENT_PLACES, "patient_id": ""})
    found, is_new = sync_record(caller.deps, caller.clinic.id, record)
    if is_new:
        response.status_code = 201
    return documents.patient(found)
