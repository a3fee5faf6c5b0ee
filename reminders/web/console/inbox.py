"""The inbox: what patients wrote, what we understood and did; corrected in one press, answered in two."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from reminders.core.content import language_of
from reminders.core.corrections import Reading, checked
from reminders.core.errors import ContentError, InputError, NotFoundError
from reminders.core.ids import ContactId, InboundId
from reminders.core.labels import REASONS
from reminders.core.replies import Intent
from reminders.core.staff import Actor, Right
from reminders.services.correct_reading import correct_reading
from reminders.services.read_inbox import Conversation, Show, find_thread, read_inbox, read_thread
from reminders.services.send_ad_hoc import AdHocRequest, Recipient, preview_ad_hoc, send_ad_hoc
from reminders.web.console.door import Acting, check_form, needs, staff_page
from reminders.web.console.inbox_view import threads, whole
from reminders.web.console.times import Times
from reminders.web.pages import base_path, services_of

router = APIRouter(prefix="/inbox")

Working = Annotated[Actor, Depends(needs(Right.WORK))]
Writing = Annotated[Actor, Depends(needs(Right.WRITE))]


class Correction(BaseModel):
    """A corrected reading. `only` is one meaning by one press, in the place of everything ticked."""

    model_config = ConfigDict(frozen=True)

    nonce: str = Field("", max_length=64)
    only: Intent | None = None
    means: list[Intent] = Field(default_factory=list, max_length=len(Intent))
    score: str = Field("", max_length=3)


class Answer(BaseModel):
    """An answer as it was written. `snippet` is one of the clinic's, put in the place of the text."""

    model_config = ConfigDict(frozen=True)

    nonce: str = Field("", max_length=64)
    patient: str = Field("", max_length=200)
    snippet: str = Field("", max_length=40)
    text: str = Field("", max_length=4000)
    request_key: str = Field("", max_length=64)


Corrected = Annotated[Correction, Form()]
Filled = Annotated[Answer, Form()]


@router.get("")
def show_inbox(
    request: Request, who: Acting, show: Show = Show.PERSON, before: AwareDatetime | None = None
) -> HTMLResponse:
    """Show who wrote, the newest first: first of all those who wait for a person."""
    found = read_inbox(services_of(request).deps, who, show, before=before)
    times = Times(found.clock)
    shown = threads(found, who, times)
    return staff_page(
        request, who, "inbox.html", threads=shown, show=show, older=found.older, times=times if shown else None
    )


@router.get("/texts/{text}")
def find_text(request: Request, who: Acting, text: UUID) -> Response:
    """Lead to the conversation that a text belongs to."""
    services = services_of(request)
    thread = find_thread(services.deps, who, InboundId(text))
    return RedirectResponse(f"{base_path(services)}/inbox/{thread}?text={text}#text-{text}", HTTPStatus.SEE_OTHER)


@router.get("/{thread}")
def show_thread(request: Request, who: Acting, thread: UUID, text: UUID | None = None) -> HTMLResponse:
    """Show one conversation; of the text that is named, the form that corrects it."""
    return _thread(request, who, ContactId(thread), chosen=str(text or ""))


@router.post("/texts/{text}/reading")
def correct(request: Request, who: Working, text: UUID, wish: Corrected) -> Response:
    """Take a person's reading for ours. The same one twice is once."""
    check_form(request, wish.nonce)
    services = services_of(request)
    thread = find_thread(services.deps, who, InboundId(text))
    try:
        correct_reading(services.deps, who, InboundId(text), _reading(wish))
    except InputError as error:
        return _thread(request, who, thread, chosen=str(text), faults=error.faults, status=HTTPStatus.BAD_REQUEST)
    return RedirectResponse(f"{base_path(services)}/inbox/{thread}?text={text}#text-{text}", HTTPStatus.SEE_OTHER)


@router.post("/{thread}/preview")
def preview(request: Request, who: Writing, thread: UUID, answer: Filled) -> HTMLResponse:
    """Show the answer as the patient will read it; nothing is stored."""
    check_form(request, answer.nonce)
    return _thread(request, who, ContactId(thread), answer=answer)


@router.post("/{thread}/answer")
def send(request: Request, who: Writing, thread: UUID, answer: Filled) -> Response:
    """Send the answer, once however often the button is pressed."""
    check_form(request, answer.nonce)
    services = services_of(request)
    if not answer.request_key:
        raise InputError(["request_key: found nothing; the form brings one"])
    found = read_thread(services.deps, who, ContactId(thread))
    try:
        sent = send_ad_hoc(services.deps, _order(found, answer), who=who)
    except (InputError, ContentError):
        return _thread(request, who, ContactId(thread), answer=answer, status=HTTPStatus.BAD_REQUEST)
    if any(item.left_out is not None for item in sent):
        return _thread(request, who, ContactId(thread), answer=answer, status=HTTPStatus.CONFLICT)
    return RedirectResponse(f"{base_path(services)}/inbox/{thread}#newest", HTTPStatus.SEE_OTHER)


def _reading(wish: Correction) -> Reading:
    if wish.only is not None:
        return checked([wish.only], None)
    score = wish.score.strip()
    if score and not score.isdecimal():
        raise InputError([f"score: found {score!r}; a whole number from 0 to 10 is wanted"])
    return checked(wish.means, int(score) if score else None)


def _order(found: Conversation, answer: Answer) -> AdHocRequest:
    """Return the answer as a message to one patient, in the words that they read. Raises InputError."""
    named = [one for one in found.people if answer.patient in {"", one.record.external_id}]
    if len(named) != 1:
        raise InputError(["to: choose whom of this phone you answer"])
    text = _words(found, answer)
    language, home = language_of(named[0].record.language), language_of(found.clinic.language)
    return AdHocRequest(
        text=text,
        author="",
        request_key=answer.request_key or "preview",
        clinic_slug=found.clinic.slug,
        patient_external_id=named[0].record.external_id,
        channel=found.phone.channel,
        translations={language: text} if language != home else {},
    )


def _words(found: Conversation, answer: Answer) -> str:
    chosen = found.snippets.get(answer.snippet, "") if answer.snippet else answer.text
    return chosen.replace("\r\n", "\n").strip()


def _thread(
    request: Request,
    who: Actor,
    thread: ContactId,
    *,
    chosen: str = "",
    faults: tuple[str, ...] = (),
    answer: Answer | None = None,
    status: int = HTTPStatus.OK,
) -> HTMLResponse:
    deps = services_of(request).deps
    found = read_thread(deps, who, thread)
    seen, refused = _seen(request, who, found, answer) if answer is not None else (None, ())
    return staff_page(
        request,
        who,
        "thread.html",
        status=status,
        thread=whole(found, who),
        times=Times(found.clinic.clock),
        chosen=chosen,
        faults=faults,
        refused=refused,
        seen=seen,
        left_out=REASONS[seen.left_out] if seen is not None and seen.left_out is not None else "",
        written=_words(found, answer) if answer is not None else "",
        to=answer.patient if answer is not None else "",
        request_key=(answer.request_key if answer is not None else "") or deps.identity.new_token(),
    )


def _seen(
    request: Request, who: Actor, found: Conversation, answer: Answer
) -> tuple[Recipient | None, tuple[str, ...]]:
    """Return the answer as it will be read, or why it cannot be sent."""
    try:
        (seen,) = preview_ad_hoc(services_of(request).deps, _order(found, answer), who=who)
    except InputError as error:
        return None, error.faults
    except (ContentError, NotFoundError) as error:
        return None, (str(error),)
    return seen, ()
