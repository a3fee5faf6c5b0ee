"""A page for each kind of problem that the API answers with. Their addresses outlive a version of the API."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from reminders.web.api.problem import KINDS, Kind
from reminders.web.pages import page

router = APIRouter()
NOT_FOUND = 404


@router.get("/problems/")
def list_problems(request: Request) -> HTMLResponse:
    """List the kinds of problems."""
    return page(request, "api/problems.html", kinds=KINDS)


@router.get("/problems/{kind}")
def show_problem(request: Request, kind: str) -> HTMLResponse:
    """Explain a kind of problem."""
    if kind not in set(Kind):
        raise HTTPException(NOT_FOUND)
    return page(request, "api/problem.html", kind=kind, about=KINDS[Kind(kind)])
