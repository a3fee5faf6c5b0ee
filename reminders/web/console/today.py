"""Staff pages, in the demo only, until there is sign-in: 'Today and next' on this machine."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reminders.services.apply_clinics import known_clinics
from reminders.services.read_status import read_status
from reminders.web.console.door import Acting, staff_page
from reminders.web.console.today_view import Today, today
from reminders.web.pages import services_of

router = APIRouter()


def shown_today(request: Request) -> Today:
    """Return the page's content as it stands now."""
    services = services_of(request)
    every = known_clinics(services.deps)
    zone = every[0].tz if every else ZoneInfo("UTC")
    return today(read_status(services.deps), services.facts, zone=zone, speed=services.deps.clock.speed)


Shown = Annotated[Today, Depends(shown_today)]


@router.get("/")
def show_today(request: Request, who: Acting, shown: Shown) -> HTMLResponse:
    """Show who comes, what was said and heard, and what a person should do next."""
    return staff_page(request, who, "today.html", shown=shown)


@router.get("/parts/today")
def show_today_parts(request: Request, who: Acting, shown: Shown) -> HTMLResponse:
    """Return the same content without the page around it: the page fetches it to stay fresh."""
    return staff_page(request, who, "today_parts.html", shown=shown)
