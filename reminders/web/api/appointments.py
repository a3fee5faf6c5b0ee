"""`/appointments`: a program tells us of sessions one by one, as a schedule file does all at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response

from reminders.core.api_keys import Scope
from reminders.core.appointments import AppointmentStatus, ChangeKind, ScheduleEntry
from reminders.core.ids import AppointmentId
from reminders.services.read_feed import Wanted, read_sessions
from reminders.services.sync_entries import cancel_entry, read_session, sync_entry
from reminders.web.api import documents, shapes
from reminders.web.api.auth import Caller, Calling, KeyedRoute, needs
from reminders.web.api.openapi import answers
from reminders.web.api.paging import Paged, cursor, row_after
from reminders.web.api.rows import PATIENT_PLACES, patient_row, refuse

router = APIRouter(prefix="/appointments", route_class=KeyedRoute, tags=["appointments"])

ExternalId = Annotated[
    str,
    Path(min_length=1, max_length=shapes.LONGEST, pattern=shapes.ONE_LINE, description="Your own id of it."),
]
PLACES: Mapping[str, str] = {
    "external_id": "",
    "starts_at": "/starts_at",
    "timezone": "/timezone",
    "duration_minutes": "/duration_minutes",
    "appointment_type": "/appointment_type",
    "status": "/status",
    "series_id": "/series/id",
    "series_number": "/series/number",
    "escort_name": "/escort/name",
    "escort_phone": "/escort/phone",
    **{column: f"/patient{place}" for column, place in PATIENT_PLACES.items()},
}
"""Where in the body stands what a schedule has in these columns."""


@router.get(
    "", operation_id="listAppointments", openapi_extra=needs(Scope.READ), responses=answers(), summary="List sessions"
)
def list_appointments(
    caller: Calling,
    pages: Paged,
    *,
    since: Annotated[shapes.Instant | None, Query(alias="from", description="Starting then or later.")] = None,
    until: Annotated[shapes.Instant | None, Query(alias="to", description="Starting before then.")] = None,
    status: AppointmentStatus | None = None,
) -> shapes.Appointments:
    """Return the clinic's sessions in order of start, a page at a time."""
    question = ["appointments", _told(since), _told(until), status or ""]
    place, limit = row_after(pages.text, question), pages.limit
    wanted = Wanted(since, until, status, None if place is None else (place[0], AppointmentId(place[1])))
    found = read_sessions(caller.deps, caller.clinic.id, wanted, limit=limit + 1)
    shown, last = found[:limit], found[limit - 1][0] if len(found) > limit else None
    following = None if last is None else cursor(question, last.starts_at.isoformat(), str(last.id))
    pages.link("cursor", following)
    return shapes.Appointments(items=[documents.appointment(*pair) for pair in shown], next=following)


@router.get(
    "/{external_id:path}",
    operation_id="getAppointment",
    openapi_extra=needs(Scope.READ),
    responses=answers(404, 409),
    summary="Read a session",
)
def get_appointment(caller: Calling, external_id: ExternalId) -> shapes.Appointment:
    """Return one session as it stands now."""
    found = read_session(caller.deps, caller.clinic.id, external_id)
    return documents.appointment(found.appointment, found.patient.record.external_id)


@router.put(
    "/{external_id:path}",
    operation_id="putAppointment",
    openapi_extra=needs(Scope.WRITE),
    responses={201: {"model": shapes.StoredAppointment, "description": "It is new."}, **answers(404, 409)},
    summary="Put a session with its patient",
)
def put_appointment(
    response: Response, caller: Calling, external_id: ExternalId, body: shapes.AppointmentBody
) -> shapes.StoredAppointment:
    """Store a session as it is now: made, moved, cancelled or corrected, whatever differs; the plan follows.

    The same again changes nothing. Sessions that you do not name stay as they are.
    """
    entry = _entry(caller, external_id, body)
    found = sync_entry(caller.deps, caller.clinic.id, entry, is_announced=body.is_announced)
    if found.change is ChangeKind.ADDED:
        response.status_code = 201
    return documents.stored(found)


@router.delete(
    "/{external_id:path}",
    operation_id="cancelAppointment",
    openapi_extra=needs(Scope.WRITE),
    responses=answers(404, 409),
    summary="Cancel a session",
)
def cancel_appointment(caller: Calling, external_id: ExternalId) -> shapes.StoredAppointment:
    """Cancel a session; it stays readable, with its history. What waited to leave for it does not leave."""
    return documents.stored(cancel_entry(caller.deps, caller.clinic.id, external_id))


def _entry(caller: Caller, external_id: str, body: shapes.AppointmentBody) -> ScheduleEntry:
    """Read the body by the rules of a schedule's row. Raises ProblemError with what is wrong, and where."""
    series, escort = body.series, body.escort
    row = {
        "external_id": external_id,
        "starts_at": _wall_clock(body.starts_at, caller),
        "timezone": body.timezone or "",
        "duration_minutes": str(body.duration_minutes),
        "appointment_type": body.appointment_type or "",
        "status": body.status.value,
        "series_id": series.id if series else "",
        "series_number": str(series.number) if series and series.number else "",
        "escort_name": (escort.name if escort else None) or "",
        "escort_phone": (escort.phone if escort else None) or "",
        **patient_row(body.patient, body.patient.external_id),
    }
    entry, faults = caller.services.entry(row, caller.clinic)
    if entry is None:
        raise refuse(faults, PLACES)
    # A wall clock says less than an instant, where clocks are put back.
    return replace(entry, booking=replace(entry.booking, starts_at=body.starts_at))


def _wall_clock(at: datetime, caller: Caller) -> str:
    return at.astimezone(ZoneInfo(caller.clinic.timezone)).strftime("%Y-%m-%dT%H:%M")


def _told(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()
