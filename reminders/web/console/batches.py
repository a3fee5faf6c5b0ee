"""What was written: the last batches, each with how far it has got and who got it, and the button that stops it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reminders.core.ids import BatchId
from reminders.core.staff import Actor, Right
from reminders.services.read_batches import read_batch, read_batches
from reminders.services.stop_batch import stop_batch
from reminders.web.console.batches_view import shown_batch, shown_line
from reminders.web.console.door import Acting, check_form, needs, staff_page
from reminders.web.pages import base_path, services_of

router = APIRouter()
Writing = Annotated[Actor, Depends(needs(Right.WRITE))]


@router.get("/batches")
def show_batches(request: Request, who: Acting) -> HTMLResponse:
    """Show the last batches, the newest first."""
    lines = [shown_line(line) for line in read_batches(services_of(request).deps, who)]
    return staff_page(request, who, "batches.html", lines=lines)


@router.get("/batches/{batch_id}")
def show_batch(request: Request, who: Acting, batch_id: UUID) -> HTMLResponse:
    """Show one batch; the page looks for news by itself while there is any to come."""
    found = read_batch(services_of(request).deps, who, BatchId(batch_id))
    return staff_page(request, who, "batch.html", batch=shown_batch(found, who))


@router.get("/parts/batches/{batch_id}")
def show_batch_part(request: Request, who: Acting, batch_id: UUID) -> HTMLResponse:
    """Show what changes of a batch."""
    found = read_batch(services_of(request).deps, who, BatchId(batch_id))
    return staff_page(request, who, "batch_part.html", batch=shown_batch(found, who))


@router.post("/batches/{batch_id}/stop")
def stop(request: Request, who: Writing, batch_id: UUID, nonce: Annotated[str, Form(max_length=64)] = "") -> Response:
    """End what has not left, then show the batch."""
    check_form(request, nonce)
    services = services_of(request)
    stop_batch(services.deps, who, BatchId(batch_id))
    return RedirectResponse(f"{base_path(services)}/batches/{batch_id}", status_code=HTTPStatus.SEE_OTHER)
