"""The patient's own pages. Reading changes nothing, since mail scanners read; only a pressed button does.

A link that is wrong, used up, of an earlier version or too late gets one and the same answer, so that nobody learns
from it which tokens exist (requirement 13).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reminders.core.check_ins import LEAST, MOST
from reminders.services.apply_clinics import known_clinics
from reminders.services.check_in_by_link import CheckInPage, answer_check_in, read_check_in_page
from reminders.services.respond_by_link import (
    LinkAnswer,
    LinkPage,
    knows_unsubscribe,
    read_page,
    respond_by_link,
    unsubscribe_by_link,
)
from reminders.web.errors import answer as refuse
from reminders.web.guards import is_from_our_page, leave_nonce, limit_tries, nonce_of
from reminders.web.pages import base_path, page, services_of
from reminders.web.words import CHECK_IN, PAGE

router = APIRouter()

Field = Annotated[str, Form()]
SCORES = frozenset(str(score) for score in range(LEAST, MOST + 1))
BAD_REQUEST = 400
FORBIDDEN = 403


@router.head("/r/{token}")
@router.get("/r/{token}")
def show_visit(request: Request, token: str) -> Response:
    """Show a visit: when, where, what was answered, and buttons; or a check-in with its eleven."""
    check_in = read_check_in_page(services_of(request).deps, token)
    if check_in is not None:
        return _check_in(request, check_in)
    shown = _current(request, token)
    return _gone(request) if shown is None else _visit(request, shown)


@router.post("/r/{token}", dependencies=[Depends(limit_tries)])
def answer_visit(request: Request, token: str, answer: Field = "", score: Field = "", nonce: Field = "") -> Response:
    """Take a patient's answer, then show the page as it stands now. Twice is the same as once."""
    services = services_of(request)
    if score:
        return _answer_check_in(request, token, score, nonce)
    if answer not in set(LinkAnswer):
        return refuse(request, BAD_REQUEST)
    shown = _current(request, token)
    if shown is None:
        return _gone(request)
    if not is_from_our_page(request, nonce):
        return _visit(request, shown, status=FORBIDDEN)
    if not respond_by_link(services.deps, token, LinkAnswer(answer)):
        return _gone(request)
    return RedirectResponse(f"{base_path(services)}/r/{token}", status_code=303)


@router.head("/u/{token}")
@router.get("/u/{token}")
def show_unsubscribe(request: Request, token: str) -> Response:
    """Show one button that ends all automatic messages."""
    if not knows_unsubscribe(services_of(request).deps, token):
        return _gone(request)
    return page(request, "unsubscribe.html", is_done=False)


@router.post("/u/{token}", dependencies=[Depends(limit_tries)])
def unsubscribe(request: Request, token: str) -> Response:
    """End all automatic messages to an address. Mail programs send this by themselves, without cookie (RFC 8058)."""
    if not unsubscribe_by_link(services_of(request).deps, token):
        return _gone(request)
    return page(request, "unsubscribe.html", is_done=True)


def _answer_check_in(request: Request, token: str, score: str, nonce: str) -> Response:
    services = services_of(request)
    if score not in SCORES:
        return refuse(request, BAD_REQUEST)
    shown = read_check_in_page(services.deps, token)
    if shown is None:
        return _gone(request)
    if not is_from_our_page(request, nonce):
        return _check_in(request, shown, status=FORBIDDEN)
    if not answer_check_in(services.deps, token, int(score)):
        return _gone(request)
    return RedirectResponse(f"{base_path(services)}/r/{token}", status_code=303)


def _check_in(request: Request, shown: CheckInPage, *, status: int = 200) -> HTMLResponse:
    return _with_nonce(request, "check_in.html", status=status, shown=shown, words=CHECK_IN[shown.language])


def _current(request: Request, token: str) -> LinkPage | None:
    shown = read_page(services_of(request).deps, token)
    return shown if shown is not None and shown.is_current else None


def _visit(request: Request, shown: LinkPage, *, status: int = 200) -> HTMLResponse:
    return _with_nonce(request, "visit.html", status=status, shown=shown, words=PAGE[shown.language])


def _with_nonce(request: Request, template: str, *, status: int, **values: object) -> HTMLResponse:
    nonce = nonce_of(request)
    is_again = status == FORBIDDEN
    found = page(request, template, status=status, nonce=nonce, must_press_again=is_again, **values)
    leave_nonce(request, found, nonce)
    return found


def _gone(request: Request) -> HTMLResponse:
    """Answer for every link that opens nothing. A lone clinic may say whom to call: that is no secret of the link."""
    every = known_clinics(services_of(request).deps)
    return page(request, "gone.html", status=404, clinic=every[0] if len(every) == 1 else None)
