"""The door of every staff page: who asks, what they may do, and whether a form came from a page of ours.

A page takes `Acting` as a parameter, or `needs(Right.PLAN)` where reading is not enough. Whoever is not signed in is
sent to sign in; what belongs to a clinic where they have no role answers as if it did not exist (requirement 23).
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from reminders.core.staff import RIGHTS, ROLE_WORDS, Actor, Right
from reminders.services.read_session import OpenSession, operator, read_session
from reminders.services.sign_in import SignedIn
from reminders.web.guards import bind_form_key, has_tls, is_from_our_page, leave_nonce, nonce_of, only_local
from reminders.web.pages import base_path, page, services_of

DEMO_NAME = "Front desk"
SAFE = {"GET", "HEAD"}
PARTS = "/parts/"
"""Where pages look for news by themselves."""
MARK_SECONDS = 90 * 24 * 3600


def acting(request: Request) -> Actor:
    """Return who asks. In the demo, whoever sits at this machine may do everything without signing in."""
    services = services_of(request)
    if services.facts.is_demo:
        only_local(request)
    session = session_of(request)
    if session is not None:
        bind_form_key(request, session.form_key)
        return session.who
    if services.facts.is_demo:
        return operator(services.deps, DEMO_NAME)
    raise _to_sign_in(request)


Acting = Annotated[Actor, Depends(acting)]


def needs(right: Right) -> Callable[[Actor], Actor]:
    """Return a dependency that lets in only who has a right at one clinic at least; others get 404."""

    def permitted(who: Acting) -> Actor:
        if right not in who.rights():
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return who

    return permitted


def local_in_demo(request: Request) -> None:
    """Keep every staff page of the demo to this machine, those before signing in too."""
    if services_of(request).facts.is_demo:
        only_local(request)


def staff_page(request: Request, who: Actor, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Render a page of the console: `who` and `nonce` are there for the menu and for every form.

    Templates extend `console/staff.html`; each form carries `<input type="hidden" name="nonce" value="{{ nonce }}">`.
    """
    nonce = nonce_of(request)
    shown = {"who": who, "rights": who.rights(), "role": role_words(who), "nonce": nonce, **values}
    found = page(request, f"console/{template}", status=status, **shown)
    leave_nonce(request, found, nonce)
    return found


def role_words(who: Actor) -> str:
    """Return a person's roles in words, each once, the most powerful first."""
    held = sorted(set(who.roles.values()), key=lambda role: -len(RIGHTS[role]))
    return ", ".join(ROLE_WORDS[role] for role in held)


def check_form(request: Request, nonce: str) -> None:
    """Refuse a form that no page of ours sent (requirement 21). Raises HTTPException 403."""
    if not is_from_our_page(request, nonce):
        raise HTTPException(HTTPStatus.FORBIDDEN)


def session_of(request: Request) -> OpenSession | None:
    """Return the session whose cookie a browser brought; a page that looks by itself does not keep it open."""
    token = token_of(request)
    if not token:
        return None
    is_person = request.method not in SAFE or not _is_fragment(request)
    return read_session(services_of(request).deps, token, is_person=is_person)


def token_of(request: Request) -> str:
    """Return the secret of a session as a browser brought it."""
    return request.cookies.get(_name(request, "session"), "")


def mark_of(request: Request) -> str:
    """Return the mark that an earlier sign-in left in this browser."""
    return request.cookies.get(_name(request, "mark"), "")


def leave_session(request: Request, response: Response, session: SignedIn) -> None:
    """Give a browser its session, until it is closed, and the mark by which it is known again (requirement 20)."""
    secure = has_tls(request)
    response.set_cookie(
        _name(request, "session"), session.token, httponly=True, secure=secure, samesite="lax", path="/"
    )
    response.set_cookie(
        _name(request, "mark"),
        session.mark,
        max_age=MARK_SECONDS,
        httponly=True,
        secure=secure,
        samesite="strict",
        path="/",
    )


def take_session(request: Request, response: Response) -> None:
    """Let a browser forget its session; the mark stays."""
    response.delete_cookie(_name(request, "session"), httponly=True, secure=has_tls(request), samesite="lax", path="/")


def _name(request: Request, cookie: str) -> str:
    # With this prefix browsers take a cookie from this very host and by TLS only.
    return f"__Host-{cookie}" if has_tls(request) else cookie


def _is_fragment(request: Request) -> bool:
    """Say whether a script asks for a part of a page."""
    return (
        request.url.path.startswith(PARTS)
        or "hx-request" in request.headers
        or request.headers.get("sec-fetch-dest", "") == "empty"
    )


def _to_sign_in(request: Request) -> HTTPException:
    """Let a page lead to where one signs in, and back; a part of a page tells its script."""
    door = f"{base_path(services_of(request))}/sign-in"
    if _is_fragment(request):
        return HTTPException(HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": door})
    is_page = request.method in SAFE
    here = request.url.path if is_page else "/"
    asked = f"?{request.url.query}" if is_page and request.url.query else ""
    return HTTPException(HTTPStatus.SEE_OTHER, headers={"location": f"{door}?next={quote(here + asked, safe='/')}"})
