"""The audit page: who did what, by person, patient and day. It shows deeds, never what was read or written."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reminders.core.ids import StaffId
from reminders.core.staff import Actor, Right
from reminders.services.read_deeds import DeedQuery, read_deeds
from reminders.web.console.audit_view import audit_view
from reminders.web.console.door import needs, staff_page
from reminders.web.console.times import Times
from reminders.web.pages import services_of

router = APIRouter()

Reader = Annotated[Actor, Depends(needs(Right.AUDIT))]


@router.get("/audit")
def show_audit(request: Request, who: Reader, person: str = "", patient: str = "", day: str = "") -> HTMLResponse:
    """Show the newest deeds that were asked for; a blank field asks for all."""
    query = DeedQuery(_staff_id(person), patient.strip()[:200] or None, _day(day))
    found = read_deeds(services_of(request).deps, who, query)
    return staff_page(request, who, "audit.html", shown=audit_view(found, query), times=Times(found.clock))


def _staff_id(text: str) -> StaffId | None:
    try:
        return StaffId(UUID(text))
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
