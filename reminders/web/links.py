"""The patient's own pages. Reading changes nothing, since mail scanners read; only a pressed button does.

A link that is wrong, used up, of an earlier version or too late gets one and the same answer, so that nobody learns
from it which tokens exist (requirement 13).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict

from reminders.core.check_ins import LEAST, MOST
from reminders.services.apply_clinics import known_clinics
from reminders.services.calendar_by_link import calendar_by_link
from reminders.services.check_in_by_link import CheckInPage, answer_check_in, read_check_in_page
from reminders.services.respond_by_link import (
    LinkAnswer,
    LinkPage,
    Wish,
    knows_unsubscribe,
    read_moved,
    read_page,
    respond_by_link,
    unsubscribe_by_link,
)
from reminders.web.errors import answer as refuse
from reminders.web.guards import NONCE, is_from_our_page, leave_nonce, limit_tries, nonce_of
from reminders.web.pages import base_path, page, services_of
from reminders.web.words import CHECK_IN, PAGE

router = APIRouter()

LONGEST_WISH = 200
STAFF_LANGUAGE = "en"
SCORES = frozenset(str(score) for score in range(LEAST, MOST + 1))
BAD_REQUEST = 400
FORBIDDEN = 403


class Sent(BaseModel):
    """What a page sends. `days` (from Monday, 0) and `parts` of the day are when they would rather come.

    `form` is new with each page that is shown: what one form brings twice counts once.
    """

    model_config = ConfigDict(frozen=True)

    answer: str = ""
    score: str = ""
    nonce: str = ""
    days: list[str] = []
    parts: list[str] = []
    words: str = ""
    form: str = ""


NOTHING_SENT = Sent()


@router.head("/r/{token}")
@router.get("/r/{token}")
def show_visit(request: Request, token: str) -> Response:
    """Show a visit: when, where, what was answered, and buttons; or a check-in with its eleven."""
    check_in = read_check_in_page(services_of(request).deps, token)
    if check_in is not None:
        return _check_in(request, check_in)
    shown = _current(request, token)
    if shown is not None:
        return _visit(request, token, shown)
    moved = read_moved(services_of(request).deps, token)
    if moved is None:
        return _gone(request)
    return page(request, "moved.html", token=token, shown=moved, words=PAGE[moved.language])


@router.head("/r/{token}/visit.ics")
@router.get("/r/{token}/visit.ics")
def show_calendar(request: Request, token: str, number: Annotated[int, Query(ge=1, le=99)] = 1) -> Response:
    """Give a visit as a calendar entry; fetched again after a move, it takes the place of the one before."""
    found = calendar_by_link(services_of(request).deps, token, number)
    if found is None:
        return _gone(request)
    headers = {"Content-Disposition": 'attachment; filename="visit.ics"'}
    return Response(found, media_type="text/calendar; charset=utf-8; method=PUBLISH", headers=headers)


@router.post("/r/{token}", dependencies=[Depends(limit_tries)])
def answer_visit(request: Request, token: str, sent: Annotated[Sent, Form()]) -> Response:
    """Take a patient's answer, then show the page as it stands now. Twice is the same as once."""
    services, answer, nonce = services_of(request), sent.answer, sent.nonce
    if sent.score:
        return _answer_check_in(request, token, sent.score, nonce)
    if answer not in set(LinkAnswer):
        return refuse(request, BAD_REQUEST)
    shown = _current(request, token)
    if shown is None:
        return _gone(request)
    if not is_from_our_page(request, nonce):
        return _visit(request, token, shown, status=FORBIDDEN, wished=sent)
    if len(sent.words.strip()) > LONGEST_WISH:
        return _visit(request, token, shown, status=BAD_REQUEST, wished=sent)
    if not respond_by_link(services.deps, token, LinkAnswer(answer), wish=_wish(sent)):
        return _gone(request)
    return RedirectResponse(f"{base_path(services)}/r/{token}", status_code=303)


@router.head("/u/{token}")
@router.get("/u/{token}")
def show_unsubscribe(request: Request, token: str) -> Response:
    """Show one button that ends all automatic messages."""
    if not knows_unsubscribe(services_of(request).deps, token):
        return _gone(request)
    return page(request, "unsubscribe.html", is_done=False)


@router.post("/u/{token}")
def unsubscribe(request: Request, token: str) -> Response:
    """End all automatic messages to an address. Mail programs send this by themselves, without cookie (RFC 8058)."""
    if not unsubscribe_by_link(services_of(request).deps, token):
        limit_tries(request)
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


def _wish(sent: Sent) -> Wish:
    """Return what a patient ticked and wrote; what they ticked in the language of staff."""
    words = PAGE[STAFF_LANGUAGE]
    days = [name for place, name in enumerate(words.weekdays) if str(place) in sent.days]
    parts = [name.lower() for value, name in words.parts.items() if value in sent.parts]
    own = " ".join(sent.words.split())
    told = "; ".join(part for part in (", ".join(days), ", ".join(parts), own) if part)
    return Wish(told, own, sent.form if NONCE.fullmatch(sent.form) else "")


def _visit(
    request: Request, token: str, shown: LinkPage, *, status: int = 200, wished: Sent = NOTHING_SENT
) -> HTMLResponse:
    return _with_nonce(
        request,
        "visit.html",
        status=status,
        token=token,
        shown=shown,
        words=PAGE[shown.language],
        wished=wished,
        is_too_long=len(wished.words.strip()) > LONGEST_WISH,
        form=services_of(request).deps.identity.new_token(),
    )


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
