"""The plan: what a clinic says when, as a picture and in words; editing it, and its versions.

Nothing is saved before a preview of what it changes for patients in the next days. The preview carries the version that
it was made over and what it showed, so that nothing else is saved, and nothing over what somebody saved meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reminders.core.cadences import Cadence, Phase, Step
from reminders.core.clinics import Clinic
from reminders.core.errors import ConflictError, InputError, NotFoundError
from reminders.core.labels import title
from reminders.core.plan_edits import Edit, StepEdit, TextEdit, faults_by_field, step_edit
from reminders.core.plan_words import LANGUAGES, cadences_of, kind_words
from reminders.core.sample_texts import languages_of, text_keys, text_of, text_steps, with_text
from reminders.core.staff import Actor, Right
from reminders.services.change_plan import (
    Outcome,
    PlanReading,
    bring_back,
    judge_change,
    plan_clinics,
    preview_change,
    read_plan,
    read_version,
    read_versions,
    save_change,
)
from reminders.web.console.door import Acting, check_form, needs, staff_page
from reminders.web.console.plan_form import (
    LONGEST_TEXT,
    FilledSave,
    FilledStep,
    FilledText,
    StepForm,
    TextForm,
    form_of,
    packed,
    unpacked,
)
from reminders.web.console.plan_picture import picture
from reminders.web.console.plan_view import (
    ALL_ANCHORS,
    CHANNEL_CHOICES,
    DUE_ANCHORS,
    UNITS,
    Bubble,
    bubble_of,
    heading_of,
    kinds_of,
    others_of,
    preview_of,
    rows_of,
)
from reminders.web.console.times import Times
from reminders.web.pages import base_path, services_of

router = APIRouter(prefix="/plan")
Planning = Annotated[Actor, Depends(needs(Right.PLAN))]
Word = Annotated[str, Query(max_length=80)]


@router.get("")
def show_plan(request: Request, who: Acting, clinic: Word = "", kind: Word = "", saved: int = 0) -> HTMLResponse:
    """Show a clinic's plan for one kind of session: the picture and the words."""
    found = _plan(request, who, clinic, Right.READ)
    note = f"Version {saved} is saved, and what is still to come was planned anew." if saved == found.version else ""
    return _plan_page(request, who, found, kind, note=note)


@router.get("/steps/{key}")
def show_step(request: Request, who: Planning, key: str, clinic: Word = "", kind: Word = "*") -> HTMLResponse:
    """Show the form of a step as it is."""
    found = _plan(request, who, clinic, Right.PLAN)
    step = _step(found, kind, key)
    form = form_of(step_edit(kind, step, found.clinic), found.clinic.slug, found.version)
    return _step_page(request, who, found, step, form)


@router.post("/steps/{key}")
def preview_step(request: Request, who: Planning, key: str, form: FilledStep) -> HTMLResponse:
    """Show what a step's edit changes; nothing is stored."""
    check_form(request, form.nonce)
    found = _plan(request, who, form.clinic, Right.PLAN)
    step = _step(found, form.kind, key)
    held = step_edit(form.kind, step, found.clinic)
    edit = held
    try:
        edit = form.edit(step, held)
        return _preview_page(request, who, found, edit, form.version)
    except InputError as error:
        faults = faults_by_field(error.faults, edit)
        return _step_page(request, who, found, step, form, faults=faults, status=HTTPStatus.BAD_REQUEST)


@router.get("/texts/{key}")
def show_text(request: Request, who: Planning, key: str, clinic: Word = "", language: Word = "") -> HTMLResponse:
    """Show the form of a text as it is, with how it arrives, and the other language beside it."""
    found = _plan(request, who, clinic, Right.PLAN)
    step = _step_of_text(found, key)
    chosen = language or languages_of(step, found.clinic)[0]
    _check_language(step, found, chosen)
    text = text_of(found.clinic, key, chosen)
    form = TextForm(clinic=found.clinic.slug, version=found.version, language=chosen, text=text)
    return _text_page(request, who, found, key, form)


@router.post("/texts/{key}/reading")
def read_text(request: Request, who: Planning, key: str, form: FilledText) -> HTMLResponse:
    """Show a text alone, as it arrives, while somebody writes it."""
    check_form(request, form.nonce)
    found = _plan(request, who, form.clinic, Right.PLAN)
    _check_language(_step_of_text(found, key), found, form.language)
    faults: Mapping[str, list[str]] = {}
    edit = form.edit(key)
    try:
        judge_change(services_of(request).deps, who, found.clinic.id, edit)
    except InputError as error:
        faults = faults_by_field(error.faults, edit)
    return staff_page(request, who, "plan_reading.html", faults=faults, bubble=_reading(request, found, key, form))


@router.post("/texts/{key}")
def preview_text(request: Request, who: Planning, key: str, form: FilledText) -> HTMLResponse:
    """Show what a text's edit changes; nothing is stored."""
    check_form(request, form.nonce)
    found = _plan(request, who, form.clinic, Right.PLAN)
    _check_language(_step_of_text(found, key), found, form.language)
    edit = form.edit(key)
    try:
        return _preview_page(request, who, found, edit, form.version)
    except InputError as error:
        faults = faults_by_field(error.faults, edit)
        return _text_page(request, who, found, key, form, faults=faults, status=HTTPStatus.BAD_REQUEST)


@router.post("/save")
def save(request: Request, who: Planning, form: FilledSave) -> Response:
    """Save what was shown as a new version, and plan anew."""
    check_form(request, form.nonce)
    services = services_of(request)
    found = _plan(request, who, form.clinic, Right.PLAN)
    try:
        edit = _carried(request, who, found, form.edit)
        number = save_change(
            services.deps, who, found.clinic.id, edit, version=form.version, shown=form.seen, remark=form.remark
        )
    except ConflictError as error:
        return _plan_page(request, who, found, "", note=str(error), status=HTTPStatus.CONFLICT)
    except InputError as error:
        return _plan_page(request, who, found, "", note="; ".join(error.faults), status=HTTPStatus.BAD_REQUEST)
    there = f"{base_path(services)}/plan?clinic={found.clinic.slug}&saved={number}"
    return RedirectResponse(there, status_code=HTTPStatus.SEE_OTHER)


@router.get("/versions")
def show_versions(request: Request, who: Acting, clinic: Word = "") -> HTMLResponse:
    """Show who saved which version of the plan, the newest first."""
    found = _plan(request, who, clinic, Right.READ)
    made = read_versions(services_of(request).deps, who, found.clinic.id)
    times = Times(found.clinic.clock)
    rows = [(number, times.dated(item.at), item.by, item.note) for number, item in made]
    clinics = _clinics(request, who)
    return staff_page(request, who, "plan_versions.html", found=found, rows=rows, clinics=clinics, times=times)


@router.get("/versions/{number}")
def show_version(request: Request, who: Acting, number: int, clinic: Word = "") -> HTMLResponse:
    """Show what a version changed."""
    found = _plan(request, who, clinic, Right.READ)
    shown = read_version(services_of(request).deps, who, found.clinic.id, number)
    times = Times(found.clinic.clock)
    at = times.dated(shown.made.at)
    return staff_page(request, who, "plan_version.html", found=found, shown=shown, at=at, times=times)


@router.post("/versions/{number}")
def preview_version(request: Request, who: Planning, number: int, form: FilledSave) -> HTMLResponse:
    """Show what it changes to bring a version back; nothing is stored."""
    check_form(request, form.nonce)
    found = _plan(request, who, form.clinic, Right.PLAN)
    edit = bring_back(services_of(request).deps, who, found.clinic.id, number)
    try:
        return _preview_page(request, who, found, edit, form.version)
    except InputError as error:
        return _plan_page(request, who, found, "", note="; ".join(error.faults), status=HTTPStatus.BAD_REQUEST)


def _plan(request: Request, who: Actor, slug: str, right: Right) -> PlanReading:
    """Return the plan of the clinic that is named, or of the first. Raises NotFoundError for one that is not theirs."""
    deps = services_of(request).deps
    mine = plan_clinics(deps, who, right)
    chosen = next((item for item in mine if slug in {"", item.slug}), None)
    if chosen is None:
        raise NotFoundError(f"no clinic {slug}")
    return read_plan(deps, who, chosen.id)


def _clinics(request: Request, who: Actor) -> list[Clinic]:
    return plan_clinics(services_of(request).deps, who, Right.READ)


def _cadence(found: PlanReading, kind: str) -> Cadence:
    cadence = cadences_of(found.clinic).get(kind)
    if cadence is None:
        raise NotFoundError(f"no plan for {kind}")
    return cadence


def _step(found: PlanReading, kind: str, key: str) -> Step:
    step = _cadence(found, kind).step(key)
    if step is None:
        raise NotFoundError(f"no step {key}")
    return step


def _step_of_text(found: PlanReading, key: str) -> Step:
    known = text_steps(found.clinic).get(key)
    if known is None:
        raise NotFoundError(f"no text {key}")
    return known[1]


def _check_language(step: Step, found: PlanReading, language: str) -> None:
    if language not in languages_of(step, found.clinic):
        raise NotFoundError(f"no text in {language}")


def _carried(request: Request, who: Actor, found: PlanReading, text: str) -> Edit:
    edit = unpacked(text)
    return bring_back(services_of(request).deps, who, found.clinic.id, edit) if isinstance(edit, int) else edit


def _plan_page(
    request: Request, who: Actor, found: PlanReading, kind: str, *, note: str = "", status: int = HTTPStatus.OK
) -> HTMLResponse:
    chosen = kind or next(iter(cadences_of(found.clinic)))
    cadence = _cadence(found, chosen)
    return staff_page(
        request,
        who,
        "plan.html",
        status=status,
        found=found,
        kind=chosen,
        kinds=kinds_of(found.clinic),
        picture=picture(cadence, found.clinic.language),
        rows=rows_of(found.clinic, cadence, now=services_of(request).deps.clock.now()),
        clinics=_clinics(request, who),
        times=Times(found.clinic.clock),
        note=note,
    )


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


def _text_page(
    request: Request,
    who: Actor,
    found: PlanReading,
    key: str,
    form: TextForm,
    *,
    faults: Mapping[str, Sequence[str]] | None = None,
    status: int = HTTPStatus.OK,
) -> HTMLResponse:
    step = _step_of_text(found, key)
    languages = languages_of(step, found.clinic)
    others = [item for item in languages if item != form.language]
    return staff_page(
        request,
        who,
        "plan_text.html",
        status=status,
        found=found,
        key=key,
        name=title(step.key),
        keys=[(item, heading_of(item)) for item in text_keys(step.key)],
        form=form,
        language=LANGUAGES.get(form.language, form.language),
        is_own=key in found.clinic.templates.get(form.language, {}),
        others=others_of(found.clinic, key, others, now=services_of(request).deps.clock.now()),
        faults=faults or {},
        longest=LONGEST_TEXT,
        bubble=_reading(request, found, key, form),
    )


def _reading(request: Request, found: PlanReading, key: str, form: TextForm) -> Bubble | None:
    """Return how the text of a form arrives."""
    clinic = with_text(found.clinic, key, form.language, form.edit(key).text)
    return bubble_of(clinic, key, form.language, now=services_of(request).deps.clock.now())


def _preview_page(request: Request, who: Actor, found: PlanReading, edit: Edit, version: int) -> HTMLResponse:
    """Show what an edit changes. Raises InputError with what is wrong with it."""
    try:
        outcome = preview_change(services_of(request).deps, who, found.clinic.id, edit, version=version)
    except ConflictError as error:
        return _plan_page(request, who, found, "", note=str(error), status=HTTPStatus.CONFLICT)
    return staff_page(
        request,
        who,
        "plan_preview.html",
        found=found,
        outcome=outcome,
        times=Times(found.clinic.clock),
        preview=preview_of(outcome),
        edit=packed(edit),
        heading=_heading(outcome),
        back=_back(edit),
    )


def _heading(outcome: Outcome) -> str:
    match outcome.edit:
        case StepEdit(key=key):
            return title(key)
        case TextEdit(key=key, language=language):
            return f"{title(key)}, text in {LANGUAGES.get(language, language)}"
        case other:
            return f"Version {other.version} comes back"


def _back(edit: Edit) -> str:
    match edit:
        case StepEdit(key=key):
            return f"steps/{key}"
        case TextEdit(key=key):
            return f"texts/{key}"
        case _:
            return "versions"
