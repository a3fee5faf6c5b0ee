"""The door of every staff page: who asks, what they may do, and whether a form came from a page of ours.

A page takes `Acting` as a parameter, or `needs(Right.PLAN)` where reading is not enough. Whoever is not signed in is
sent to sign in; what belongs to a clinic where they have no role answers as if it did not exist (requirement 23).
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from reminders.core.staff import Actor, Right, Role, actor
from reminders.services.apply_clinics import known_clinics
from reminders.web.guards import is_from_our_page, leave_nonce, nonce_of, only_local
from reminders.web.pages import page, services_of

DEMO_NAME = "Front desk"


def acting(request: Request) -> Actor:
    """Return who asks. In the demo, whoever sits at this machine may do everything."""
    services = services_of(request)
    only_local(request)
    every = [clinic.id for clinic in known_clinics(services.deps)]
    return actor(None, DEMO_NAME, dict.fromkeys(every, Role.MANAGER), every_clinic=every)


Acting = Annotated[Actor, Depends(acting)]


def needs(right: Right) -> Callable[[Actor], Actor]:
    """Return a dependency that lets in only who has a right at one clinic at least; others get 404."""

    def permitted(who: Acting) -> Actor:
        if right not in who.rights():
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return who

    return permitted


def staff_page(request: Request, who: Actor, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Render a page of the console: `who` and `nonce` are there for the menu and for every form.

    Templates extend `console/staff.html`; each form carries `<input type="hidden" name="nonce" value="{{ nonce }}">`.
    """
    nonce = nonce_of(request)
    found = page(request, f"console/{template}", status=status, who=who, rights=who.rights(), nonce=nonce, **values)
    leave_nonce(request, found, nonce)
    return found


def check_form(request: Request, nonce: str) -> None:
    """Refuse a form that no page of ours sent (requirement 21). Raises HTTPException 403."""
    if not is_from_our_page(request, nonce):
        raise HTTPException(HTTPStatus.FORBIDDEN)
