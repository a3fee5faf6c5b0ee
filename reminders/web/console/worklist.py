"""Working the worklist off: one press on Today, or the page of a task with everything that can be done about it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field

from reminders.core.errors import InputError
from reminders.core.staff import Actor, Right
from reminders.core.tasks import CAN_BE_CONFIRMED, CAN_GET_A_RIDE, Outcome
from reminders.services.read_worklist import read_task
from reminders.services.work_tasks import Resolution, assign_task, reopen_task, resolve_task, take_task
from reminders.web.console.asked import Asked
from reminders.web.console.door import Acting, check_form, needs, staff_page
from reminders.web.console.times import Times
from reminders.web.console.today import shown_today
from reminders.web.console.worklist_view import CHOICES, CONFIRMED, RIDE, item
from reminders.web.pages import base_path, services_of

router = APIRouter(prefix="/worklist")

Working = Annotated[Actor, Depends(needs(Right.WORK))]
SHORT_NAME = re.compile(r"^[0-9a-f]{4,32} (?=is )")
"""What a task is called on the command line, where a fault names it; on a page it is the one that was pressed."""


class Deed(Asked):
    """What a form asks to do with a task. `done` is an outcome, or what staff learned, which stands for one."""

    nonce: str = Field("", max_length=64)
    do: Literal["", "take", "give", "resolve", "reopen"] = ""
    done: Literal["", "done", "reached", "not_reached", "not_needed", "confirmed", "ride"] = ""
    to: str = Field("", max_length=200)
    note: str = Field("", max_length=2000)
    is_confirmed: bool = False
    is_ride_arranged: bool = False
    back: Literal["today", "task", "inbox"] = "today"
    thread: str = Field("", max_length=36, pattern=r"[0-9a-f-]*")


Wanted = Annotated[Deed, Form()]


@router.get("/{name}")
def show_task(request: Request, who: Acting, name: str) -> HTMLResponse:
    """Show one task, open or not, with its notes and all that can be done about it."""
    return _task_page(request, who, name, ())


@router.post("/{name}")
def work(request: Request, who: Working, name: str, deed: Wanted) -> Response:
    """Do one thing with a task, then show where it was done. What somebody else did first is said, not undone."""
    check_form(request, deed.nonce)
    try:
        _do(request, who, name, deed)
    except InputError as error:
        return _refused(request, who, name, deed, error)
    return RedirectResponse(f"{base_path(services_of(request))}{_back(name, deed)}", status_code=HTTPStatus.SEE_OTHER)


def _do(request: Request, who: Actor, name: str, deed: Deed) -> None:
    deps = services_of(request).deps
    if deed.do == "take":
        take_task(deps, name, by=who.name, who=who)
    elif deed.do == "give":
        assign_task(deps, name, to=deed.to.strip(), by=who.name, who=who)
    elif deed.do == "reopen":
        reopen_task(deps, name, by=who.name, note=deed.note.strip(), who=who)
    elif deed.done:
        resolve_task(deps, name, _resolution(deed), by=who.name, who=who)
    else:
        raise InputError(["choose what to do"])


def _resolution(deed: Deed) -> Resolution:
    """Return how a task ended; that a session is confirmed, or a ride found, one learns by reaching somebody."""
    outcome = Outcome.REACHED if deed.done in {CONFIRMED, RIDE} else Outcome(deed.done)
    return Resolution(
        outcome,
        deed.note.strip(),
        is_confirmed=deed.is_confirmed or deed.done == CONFIRMED,
        is_ride_arranged=deed.is_ride_arranged or deed.done == RIDE,
    )


def _back(name: str, deed: Deed) -> str:
    if deed.back == "task":
        return f"/worklist/{name}"
    if deed.back == "inbox" and deed.thread:
        return f"/inbox/{deed.thread}"
    return f"/{deed.query}"


def _refused(request: Request, who: Actor, name: str, deed: Deed, error: InputError) -> HTMLResponse:
    faults = tuple(SHORT_NAME.sub("This task ", fault) for fault in error.faults)
    if deed.back != "today":
        return _task_page(request, who, name, faults, status=HTTPStatus.CONFLICT)
    shown = shown_today(request, who, deed)
    return staff_page(request, who, "today.html", status=HTTPStatus.CONFLICT, shown=shown, faults=faults)


def _task_page(
    request: Request, who: Actor, name: str, faults: tuple[str, ...], *, status: int = HTTPStatus.OK
) -> HTMLResponse:
    now, line = read_task(services_of(request).deps, name, who=who)
    is_of_one = line.task.appointment_id is not None and line.task.patient_id is not None
    times = Times(line.clock)
    return staff_page(
        request,
        who,
        "task.html",
        status=status,
        item=item(line, who, None, now, times),
        times=times,
        is_open=line.task.resolved_at is None,
        choices=CHOICES,
        asks_coming=is_of_one and line.task.kind in CAN_BE_CONFIRMED,
        asks_ride=is_of_one and line.task.kind in CAN_GET_A_RIDE,
        faults=faults,
    )
