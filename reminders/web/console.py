"""Staff pages, in the demo only, until there is sign-in: 'Today and next' on this machine."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reminders.services.apply_clinics import known_clinics
from reminders.services.read_status import read_status
from reminders.web.guards import only_local
from reminders.web.pages import page, services_of
from reminders.web.today import Today, today

router = APIRouter(dependencies=[Depends(only_local)])


def shown_today(request: Request) -> Today:
    """Return the page's content as it stands now."""
    services = services_of(request)
    every = known_clinics(services.deps)
    zone = every[0].tz if every else ZoneInfo("UTC")
    return today(read_status(services.deps), services.facts, zone=zone, speed=services.deps.clock.speed)


Shown = Annotated[Today, Depends(shown_today)]


@router.get("/")
def show_today(request: Request, shown: Shown) -> HTMLResponse:
    """Show who comes, what was said and heard, and what a person should do next."""
    return page(request, "today.html", shown=shown)


@router.get("/parts/today")
def show_today_parts(request: Request, shown: Shown) -> HTMLResponse:
    """Return the same content without the page around it: the page fetches it to stay fresh."""
    return page(request, "today_parts.html", shown=shown)
