"""The page of reports: a clinic's figures by week, and each table as a file to take away."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from reminders.bootstrap import meaning_of
from reminders.core.reports import SPANS, to_csv
from reminders.core.staff import Actor, Right
from reminders.services.read_report import export_report, read_reports
from reminders.web.console.door import check_form, needs, staff_page
from reminders.web.console.reports_view import reports_view
from reminders.web.pages import services_of

router = APIRouter()

Reader = Annotated[Actor, Depends(needs(Right.REPORT))]
Field = Annotated[str, Form(max_length=200)]
USUAL = "12"


@router.get("/reports")
def show_reports(request: Request, who: Reader, clinic: str = "", weeks: str = USUAL) -> HTMLResponse:
    """Show the figures of a clinic; nobody is named in them."""
    found = read_reports(services_of(request).deps, who, meaning_of, clinic=clinic, weeks=_span(weeks))
    return staff_page(request, who, "reports.html", shown=reports_view(found))


@router.post("/reports/export")
def export(
    request: Request,
    who: Reader,
    *,
    report: Field,
    clinic: Field = "",
    weeks: Field = USUAL,
    bom: Field = "",
    nonce: Field = "",
) -> Response:
    """Give one table away as a file, which is written down: that is why it takes a form."""
    check_form(request, nonce)
    span = _span(weeks)
    place, table = export_report(services_of(request).deps, who, meaning_of, report, clinic=clinic, weeks=span)
    name = f"{place.slug}-{table.key}-{span}-weeks.csv"
    return Response(
        to_csv(table, has_bom=bool(bom)).encode(),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _span(weeks: str) -> int:
    """Return how many weeks were asked for. Raises HTTPException 404 for what is not offered."""
    found = {str(span): span for span in SPANS}.get(weeks)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found
