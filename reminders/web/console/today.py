"""Today: who comes, what was said and heard, and what a person should do next. The front desk has it open all day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from reminders.core.staff import Actor
from reminders.services.read_today import read_today
from reminders.web.console.asked import Asked
from reminders.web.console.door import Acting, staff_page
from reminders.web.console.today_view import Today, today
from reminders.web.pages import services_of

router = APIRouter()

Wanted = Annotated[Asked, Query()]


def shown_today(request: Request, who: Actor, asked: Asked) -> Today:
    """Return the page's content as it stands now. Raises NotFoundError for a clinic that is not theirs."""
    services = services_of(request)
    reading = read_today(services.deps, who, asked.choice, counts_all=services.facts.is_demo)
    return today(reading, who, services.facts, asked, speed=services.deps.clock.speed)


@router.get("/")
def show_today(request: Request, who: Acting, asked: Wanted) -> HTMLResponse:
    """Show who comes, what was said and heard, and what a person should do next."""
    return staff_page(request, who, "today.html", shown=shown_today(request, who, asked))


@router.get("/parts/today")
def show_today_parts(request: Request, who: Acting, asked: Wanted) -> HTMLResponse:
    """Return the same content without the page around it: the page fetches it to stay fresh."""
    return staff_page(request, who, "today_parts.html", shown=shown_today(request, who, asked))
