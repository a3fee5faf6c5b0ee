"""The page at which somebody on call takes an alarm over. As on the patients' pages, only a pressed button does it.

Whoever holds the link was called by mail; it tells nothing of the patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reminders.ports import SENDING_JOBS
from reminders.services.acknowledge_by_link import AlarmPage, acknowledge_by_link, read_alarm
from reminders.web.guards import is_from_our_page, leave_nonce, limit_tries, nonce_of
from reminders.web.pages import base_path, page, services_of

router = APIRouter()

FORBIDDEN, NOT_FOUND = 403, 404


@dataclass(frozen=True, slots=True)
class AlarmWords:
    """The words of this page."""

    title: str
    text: str
    button: str
    over: str
    over_text: str
    press_again: str


WORDS: Mapping[str, AlarmWords] = {
    "en": AlarmWords(
        title="A patient needs somebody now",
        text="Take it over, then open the worklist. Nobody else is called after that.",
        button="I take it over",
        over="Taken over",
        over_text="Nobody else is called. What it is about stands in the worklist.",
        press_again="That did not reach us. Please press the button once more.",
    ),
    "es": AlarmWords(
        title="Un paciente necesita a alguien ahora",
        text="Hágase cargo y abra la lista de tareas. Después no se llama a nadie más.",
        button="Me hago cargo",
        over="Alguien se hizo cargo",
        over_text="No se llama a nadie más. De qué se trata está en la lista de tareas.",
        press_again="No nos ha llegado. Pulse el botón otra vez, por favor.",
    ),
}


@router.head("/a/{token}")
@router.get("/a/{token}")
def show_alarm(request: Request, token: str) -> Response:
    """Show one button, or that somebody took over."""
    shown = read_alarm(services_of(request).deps, token)
    return _gone(request) if shown is None else _alarm(request, shown)


@router.post("/a/{token}")
def take_over(request: Request, token: str, nonce: Annotated[str, Form()] = "") -> Response:
    """Take the alarm over, then show the page as it stands now."""
    services = services_of(request)
    shown = read_alarm(services.deps, token)
    if shown is None:
        limit_tries(request)
        return _gone(request)
    if not is_from_our_page(request, nonce):
        return _alarm(request, shown, status=FORBIDDEN)
    acknowledge_by_link(services.deps, token)
    services.deps.queue.hint(SENDING_JOBS.values())
    return RedirectResponse(f"{base_path(services)}/a/{token}", status_code=303)


def _alarm(request: Request, shown: AlarmPage, *, status: int = 200) -> HTMLResponse:
    nonce = nonce_of(request)
    found = page(
        request,
        "alarm.html",
        status=status,
        shown=shown,
        words=WORDS[shown.language],
        nonce=nonce,
        must_press_again=status == FORBIDDEN,
    )
    leave_nonce(request, found, nonce)
    return found


def _gone(request: Request) -> HTMLResponse:
    return page(request, "gone.html", status=NOT_FOUND, clinic=None)
