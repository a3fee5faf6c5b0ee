"""The provider's callbacks: verified, stored once, answered. What follows from them is a worker's business."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from reminders.core.errors import ForgedHookError, NotReadyError
from reminders.ports import InboundText, SmsHooks
from reminders.services.deps import Deps
from reminders.services.store_arrivals import Arrived, Kept, store_receipts, store_texts
from reminders.web.errors import HANDLERS
from reminders.web.gathering import Gathering
from reminders.web.health import Metrics
from reminders.web.pages import services_of

log = structlog.get_logger()

HOOKS = "/hooks/twilio/"
EMPTY_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""We answer a text later, by a message of our own; in the callback there is nothing to say."""


class Arrivals:
    """What the callbacks of one app bring, gathered and stored in groups."""

    def __init__(self, deps: Deps) -> None:
        """Begin with nothing brought."""
        self.texts: Gathering[InboundText, Kept] = Gathering(partial(store_texts, deps))
        self.receipts: Gathering[Arrived, Kept] = Gathering(partial(store_receipts, deps))


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback as it came, and what judges, gathers and counts it.

    `path` has its query and is as undecoded as `body` is: the signature is over their very bytes.
    """

    path: str
    body: bytes
    signature: str | None
    hooks: SmsHooks
    arrivals: Arrivals
    counters: Metrics


async def callback_of(request: Request) -> Callback:
    """Return the callback. Raises NotReadyError in an installation without a provider."""
    services = services_of(request)
    if not services.facts.has_hooks:
        raise NotReadyError("no provider is configured, so no callback can be verified")
    raw_path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return Callback(
        path=raw_path.decode("ascii") + (f"?{query.decode('ascii')}" if query else ""),
        body=await request.body(),
        signature=request.headers.get("X-Twilio-Signature"),
        hooks=services.hooks,
        arrivals=request.app.state.arrivals,
        counters=request.app.state.metrics,
    )


# Neither of these is a plain function, nor depends on one: a thread for each would cost more than all the rest.
async def receive_text(request: Request) -> Response:
    """Take a patient's text. 403 where it is forged, 503 where it cannot be kept: then the provider repeats it."""
    came = await callback_of(request)
    try:
        text = came.hooks.read_text(came.path, came.body, came.signature)
    except ForgedHookError:
        came.counters.count_hook("sms", "forged")
        raise
    kept = await _kept(came.arrivals.texts.store(text))
    came.counters.count_hook("sms", kept)
    return Response(EMPTY_ANSWER, media_type="text/xml")


async def receive_receipt(request: Request) -> Response:
    """Take a delivery report. A genuine one whose tag is no tag of ours is kept too: it names its message itself."""
    came = await callback_of(request)
    try:
        receipt = came.hooks.read_receipt(came.path, came.body, came.signature)
    except ForgedHookError:
        came.counters.count_hook("status", "forged")
        raise
    attempt = _tag(request.path_params["tag"])
    kept = await _kept(came.arrivals.receipts.store((attempt, receipt)))
    came.counters.count_hook("status", "untagged" if attempt is None else kept)
    return Response(status_code=204)


async def _kept(storing: Awaitable[Kept]) -> Kept:
    """Wait until what came is stored; whatever goes wrong, the provider is asked to bring it again."""
    try:
        kept = await storing
    except Exception as error:
        log.error("hook.not_kept", exc=error)  # noqa: TRY400 - a traceback may quote the text
        raise NotReadyError("the callback could not be stored") from error
    if kept is Kept.FAILED:
        log.error("hook.not_kept")
        raise NotReadyError("the callback could not be stored")
    return kept


def _tag(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class Door:
    """Answers callbacks before the framework looks at them: its own ways in cost twice what storing them does."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of an app."""
        self._app = app
        self._hooks = ExceptionMiddleware(
            Router(
                [
                    Route("/hooks/twilio/sms", receive_text, methods=["POST"]),
                    Route("/hooks/twilio/status/{tag}", receive_receipt, methods=["POST"]),
                ],
                redirect_slashes=False,
            ),
            handlers=HANDLERS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a callback, or leave the request to the app."""
        is_ours = scope["type"] == "http" and scope["path"].startswith(HOOKS)
        await (self._hooks if is_ours else self._app)(scope, receive, send)
