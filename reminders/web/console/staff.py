"""The staff page: who may come in at one's clinics, in which role; and the links that let them in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reminders.core.clinics import Clinic
from reminders.core.errors import InputError, NotFoundError
from reminders.core.ids import StaffId
from reminders.core.staff import Actor, Right, Role
from reminders.services.apply_clinics import known_clinics
from reminders.services.invite_staff import Invited, add_staff, invite_again
from reminders.services.manage_staff import end_sessions, end_staff, set_role
from reminders.services.read_staff import read_staff
from reminders.web.console.door import check_form, needs, staff_page
from reminders.web.console.staff_view import link_view, staff_view
from reminders.web.console.times import times_of
from reminders.web.pages import base_path, services_of

router = APIRouter()

Manager = Annotated[Actor, Depends(needs(Right.STAFF))]
Field = Annotated[str, Form()]
NO_ROLE = "none"


@router.get("/staff")
def show_staff(request: Request, who: Manager) -> HTMLResponse:
    """Show everybody with a role at one's clinics."""
    return _page(request, who)


@router.post("/staff")
def add(
    request: Request,
    who: Manager,
    *,
    login: Field = "",
    name: Field = "",
    role: Field = "",
    clinic: Field = "",
    nonce: Field = "",
) -> Response:
    """Add a person and show the link that lets them in, this once."""
    check_form(request, nonce)
    try:
        roles = {_clinic(request, who, clinic).id: _role(role)}
        invited = add_staff(services_of(request).deps, who, login=login, name=name, roles=roles)
    except InputError as error:
        return _page(request, who, faults=error.faults, status=HTTPStatus.BAD_REQUEST)
    return _page(request, who, invited=invited)


@router.post("/staff/{staff_id}/invite")
def invite(request: Request, who: Manager, staff_id: UUID, nonce: Field = "") -> Response:
    """Make another link and show it, this once."""
    check_form(request, nonce)
    try:
        invited = invite_again(services_of(request).deps, who, StaffId(staff_id))
    except InputError as error:
        return _page(request, who, faults=error.faults, status=HTTPStatus.BAD_REQUEST)
    return _page(request, who, invited=invited)


@router.post("/staff/{staff_id}/role")
def change_role(
    request: Request, who: Manager, staff_id: UUID, *, clinic: Field = "", role: Field = "", nonce: Field = ""
) -> Response:
    """Give a person another role at a clinic, or none."""
    check_form(request, nonce)
    try:
        wanted = None if role == NO_ROLE else _role(role)
        set_role(services_of(request).deps, who, StaffId(staff_id), _clinic(request, who, clinic).id, wanted)
    except InputError as error:
        return _page(request, who, faults=error.faults, status=HTTPStatus.BAD_REQUEST)
    return _again(request)


@router.post("/staff/{staff_id}/sessions")
def stop_sessions(request: Request, who: Manager, staff_id: UUID, nonce: Field = "") -> Response:
    """Sign a person out everywhere."""
    check_form(request, nonce)
    end_sessions(services_of(request).deps, who, StaffId(staff_id))
    return _again(request)


@router.post("/staff/{staff_id}/end")
def end(request: Request, who: Manager, staff_id: UUID, nonce: Field = "") -> Response:
    """End a person's access for good."""
    check_form(request, nonce)
    try:
        end_staff(services_of(request).deps, who, StaffId(staff_id))
    except InputError as error:
        return _page(request, who, faults=error.faults, status=HTTPStatus.BAD_REQUEST)
    return _again(request)


def _page(
    request: Request,
    who: Actor,
    *,
    invited: Invited | None = None,
    faults: tuple[str, ...] = (),
    status: int = HTTPStatus.OK,
) -> HTMLResponse:
    deps = services_of(request).deps
    clinics = _clinics(request, who)
    shown = staff_view(read_staff(deps, who), clinics)
    link = None if invited is None else link_view(invited, clinics)
    times = times_of(clinics)
    return staff_page(
        request, who, "staff_list.html", status=status, shown=shown, link=link, faults=faults, times=times
    )


def _again(request: Request) -> RedirectResponse:
    return RedirectResponse(f"{base_path(services_of(request))}/staff", status_code=HTTPStatus.SEE_OTHER)


def _clinics(request: Request, who: Actor) -> list[Clinic]:
    mine = who.clinics(Right.STAFF)
    return [clinic for clinic in known_clinics(services_of(request).deps) if clinic.id in mine]


def _clinic(request: Request, who: Actor, slug: str) -> Clinic:
    """Return one of the person's own clinics; where there is only one, it need not be named."""
    chosen = [clinic for clinic in _clinics(request, who) if slug in {"", clinic.slug}]
    if not chosen:
        raise NotFoundError("no such clinic")
    if len(chosen) > 1:
        raise InputError(["clinic: choose one"])
    return chosen[0]


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise InputError(["role: choose one"]) from None
