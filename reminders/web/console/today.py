"""Today: who comes, what was said and heard, and what a person should do next. The front desk has it open all day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from reminders.core.staff import Actor
from reminders.services.read_today import Span, read_today
from reminders.web.console.door import Acting, staff_page
from reminders.web.console.today_view import Today, today
from reminders.web.pages import services_of

router = APIRouter()

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)
"""Between these a day may be asked for: no clinic's schedule reaches further."""

Chosen = Annotated[str, Query(max_length=64)]
Day = Annotated[date | None, Query(ge=FIRST, le=LAST)]


def shown_today(
    request: Request, who: Actor, clinic: str, span: Span, *, on: date | None = None, is_whole: bool = False
) -> Today:
    """Return the page's content as it stands now. Raises NotFoundError for a clinic that is not theirs."""
    services, counts = services_of(request), services_of(request).facts.is_demo
    reading = read_today(services.deps, who, clinic=clinic, span=span, on=on, is_whole=is_whole, counts_all=counts)
    speed = services.deps.clock.speed
    return today(reading, who, services.facts, chosen=clinic, span=span, on=on, is_whole=is_whole, speed=speed)


@router.get("/")
def show_today(
    request: Request, who: Acting, clinic: Chosen = "", span: Span = Span.NEXT, *, day: Day = None, whole: bool = False
) -> HTMLResponse:
    """Show who comes, what was said and heard, and what a person should do next."""
    shown = shown_today(request, who, clinic, span, on=day, is_whole=whole)
    return staff_page(request, who, "today.html", shown=shown)


@router.get("/parts/today")
def show_today_parts(
    request: Request, who: Acting, clinic: Chosen = "", span: Span = Span.NEXT, *, day: Day = None, whole: bool = False
) -> HTMLResponse:
    """Return the same content without the page around it: the page fetches it to stay fresh."""
    shown = shown_today(request, who, clinic, span, on=day, is_whole=whole)
    return staff_page(request, who, "today_parts.html", shown=shown)
