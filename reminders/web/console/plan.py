"""The plan: what a clinic says when, as a picture and in words; editing it, and its versions.

Nothing is saved before a preview of what it changes for patients in the next days. The preview carries the version that
it was made over and what it showed, so that nothing else is saved, and nothing over what somebody saved meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reminders.core.cadences import Phase, Step
from reminders.core.errors import ConflictError, InputError
from reminders.core.labels import title
from reminders.core.plan_edits import Edit, faults_by_field, step_edit
from reminders.core.plan_words import cadences_of, kind_words
from reminders.core.staff import Actor, Right
from reminders.services.change_plan import (
    PlanReading,
    bring_back,
    read_version,
    read_versions,
    save_change,
)
from reminders.web.console.door import Acting, check_form, needs, staff_page
from reminders.web.console.plan_form import (
    FilledSave,
    FilledStep,
    StepForm,
    form_of,
    unpacked,
)
from reminders.web.console.plan_pages import Word, found_plan, known_clinics, plan_page, preview_page, step_of
from reminders.web.console.plan_view import (
    ALL_ANCHORS,
    CHANNEL_CHOICES,
    DUE_ANCHORS,
    UNITS,
)
from reminders.web.console.times import Times
from reminders.web.pages import base_path, services_of

router = APIRouter(prefix="/plan")
Planning = Annotated[Actor, Depends(needs(Right.PLAN))]


@router.get("")
def show_plan(request: Request, who: Acting, clinic: Word = "", kind: Word = "", saved: int = 0) -> HTMLResponse:
    """Show a clinic's plan for one kind of session: the picture and the words."""
    found = found_plan(request, who, clinic, Right.READ)
    note = f"Version {saved} is saved, and what is still to come was planned anew." if saved == found.version else ""
    return plan_page(request, who, found, kind, note=note)


@router.get("/steps/{key}")
def show_step(request: Request, who: Planning, key: str, clinic: Word = "", kind: Word = "*") -> HTMLResponse:
    """Show the form of a step as it is."""
    found = found_plan(request, who, clinic, Right.PLAN)
    step = step_of(found, kind, key)
    form = form_of(step_edit(kind, step, found.clinic), found.clinic.slug, found.version)
    return _step_page(request, who, found, step, form)


@router.post("/steps/{key}")
def preview_step(request: Request, who: Planning, key: str, form: FilledStep) -> HTMLResponse:
    """Show what a step's edit changes; nothing is stored."""
    check_form(request, form.nonce)
    found = found_plan(request, who, form.clinic, Right.PLAN)
    step = step_of(found, form.kind, key)
    held = step_edit(form.kind, step, found.clinic)
    edit = held
    try:
        edit = form.edit(step, held)
        return preview_page(request, who, found, edit, form.version)
    except InputError as error:
        faults = faults_by_field(error.faults, edit)
        return _step_page(request, who, found, step, form, faults=faults, status=HTTPStatus.BAD_REQUEST)


@router.post("/save")
def save(request: Request, who: Planning, form: FilledSave) -> Response:
    """Save what was shown as a new version, and plan anew."""
    check_form(request, form.nonce)
    services = services_of(request)
    found = found_plan(request, who, form.clinic, Right.PLAN)
    try:
        edit = _carried(request, who, found, form.edit)
        number = save_change(
            services.deps, who, found.clinic.id, edit, version=form.version, shown=form.seen, remark=form.remark
        )
    except ConflictError as error:
        return plan_page(request, who, found, "", note=str(error), status=HTTPStatus.CONFLICT)
    except InputError as error:
        return plan_page(request, who, found, "", note="; ".join(error.faults), status=HTTPStatus.BAD_REQUEST)
    there = f"{base_path(services)}/plan?clinic={found.clinic.slug}&saved={number}"
    return RedirectResponse(there, status_code=HTTPStatus.SEE_OTHER)


@router.get("/versions")
def show_versions(request: Request, who: Acting, clinic: Word = "") -> HTMLResponse:
    """Show who saved which version of the plan, the newest first."""
    found = found_plan(request, who, clinic, Right.READ)
    made = read_versions(services_of(request).deps, who, found.clinic.id)
    times = Times(found.clinic.clock)
    rows = [(number, times.dated(item.at), item.by, item.note) for number, item in made]
    clinics = known_clinics(request, who)
    return staff_page(request, who, "plan_versions.html", found=found, rows=rows, clinics=clinics, times=times)


@router.get("/versions/{number}")
def show_version(request: Request, who: Acting, number: int, clinic: Word = "") -> HTMLResponse:
    """Show what a version changed."""
    found = found_plan(request, who, clinic, Right.READ)
    shown = read_version(services_of(request).deps, who, found.clinic.id, number)
    times = Times(found.clinic.clock)
    at = times.dated(shown.made.at)
    return staff_page(request, who, "plan_version.html", found=found, shown=shown, at=at, times=times)


@router.post("/versions/{number}")
def preview_version(request: Request, who: Planning, number: int, form: FilledSave) -> HTMLResponse:
    """Show what it changes to bring a version back; nothing is stored."""
    check_form(request, form.nonce)
    found = found_plan(request, who, form.clinic, Right.PLAN)
    edit = bring_back(services_of(request).deps, who, found.clinic.id, number)
    try:
        return preview_page(request, who, found, edit, form.version)
    except InputError as error:
        return plan_page(request, who, found, "", note="; ".join(error.faults), status=HTTPStatus.BAD_REQUEST)


def _step_page(
    request: Request,
    who: Actor,
    found: PlanReading,
    step: Step,
    form: StepForm,
    *,
    faults: Mapping[str, Sequence[str]] | None = None,
    status: int = HTTPStatus.OK,
) -> HTMLResponse:
    return staff_page(
        request,
        who,
        "plan_step.html",
        status=status,
        found=found,
        step=step,
        name=title(step.key),
        whose=kind_words(form.kind, is_only=len(cadences_of(found.clinic)) == 1),
        form=form,
        faults=faults or {},
        is_rebook=step.phase is Phase.REBOOK,
        due_anchors=DUE_ANCHORS,
        all_anchors=ALL_ANCHORS,
        units=UNITS,
        channels=CHANNEL_CHOICES[2:3] if len(step.channels) == 1 and step.recipient == "escort" else CHANNEL_CHOICES,
    )


def _carried(request: Request, who: Actor, found: PlanReading, text: str) -> Edit:
    edit = unpacked(text)
    return bring_back(services_of(request).deps, who, found.clinic.id, edit) if isinstance(edit, int) else edit
