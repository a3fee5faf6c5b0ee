"""What the pages of the plan share: whose plan is meant, its own page, and what an edit changes before it is saved."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from reminders.core.cadences import Cadence, Step
from reminders.core.clinics import Clinic
from reminders.core.errors import ConflictError, NotFoundError
from reminders.core.labels import title
from reminders.core.plan_edits import Edit, NewStep, SnippetEdit, StepEdit, TextEdit
from reminders.core.plan_words import LANGUAGES, cadences_of, snippet_name
from reminders.core.staff import Actor, Right
from reminders.services.change_plan import Outcome, PlanReading, plan_clinics, preview_change, read_plan
from reminders.web.console.door import staff_page
from reminders.web.console.plan_form import packed
from reminders.web.console.plan_picture import picture
from reminders.web.console.plan_view import kinds_of, preview_of, rows_of
from reminders.web.console.times import Times
from reminders.web.pages import services_of

Word = Annotated[str, Query(max_length=80)]


def found_plan(request: Request, who: Actor, slug: str, right: Right) -> PlanReading:
    """Return the plan of the clinic that is named, or of the first. Raises NotFoundError for one that is not theirs."""
    deps = services_of(request).deps
    mine = plan_clinics(deps, who, right)
    chosen = next((item for item in mine if slug in {"", item.slug}), None)
    if chosen is None:
        raise NotFoundError(f"no clinic {slug}")
    return read_plan(deps, who, chosen.id)


def known_clinics(request: Request, who: Actor) -> list[Clinic]:
    """Return the clinics whose plan somebody may read."""
    return plan_clinics(services_of(request).deps, who, Right.READ)


def cadence_of(found: PlanReading, kind: str) -> Cadence:
    """Return the plan for a kind of session. Raises NotFoundError."""
    cadence = cadences_of(found.clinic).get(kind)
    if cadence is None:
        raise NotFoundError(f"no plan for {kind}")
    return cadence


def step_of(found: PlanReading, kind: str, key: str) -> Step:
    """Return a step of it. Raises NotFoundError."""
    step = cadence_of(found, kind).step(key)
    if step is None:
        raise NotFoundError(f"no step {key}")
    return step


def plan_page(
    request: Request, who: Actor, found: PlanReading, kind: str, *, note: str = "", status: int = HTTPStatus.OK
) -> HTMLResponse:
    """Show the plan: the picture and the words. Raises NotFoundError for a kind of session that has none."""
    chosen = kind or next(iter(cadences_of(found.clinic)))
    cadence = cadence_of(found, chosen)
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
        clinics=known_clinics(request, who),
        times=Times(found.clinic.clock),
        note=note,
    )


def preview_page(request: Request, who: Actor, found: PlanReading, edit: Edit, version: int) -> HTMLResponse:
    """Show what an edit changes. Raises InputError with what is wrong with it."""
    try:
        outcome = preview_change(services_of(request).deps, who, found.clinic.id, edit, version=version)
    except ConflictError as error:
        return plan_page(request, who, found, "", note=str(error), status=HTTPStatus.CONFLICT)
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
        case SnippetEdit(name=name, language=language):
            return f"{snippet_name(name)}, in {LANGUAGES.get(language, language)}"
        case NewStep(key=key):
            return f"{title(key)}, a new message"
        case other:
            return f"Version {other.version} comes back"


def _back(edit: Edit) -> str:
    match edit:
        case StepEdit(key=key):
            return f"steps/{key}"
        case TextEdit(key=key):
            return f"texts/{key}"
        case SnippetEdit(name=name):
            return f"snippets/{name}"
        case NewStep():
            return "new-step"
        case _:
            return "versions"
