"""Errors as answers: the tree of errors mapped to HTTP by class. No answer says more than its kind and a reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from reminders.core import errors
from reminders.web.api.problem import refusal
from reminders.web.pages import TEMPLATES

log = structlog.get_logger()

STATUSES: Mapping[type[errors.RemindersError], HTTPStatus] = {
    errors.RemindersError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InputError: HTTPStatus.BAD_REQUEST,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.NeedsConsentError: HTTPStatus.CONFLICT,
    errors.ContentError: HTTPStatus.BAD_REQUEST,
    errors.NotReadyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ForgedHookError: HTTPStatus.FORBIDDEN,
}
"""By class; one that is not listed is answered as its nearest ancestor."""

WORDS: Mapping[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("That did not reach us in one piece.", "Eso no nos llegó completo."),
    HTTPStatus.FORBIDDEN: (
        "That is not allowed here. If you filled in a form, open its page anew and try again.",
        "Eso no está permitido aquí. Si rellenó un formulario, abra la página de nuevo e inténtelo otra vez.",
    ),
    HTTPStatus.NOT_FOUND: ("There is no such page.", "Esta página no existe."),
    HTTPStatus.CONFLICT: (
        "Something changed meanwhile. Open the page anew to see how it stands now.",
        "Algo ha cambiado entretanto. Abra la página de nuevo para ver cómo está ahora.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: ("That is not how this page works.", "Esta página no funciona así."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("That is too much at once.", "Eso es demasiado a la vez."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Please wait a minute, then try again.", "Espere un minuto e inténtelo de nuevo."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("We are not ready just now.", "Ahora mismo no estamos disponibles."),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("Something went wrong on our side.", "Algo ha fallado de nuestra parte."),
}
"""English and Spanish: whoever meets an error may be a patient."""


SESSIONS = ("session", "__Host-session")


def status_of(error: errors.RemindersError) -> HTTPStatus:
    """Return the HTTP status of one of our errors."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem(status: int, *, wants_page: bool, reference: str, base: str = "", is_staff: bool = False) -> Response:
    """Return a plain answer for a status, as a page for people, staff with a way back, and as JSON for programs."""
    if not wants_page:
        # RFC 9457; `error` is what was here before there was a media type for it.
        phrase = HTTPStatus(status).phrase
        told = {"type": "about:blank", "title": phrase, "status": status, "reference": reference}
        media_type = "application/problem+json"
        return JSONResponse({**told, "error": phrase}, status_code=status, media_type=media_type)
    english, spanish = words_of(status)
    text = TEMPLATES.get_template("error.html").render(
        base=base, english=english, spanish=spanish, reference=reference, status=status, is_staff=is_staff
    )
    return HTMLResponse(text, status_code=status)


def words_of(status: int) -> tuple[str, str]:
    """Return what a status says to people, in English and in Spanish."""
    known = HTTPStatus(status)
    nearest = HTTPStatus.INTERNAL_SERVER_ERROR if known >= HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.BAD_REQUEST
    return WORDS.get(known, WORDS[nearest])


def wants_page(request: Request) -> bool:
    """Say whether a person's browser asks."""
    return "text/html" in request.headers.get("accept", "")


def _is_staff(request: Request) -> bool:
    """Say whether this browser brought a session of staff's, open or over."""
    return any(name in request.cookies for name in SESSIONS)


def answer(request: Request, status: int, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer to a request that cannot be served."""
    reference = getattr(request.state, "reference", "")
    base = request.app.state.base
    found = refusal(request.url.path, status, reference=reference, base=base) or problem(
        status, wants_page=wants_page(request), reference=reference, base=base, is_staff=_is_staff(request)
    )
    found.headers.update(headers or {})
    if "hx-request" in request.headers:
        # A part of a page has no place for a whole one: the page's script says it in a line, and all stays as it is.
        found.headers["HX-Reswap"] = "none"
        found.headers["HX-Trigger"] = json.dumps({"refused": words_of(status)[0]})
    return found


def install(app: FastAPI) -> None:
    """Let the app answer our own errors, and the framework's."""
    for kind, handler in HANDLERS.items():
        app.exception_handler(kind)(handler)


def _ours(request: Request, error: Exception) -> Response:
    status = status_of(error) if isinstance(error, errors.RemindersError) else HTTPStatus.INTERNAL_SERVER_ERROR
    log.warning("web.refused", exc=error, status=int(status))
    return answer(request, status)


def _theirs(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    headers: Mapping[str, str] | None = getattr(error, "headers", None)
    if headers is not None and "location" in headers:  # somewhere else to go, and nothing to read here
        return Response(status_code=status, headers=headers)
    return answer(request, status, headers=headers)


def _malformed(request: Request, _error: Exception) -> Response:
    return answer(request, HTTPStatus.BAD_REQUEST)


HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Response]] = {
    errors.RemindersError: _ours,
    HTTPException: _theirs,
    RequestValidationError: _malformed,
}
"""Who answers which errors."""
ANSWERED = tuple(HANDLERS)


def answer_error(request: Request, error: Exception) -> Response:
    """Return the answer to one of these errors, where no framework looks for who gives it."""
    return next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)(request, error)
