"""The hook of our own stub provider: a canary's receipt comes in by the same door as a provider's."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response

from reminders.bootstrap import Services
from reminders.core.errors import ForgedHookError
from reminders.services.fly_canaries import is_genuine, store_canary_receipt
from reminders.web.pages import services_of

router = APIRouter()


@router.post("/hooks/canary/{canary}")
def receive_canary(
    canary: str,
    services: Annotated[Services, Depends(services_of)],
    signature: Annotated[str | None, Header(alias="X-Canary-Signature")] = None,
) -> Response:
    """Take a canary's report. 403 where it is forged."""
    found = _canary(canary)
    if found is None or not is_genuine(services.deps, found, signature):
        raise ForgedHookError("the signature of a canary is wrong or missing")
    store_canary_receipt(services.deps, found)
    return Response(status_code=204)


def _canary(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
