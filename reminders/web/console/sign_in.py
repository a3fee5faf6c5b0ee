"""The pages before all others: signing in and out, and the invitation with which a person first comes in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from reminders.core.errors import InputError, NotFoundError
from reminders.core.sign_in import LEAST_PASSWORD, MOST_PASSWORD, own_path
from reminders.core.tries import KNOWN_SIGN_INS, SIGN_INS
from reminders.services.accept_invitation import accept_invitation, judge_password, read_invitation
from reminders.services.limit_tries import give_back, take_try
from reminders.services.manage_staff import sign_out
from reminders.services.sign_in import SignedIn, Try, knows_browser, sign_in
from reminders.web.console.door import (
    Acting,
    check_form,
    leave_session,
    local_in_demo,
    mark_of,
    session_of,
    take_session,
    token_of,
)
from reminders.web.guards import is_from_our_page, leave_nonce, limit_tries, nonce_of, whole_seconds
from reminders.web.pages import base_path, page, services_of

router = APIRouter(dependencies=[Depends(local_in_demo)])

Field = Annotated[str, Form()]
FAILED = "That did not work. Check login, password and code. After wrong tries, wait a minute before the next one."
STALE = "The page had waited too long. Please try once more."
OVER = "Your session is over. Sign in, and you are back where you were; what was not sent is not saved."


@router.get("/sign-in")
def show_sign_in(request: Request, next: str = "/") -> Response:  # noqa: A002 - what the address calls it
    """Show the form; whoever is signed in already goes on."""
    if session_of(request) is not None:
        return _go(request, own_path(next))
    # Who brings a session that is over did not sign out: that takes the cookie away.
    note = OVER if token_of(request) else ""
    return _sign_in_page(request, login="", after=own_path(next), fault="", note=note)


@router.post("/sign-in")
def come_in(
    request: Request,
    *,
    login: Field = "",
    password: Field = "",
    code: Field = "",
    after: Field = "/",
    nonce: Field = "",
) -> Response:
    """Begin a session and go on to where the person wanted to go."""
    after = own_path(after)
    if not is_from_our_page(request, nonce):
        return _sign_in_page(request, login=login, after=after, fault=STALE, status=HTTPStatus.FORBIDDEN)
    given = Try(login, password, code, mark=mark_of(request), replaces=token_of(request))
    session = _counted(request, given)
    if session is None:
        return _sign_in_page(request, login=login, after=after, fault=FAILED, status=HTTPStatus.UNAUTHORIZED)
    found = _go(request, after)
    leave_session(request, found, session)
    return found


def _counted(request: Request, given: Try) -> SignedIn | None:
    """Sign in, unless too many tries failed: from this address or, in a browser that knows the person, from there.

    Raises HTTPException 429.
    """
    deps = services_of(request).deps
    is_known = knows_browser(deps, given)
    allowance, who = (
        (KNOWN_SIGN_INS, given.mark) if is_known else (SIGN_INS, request.client.host if request.client else "")
    )
    wait = take_try(deps, allowance, who)
    if wait:
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": whole_seconds(wait)})
    session = sign_in(deps, given)
    if session is not None:
        give_back(deps, allowance, who)
    return session


@router.post("/sign-out")
def leave(request: Request, who: Acting, nonce: Field = "") -> Response:
    """End the session of this browser, here and on our side."""
    check_form(request, nonce)
    sign_out(services_of(request).deps, who, token_of(request))
    found = _go(request, "/sign-in")
    take_session(request, found)
    return found


@router.get("/invitation/{token}")
def show_invitation(request: Request, token: str) -> Response:
    """Show what to choose; opening it changes nothing."""
    return _invitation_page(request, token, ())


@router.post("/invitation/{token}", dependencies=[Depends(limit_tries)])
def accept(
    request: Request,
    token: str,
    *,
    password: Field = "",
    again: Field = "",
    code: Field = "",
    nonce: Field = "",
) -> Response:
    """Keep what was chosen and let the person in; the link opens nothing afterwards."""
    if not is_from_our_page(request, nonce):
        return _invitation_page(request, token, [STALE], status=HTTPStatus.FORBIDDEN)
    deps = services_of(request).deps
    if password != again:
        return _invitation_page(request, token, ["The two passwords differ."], status=HTTPStatus.BAD_REQUEST)
    try:
        session = accept_invitation(deps, token, password=password, code=code, replaces=token_of(request))
    except InputError as error:
        faults = [fault.partition(": ")[2] for fault in error.faults]
        return _invitation_page(request, token, faults, status=HTTPStatus.BAD_REQUEST)
    except NotFoundError:
        return _gone(request)
    found = _go(request, "/")
    leave_session(request, found, session)
    return found


@router.post("/invitation/{token}/advice")
def advise(request: Request, token: str, password: Field = "", nonce: Field = "") -> HTMLResponse:
    """Say what is to be said against a password while it is typed; nothing is kept."""
    check_form(request, nonce)
    faults = judge_password(services_of(request).deps, token, password)
    return page(request, "console/advice.html", faults=faults, password=bool(password))


def _sign_in_page(
    request: Request, *, login: str, after: str, fault: str, note: str = "", status: int = HTTPStatus.OK
) -> HTMLResponse:
    nonce = nonce_of(request)
    shown = {"login": login[:120], "after": after, "fault": fault, "note": note}
    found = page(request, "console/sign_in.html", status=status, nonce=nonce, **shown)
    leave_nonce(request, found, nonce)
    return found


def _invitation_page(
    request: Request, token: str, faults: list[str] | tuple[str, ...], *, status: int = HTTPStatus.OK
) -> HTMLResponse:
    shown = read_invitation(services_of(request).deps, token)
    if shown is None:
        return _gone(request)
    nonce = nonce_of(request)
    found = page(
        request,
        "console/invitation.html",
        status=status,
        shown=shown,
        faults=faults,
        nonce=nonce,
        advice=f"/invitation/{quote(token, safe='')}/advice",
        least=LEAST_PASSWORD,
        most=MOST_PASSWORD,
    )
    leave_nonce(request, found, nonce)
    return found


def _gone(request: Request) -> HTMLResponse:
    """Answer for every link that opens nothing: wrong, used, too late or taken back."""
    return page(request, "console/invitation_gone.html", status=HTTPStatus.NOT_FOUND)


def _go(request: Request, path: str) -> RedirectResponse:
    there = quote(f"{base_path(services_of(request))}{path}", safe="/?&=%+,:;@~!$'()*#")
    return RedirectResponse(there, status_code=HTTPStatus.SEE_OTHER)
