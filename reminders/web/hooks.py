"""The provider's callbacks: verified, stored once, answered. What follows from them is a worker's business."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response

from reminders.bootstrap import Services
from reminders.core.errors import ForgedHookError, NotReadyError
from reminders.services.apply_receipts import store_receipt
from reminders.services.receive_replies import store_text
from reminders.web.health import Metrics
from reminders.web.pages import services_of

log = structlog.get_logger()
router = APIRouter()

EMPTY_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""We answer a text later, by a message of our own; in the callback there is nothing to say."""


async def raw_body(request: Request) -> bytes:
    """Return the body as it came: the signature is over its very bytes."""
    return await request.body()


def signed_path(request: Request) -> str:
    """Return the path and query as they came over the wire, undecoded: the signature is over them."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path.decode("ascii") + (f"?{query.decode('ascii')}" if query else "")


def hook_services(request: Request) -> Services:
    """Return the services of an installation that has a provider. Raises NotReadyError without one."""
    services = services_of(request)
    if not services.facts.has_hooks:
        raise NotReadyError("no provider is configured, so no callback can be verified")
    return services


def metrics_of(request: Request) -> Metrics:
    """Return the counters."""
    found: Metrics = request.app.state.metrics
    return found


Ready = Annotated[Services, Depends(hook_services)]
Counters = Annotated[Metrics, Depends(metrics_of)]
Body = Annotated[bytes, Depends(raw_body)]
Path = Annotated[str, Depends(signed_path)]
Signature = Annotated[str | None, Header(alias="X-Twilio-Signature")]


@router.post("/hooks/twilio/sms")
def receive_text(
    services: Ready, counters: Counters, path: Path, body: Body, *, signature: Signature = None
) -> Response:
    """Take a patient's text. 403 where it is forged, 503 where it cannot be kept: then the provider repeats it."""
    try:
        text = services.hooks.read_text(path, body, signature)
    except ForgedHookError:
        counters.count_hook("sms", "forged")
        raise
    is_new = _kept(lambda: store_text(services.deps, text))
    counters.count_hook("sms", "stored" if is_new else "repeated")
    return Response(EMPTY_ANSWER, media_type="text/xml")


@router.post("/hooks/twilio/status/{tag}")
def receive_receipt(
    tag: str, services: Ready, counters: Counters, path: Path, body: Body, *, signature: Signature = None
) -> Response:
    """Take a delivery report. A genuine one whose tag is no tag of ours is kept too: it names its message itself."""
    try:
        receipt = services.hooks.read_receipt(path, body, signature)
    except ForgedHookError:
        counters.count_hook("status", "forged")
        raise
    attempt = _tag(tag)
    is_new = _kept(lambda: store_receipt(services.deps, attempt, receipt))
    counters.count_hook("status", "untagged" if attempt is None else "stored" if is_new else "repeated")
    return Response(status_code=204)


def _kept(store: Callable[[], bool]) -> bool:
    """Store what came; whatever goes wrong, the provider is asked to bring it again."""
    try:
        return store()
    except Exception as error:
        log.error("hook.not_kept", exc=error)  # noqa: TRY400 - a traceback may quote the text
        raise NotReadyError("the callback could not be stored") from error


def _tag(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
