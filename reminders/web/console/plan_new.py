"""A new message in the plan: the form of a step of the clinic's own, which is previewed like every other edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reminders.core.cadence_document import OWN_QUESTIONS, OWN_RECIPIENTS
from reminders.core.errors import InputError
from reminders.core.plan_edits import faults_by_field
from reminders.core.plan_words import ASKS, LANGUAGES, RECIPIENTS, cadences_of, kind_words
from reminders.core.sample_texts import every_language
from reminders.core.staff import Actor, Right
from reminders.services.change_plan import PlanReading, try_change
from reminders.web.console.door import check_form, needs, staff_page
from reminders.web.console.plan_form import LONGEST_TEXT, FilledNewStep, NewStepForm
from reminders.web.console.plan_pages import Word, cadence_of, found_plan, preview_page
from reminders.web.console.plan_texts import VALUES
from reminders.web.console.plan_view import ALL_ANCHORS, CHANNEL_CHOICES, DUE_ANCHORS, UNITS, Bubble, bubble_of
from reminders.web.pages import services_of

router = APIRouter(prefix="/plan")
Planning = Annotated[Actor, Depends(needs(Right.PLAN))]

PHASES = (("before", "before the session"), ("after", "after the session"))
AT_FIRST: Mapping[str, Any] = {
    "due_count": "2",
    "due_at": "10:00",
    "expires_count": "12",
    "expires_unit": "hour",
}
"""What an empty form offers. The form's own fields have no such defaults: one that is emptied must stay empty."""
QUESTIONS = (("", ASKS[None]), *((kind.value, ASKS[kind]) for kind in OWN_QUESTIONS))
PEOPLE = tuple((one.value, RECIPIENTS[one]) for one in OWN_RECIPIENTS)


@router.get("/new-step")
def show_new_step(request: Request, who: Planning, clinic: Word = "", kind: Word = "*") -> HTMLResponse:
    """Show the form of a message that the plan does not have yet."""
    found = found_plan(request, who, clinic, Right.PLAN)
    cadence_of(found, kind)
    form = NewStepForm(clinic=found.clinic.slug, version=found.version, kind=kind, **AT_FIRST)
    return _page(request, who, found, form)


@router.post("/new-step/reading")
def read_new_step(request: Request, who: Planning, form: FilledNewStep) -> HTMLResponse:
    """Show the new message alone, as it arrives, while somebody writes it."""
    check_form(request, form.nonce)
    found = found_plan(request, who, form.clinic, Right.PLAN)
    cadence_of(found, form.kind)
    bubbles, faults = _reading(request, who, found, form)
    return staff_page(request, who, "plan_new_reading.html", bubbles=bubbles, faults=faults)


@router.post("/new-step")
def preview_new_step(request: Request, who: Planning, form: FilledNewStep) -> HTMLResponse:
    """Show what the new message changes; nothing is stored."""
    check_form(request, form.nonce)
    found = found_plan(request, who, form.clinic, Right.PLAN)
    cadence_of(found, form.kind)
    edit = form.edit()
    try:
        return preview_page(request, who, found, edit, form.version)
    except InputError as error:
        faults = faults_by_field(error.faults, edit)
        return _page(request, who, found, form, faults=faults, status=HTTPStatus.BAD_REQUEST)


def _reading(
    request: Request, who: Actor, found: PlanReading, form: NewStepForm
) -> tuple[list[Bubble], Mapping[str, Sequence[str]]]:
    """Return the message as it arrives in each language that has words, and what is wrong with it so far."""
    deps, edit = services_of(request).deps, form.edit()
    trial = try_change(deps, who, found.clinic.id, edit)
    faults = faults_by_field(tuple(trial.faults), edit)
    if trial.clinic is None:
        return [], faults
    now = deps.clock.now()
    written = [language for language, text in form.texts.items() if text]
    bubbles = [bubble_of(trial.clinic, edit.key, language, now=now) for language in written]
    return [one for one in bubbles if one is not None], faults


def _page(
    request: Request,
    who: Actor,
    found: PlanReading,
    form: NewStepForm,
    *,
    faults: Mapping[str, Sequence[str]] | None = None,
    status: int = HTTPStatus.OK,
) -> HTMLResponse:
    bubbles = _reading(request, who, found, form)[0] if faults is not None else []
    return staff_page(
        request,
        who,
        "plan_new_step.html",
        status=status,
        found=found,
        form=form,
        whose=kind_words(form.kind, is_only=len(cadences_of(found.clinic)) == 1),
        faults=faults or {},
        bubbles=bubbles,
        phases=PHASES,
        questions=QUESTIONS,
        people=PEOPLE,
        due_anchors=DUE_ANCHORS,
        all_anchors=ALL_ANCHORS,
        units=UNITS,
        channels=CHANNEL_CHOICES,
        languages=[(item, LANGUAGES.get(item, item)) for item in every_language(found.clinic)],
        texts=form.texts,
        values=VALUES,
        longest=LONGEST_TEXT,
    )
