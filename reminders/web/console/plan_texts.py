"""The texts of the plan: of its steps, what is answered by itself, and what staff may answer with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reminders.core.answer_texts import ANSWER_KEYS, ANSWER_VALUES
from reminders.core.cadences import Step
from reminders.core.conversation.answers import AnswerKind
from reminders.core.errors import InputError, NotFoundError
from reminders.core.labels import title
from reminders.core.plan_edits import SnippetEdit, faults_by_field
from reminders.core.plan_words import LANGUAGES, snippet_name
from reminders.core.sample_texts import every_language, languages_of, text_keys, text_of, text_steps, with_text
from reminders.core.snippets import SNIPPET_VALUES
from reminders.core.staff import Actor, Right
from reminders.services.change_plan import PlanReading, judge_change
from reminders.web.console.door import Acting, check_form, needs, staff_page
from reminders.web.console.plan_form import LONGEST_TEXT, FilledSnippet, FilledText, SnippetForm, TextForm
from reminders.web.console.plan_pages import Word, found_plan, preview_page
from reminders.web.console.plan_view import Bubble, bubble_of, heading_of, others_of, snippet_bubble
from reminders.web.pages import services_of

router = APIRouter(prefix="/plan")
Planning = Annotated[Actor, Depends(needs(Right.PLAN))]
VALUES = ("sender", "phone", "when", "arrive_at", "question")
"""What most texts of a step name; a form that names another wrongly tells all."""
NEW = "new"
"""The name in the address of a snippet that has none yet."""


@router.get("/answers")
def show_answers(request: Request, who: Acting, clinic: Word = "", language: Word = "") -> HTMLResponse:
    """Show what is answered by itself, and what staff may answer with, in one language."""
    found = found_plan(request, who, clinic, Right.READ)
    known = every_language(found.clinic)
    chosen = language or known[0]
    _check_language(known, chosen)
    now = services_of(request).deps.clock.now()
    answers = [(key, _without_kind(title(key)), bubble_of(found.clinic, key, chosen, now=now)) for key in _answers()]
    held = found.clinic.snippets.get(chosen, {})
    snippets = [(key, snippet_name(key), snippet_bubble(found.clinic, key, chosen, text)) for key, text in held.items()]
    return staff_page(
        request,
        who,
        "plan_answers.html",
        found=found,
        language=chosen,
        languages=[(item, LANGUAGES.get(item, item)) for item in known],
        answers=answers,
        snippets=snippets,
    )


def _without_kind(name: str) -> str:
    """Return what an answer is called where everything is one."""
    return name.removeprefix("Answer: ").capitalize() if name.startswith("Answer: ") else name


def _answers() -> list[str]:
    """Return the keys of automatic answers, the most important first."""
    return [kind.key for kind in AnswerKind]


@router.get("/snippets/{name}")
def show_snippet(request: Request, who: Planning, name: str, clinic: Word = "", language: Word = "") -> HTMLResponse:
    """Show the form of a text for staff to answer with; of a new one, empty."""
    found = found_plan(request, who, clinic, Right.PLAN)
    known = every_language(found.clinic)
    chosen = language or known[0]
    _check_language(known, chosen)
    text = _snippet(found, name, chosen)
    form = SnippetForm(clinic=found.clinic.slug, version=found.version, language=chosen, name=name, text=text)
    return _snippet_page(request, who, found, name, form)


@router.post("/snippets/{name}/reading")
def read_snippet(request: Request, who: Planning, name: str, form: FilledSnippet) -> HTMLResponse:
    """Show such a text alone, as it arrives, while somebody writes it."""
    check_form(request, form.nonce)
    found = found_plan(request, who, form.clinic, Right.PLAN)
    _check_snippet(found, name, form)
    edit = form.edit(_name(name, form))
    faults: Mapping[str, list[str]] = {}
    try:
        judge_change(services_of(request).deps, who, found.clinic.id, edit)
    except InputError as error:
        faults = _at_fields(error, edit, name)
    bubble = snippet_bubble(found.clinic, edit.name, form.language, edit.text) if edit.text else None
    return staff_page(request, who, "plan_reading.html", faults=faults, bubble=bubble)


@router.post("/snippets/{name}")
def preview_snippet(request: Request, who: Planning, name: str, form: FilledSnippet) -> HTMLResponse:
    """Show what the edit of such a text changes; nothing is stored."""
    check_form(request, form.nonce)
    found = found_plan(request, who, form.clinic, Right.PLAN)
    _check_snippet(found, name, form)
    edit = form.edit(_name(name, form))
    try:
        _refuse_taken(found, name, edit)
        return preview_page(request, who, found, edit, form.version)
    except InputError as error:
        faults = _at_fields(error, edit, name)
        return _snippet_page(request, who, found, name, form, faults=faults, status=HTTPStatus.BAD_REQUEST)


def _refuse_taken(found: PlanReading, name: str, edit: SnippetEdit) -> None:
    if name != NEW:
        return
    if not edit.name:
        raise InputError(["name: say what staff shall see on the button"])
    if edit.name == NEW or edit.name in found.clinic.snippets.get(edit.language, {}):
        raise InputError(["name: there is one of this name already"])


def _name(name: str, form: SnippetForm) -> str:
    return form.key if name == NEW else name


def _at_fields(error: InputError, edit: SnippetEdit, name: str) -> dict[str, list[str]]:
    """Return faults by field; of a new one, what is wrong with its name stands at its name."""
    found = faults_by_field(error.faults, edit)
    if name != NEW:
        return found
    told = [line.removeprefix("name: ") for line in found.pop("", []) if line.startswith("name: ")]
    wrong = [line for line in found.get("text", []) if "a name of small letters" in line]
    rest = [line for line in found.get("text", []) if line not in wrong]
    return {**found, "text": rest, "name": [*told, *wrong]}


def _snippet(found: PlanReading, name: str, language: str) -> str:
    """Return the words of a snippet. Raises NotFoundError for one that no language has."""
    if name != NEW and not any(name in texts for texts in found.clinic.snippets.values()):
        raise NotFoundError(f"no text {name}")
    return found.clinic.snippets.get(language, {}).get(name, "")


def _check_snippet(found: PlanReading, name: str, form: SnippetForm) -> None:
    _check_language(every_language(found.clinic), form.language)
    _snippet(found, name, form.language)


def _snippet_page(
    request: Request,
    who: Actor,
    found: PlanReading,
    name: str,
    form: SnippetForm,
    *,
    faults: Mapping[str, Sequence[str]] | None = None,
    status: int = HTTPStatus.OK,
) -> HTMLResponse:
    text = form.edit(name).text
    return staff_page(
        request,
        who,
        "plan_snippet.html",
        status=status,
        found=found,
        key=name,
        is_new=name == NEW,
        name="A new text" if name == NEW else snippet_name(name),
        form=form,
        languages=[(item, LANGUAGES.get(item, item)) for item in every_language(found.clinic)],
        language=LANGUAGES.get(form.language, form.language),
        is_there=name in found.clinic.snippets.get(form.language, {}),
        values=sorted(SNIPPET_VALUES),
        faults=faults or {},
        longest=LONGEST_TEXT,
        bubble=snippet_bubble(found.clinic, name, form.language, text) if text else None,
    )


@router.get("/texts/{key}")
def show_text(request: Request, who: Planning, key: str, clinic: Word = "", language: Word = "") -> HTMLResponse:
    """Show the form of a text as it is, with how it arrives, and the other language beside it."""
    found = found_plan(request, who, clinic, Right.PLAN)
    known = _languages(found, key)
    chosen = language or known[0]
    _check_language(known, chosen)
    text = text_of(found.clinic, key, chosen)
    form = TextForm(clinic=found.clinic.slug, version=found.version, language=chosen, text=text)
    return _text_page(request, who, found, key, form)


@router.post("/texts/{key}/reading")
def read_text(request: Request, who: Planning, key: str, form: FilledText) -> HTMLResponse:
    """Show a text alone, as it arrives, while somebody writes it."""
    check_form(request, form.nonce)
    found = found_plan(request, who, form.clinic, Right.PLAN)
    _check_language(_languages(found, key), form.language)
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
    found = found_plan(request, who, form.clinic, Right.PLAN)
    _check_language(_languages(found, key), form.language)
    edit = form.edit(key)
    try:
        return preview_page(request, who, found, edit, form.version)
    except InputError as error:
        faults = faults_by_field(error.faults, edit)
        return _text_page(request, who, found, key, form, faults=faults, status=HTTPStatus.BAD_REQUEST)


def _step_of_text(found: PlanReading, key: str) -> Step:
    known = text_steps(found.clinic).get(key)
    if known is None:
        raise NotFoundError(f"no text {key}")
    return known[1]


def _languages(found: PlanReading, key: str) -> list[str]:
    """Return the languages of a text: an answer's are all. Raises NotFoundError for what is no text."""
    return every_language(found.clinic) if key in ANSWER_KEYS else languages_of(_step_of_text(found, key), found.clinic)


def _check_language(known: Sequence[str], language: str) -> None:
    if language not in known:
        raise NotFoundError(f"no text in {language}")


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
    is_answer = key in ANSWER_KEYS
    others = [item for item in _languages(found, key) if item != form.language]
    of = key if is_answer else _step_of_text(found, key).key
    return staff_page(
        request,
        who,
        "plan_text.html",
        status=status,
        found=found,
        key=key,
        name=title(of),
        keys=[] if is_answer else [(item, heading_of(item)) for item in text_keys(of)],
        values=sorted(ANSWER_VALUES) if is_answer else VALUES,
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
