"""Patients: whom a search finds, and the page of one with everything that staff may record about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from reminders.bootstrap import Services
from reminders.core.choices import Heard
from reminders.core.consent import Source
from reminders.core.errors import ConflictError, InputError, NotFoundError
from reminders.core.ids import AppointmentId, PatientId
from reminders.core.overrides import Change
from reminders.core.pauses import PauseKind
from reminders.core.staff import Actor, Right
from reminders.core.transport import RideState
from reminders.services.escort_consent import record_escort_consent
from reminders.services.override import override_cadence
from reminders.services.pause import Subject, pause, resume
from reminders.services.read_patient import Known, find_known, read_patient
from reminders.services.record_choice import Whom, record_choice
from reminders.services.record_ride_by_staff import record_ride_by_staff
from reminders.services.search_patients import MOST_WITHOUT_WORDS, list_patients
from reminders.web.console.door import Acting, check_form, needs, staff_page
from reminders.web.console.patients_view import LINE_WORDS, Lines, rows, view
from reminders.web.console.times import Times, times_of
from reminders.web.pages import base_path, services_of

router = APIRouter(prefix="/patients")

Working = Annotated[Actor, Depends(needs(Right.WORK))]
OPTION = re.compile(r"^--[a-z-]+: ")


class Deed(BaseModel):
    """What a form of the page asks to record."""

    model_config = ConfigDict(frozen=True)

    nonce: str = Field("", max_length=64)
    do: Literal["", "hold", "resume", "opt_out", "opt_in", "escort", "cadence", "cadence_default", "ride"] = ""
    reason: str = Field("", max_length=2000)
    series: str = Field("", max_length=200)
    source: Source = Source.VOICE
    received_on: date | None = None
    phone: str = Field("", max_length=40)
    agrees: Literal["", "yes", "no"] = ""
    shown: list[str] = Field(default_factory=list, max_length=60)
    was_on: list[str] = Field(default_factory=list, max_length=60)
    steps: list[str] = Field(default_factory=list, max_length=60)
    channels: Literal["default", "sms", "email", "sms,email", "email,sms"] = "default"
    session: UUID | None = None
    version: int = 0
    ride: RideState | None = None


Wanted = Annotated[Deed, Form()]


@router.get("")
def show_patients(request: Request, who: Acting, q: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """Show a search, and whom it finds."""
    services = services_of(request)
    found = list_patients(services.deps, q, who.clinics(Right.READ)) if q.strip() else None
    listed = found.listed if found is not None else ()
    times = times_of(item.clinic for item in listed) if listed else None
    return staff_page(
        request,
        who,
        "patients.html",
        q=q,
        rows=rows(found, times) if found is not None and times is not None else [],
        is_cut=found is not None and found.is_cut,
        is_by_id=found is not None and found.is_by_id,
        most=f"{MOST_WITHOUT_WORDS:,}",
        times=times,
    )


@router.get("/{key}")
def show_patient(request: Request, who: Acting, key: UUID, lines: Lines = Lines.ALL) -> HTMLResponse:
    """Show one patient. That they were read is written down."""
    return _page(request, who, PatientId(key), lines)


@router.post("/{key}")
def change_patient(request: Request, who: Working, key: UUID, deed: Wanted) -> Response:
    """Record one thing about a patient, then show them as they stand now."""
    check_form(request, deed.nonce)
    services = services_of(request)
    known = find_known(services.deps, who, PatientId(key))
    try:
        DEEDS[deed.do](services, who, known, deed, PatientId(key))
    except (InputError, ConflictError) as error:
        faults = error.faults if isinstance(error, InputError) else (str(error),)
        is_conflict = isinstance(error, ConflictError)
        status = HTTPStatus.CONFLICT if is_conflict else HTTPStatus.BAD_REQUEST
        return _page(request, who, PatientId(key), Lines.ALL, faults=faults, status=status)
    return RedirectResponse(f"{base_path(services)}/patients/{key}", status_code=HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    who: Actor,
    key: PatientId,
    lines: Lines,
    *,
    faults: tuple[str, ...] = (),
    status: int = HTTPStatus.OK,
) -> HTMLResponse:
    found = read_patient(services_of(request).deps, who, key)
    told = [OPTION.sub("", fault) for fault in faults]
    return staff_page(
        request,
        who,
        "patient.html",
        status=status,
        shown=view(found, who, lines),
        times=Times(found.clinic.clock),
        lines=lines,
        line_words=LINE_WORDS,
        faults=[fault[:1].upper() + fault[1:] for fault in told],
    )


def _subject(known: Known, deed: Deed) -> Subject:
    if not deed.series:
        return Subject(PauseKind.PATIENT, known.external_id, known.clinic.slug)
    if deed.series not in known.series:
        raise NotFoundError(f"no series {deed.series!r}")
    return Subject(PauseKind.SERIES, deed.series, known.clinic.slug)


def _hold(services: Services, who: Actor, known: Known, deed: Deed, _key: PatientId) -> None:
    pause(services.deps, _subject(known, deed), reason=deed.reason, by=who.name, who=who)


def _resume(services: Services, who: Actor, known: Known, deed: Deed, _key: PatientId) -> None:
    resume(services.deps, _subject(known, deed), by=who.name, who=who)


def _choose(services: Services, who: Actor, known: Known, deed: Deed, _key: PatientId) -> None:
    if deed.received_on is None:
        raise InputError(["say on which day you heard it"])
    heard = Heard(deed.source, deed.received_on, deed.reason, who.name)
    whom = Whom(patient=known.external_id)
    record_choice(services.deps, whom, heard, known.clinic.slug, is_granted=deed.do == "opt_in", who=who)


def _escort(services: Services, who: Actor, known: Known, deed: Deed, _key: PatientId) -> None:
    if not deed.agrees:
        raise InputError(["say whether the escort agrees"])
    record_escort_consent(
        services.deps,
        known.external_id,
        known.clinic.slug,
        services.phone(deed.phone, known.clinic.country),
        is_granted=deed.agrees == "yes",
        note=deed.reason,
        by=who.name,
        who=who,
    )


def _cadence(services: Services, who: Actor, known: Known, deed: Deed, _key: PatientId) -> None:
    ticked, was = set(deed.steps), set(deed.was_on)
    change = Change(is_cleared=True)
    if deed.do == "cadence":
        # Only what this form showed is changed by it; a step that is not there any more is left alone.
        off = tuple(key for key in deed.shown if key in was and key not in ticked)
        on = tuple(key for key in deed.shown if key in ticked and key not in was)
        change = Change(off=off, on=on, channels=deed.channels)
    override_cadence(
        services.deps, known.external_id, known.clinic.slug, change, reason=deed.reason, by=who.name, who=who
    )


def _ride(services: Services, who: Actor, _known: Known, deed: Deed, key: PatientId) -> None:
    if deed.session is None or deed.ride is None:
        raise InputError(["choose what holds of the ride"])
    record_ride_by_staff(services.deps, who, key, AppointmentId(deed.session), version=deed.version, state=deed.ride)


def _nothing(_services: Services, _who: Actor, _known: Known, _deed: Deed, _key: PatientId) -> None:
    raise InputError(["choose what to do"])


DEEDS: Mapping[str, Callable[[Services, Actor, Known, Deed, PatientId], None]] = {
    "": _nothing,
    "hold": _hold,
    "resume": _resume,
    "opt_out": _choose,
    "opt_in": _choose,
    "escort": _escort,
    "cadence": _cadence,
    "cadence_default": _cadence,
    "ride": _ride,
}
