"""The provider's callbacks: verified, stored once, answered. What follows from them is a worker's business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from uuid import UUID

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reminders.core.errors import ForgedHookError, NotReadyError
from reminders.ports import InboundText, SmsHooks
from reminders.services.deps import Deps
from reminders.services.store_arrivals import Arrived, Kept, store_receipts, store_texts
from reminders.web.envelope import IS_TOLD_ELSEWHERE
from reminders.web.errors import ANSWERED, answer_error
from reminders.web.gathering import Gathering
from reminders.web.health import Metrics

log = structlog.get_logger()

HOOKS = "/hooks/twilio/"
SIGNATURE = b"x-twilio-signature"
KEPT = Response(status_code=HTTPStatus.NO_CONTENT)
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

    `path` has its query and is as undecoded as `body` is: the signature is over their very bytes. `tag_text` is the
    last part of the decoded path, which names an attempt where this is a delivery report.
    """

    path: str
    tag_text: str
    body: bytes
    signature: str | None
    hooks: SmsHooks
    arrivals: Arrivals
    counters: Metrics


async def callback_of(scope: Scope, receive: Receive) -> Callback:
    """Return the callback. Raises NotReadyError in an installation without a provider."""
    state = scope["app"].state
    if not state.services.facts.has_hooks:
        raise NotReadyError("no provider is configured, so no callback can be verified")
    query: bytes = scope["query_string"]
    signature = next((value for name, value in scope["headers"] if name == SIGNATURE), None)
    return Callback(
        path=scope["raw_path"].decode("ascii") + (f"?{query.decode('ascii')}" if query else ""),
        tag_text=scope["path"].rpartition("/")[2],
        body=await _body(receive),
        signature=None if signature is None else signature.decode("latin-1"),
        hooks=state.services.hooks,
        arrivals=state.arrivals,
        counters=state.metrics,
    )


async def _body(receive: Receive) -> bytes:
    found: bytes = b""
    while True:
        message = await receive()
        found += message.get("body", b"")
        if not message.get("more_body", False):
            return found


async def receive_text(came: Callback) -> Response:
    """Take a patient's text. 403 where it is forged, 503 where it cannot be kept: then the provider repeats it."""
    try:
        text = came.hooks.read_text(came.path, came.body, came.signature)
    except ForgedHookError:
        came.counters.count_hook("sms", "forged")
        raise
    kept = await _kept(came.arrivals.texts.store(text))
    came.counters.count_hook("sms", kept)
    return Response(EMPTY_ANSWER, media_type="text/xml")


async def receive_receipt(came: Callback) -> Response:
    """Take a delivery report. A genuine one whose tag is no tag of ours is kept too: it names its message itself."""
    try:
        receipt = came.hooks.read_receipt(came.path, came.body, came.signature)
    except ForgedHookError:
        came.counters.count_hook("status", "forged")
        raise
    attempt = _tag(came.tag_text)
    kept = await _kept(came.arrivals.receipts.store((attempt, receipt)))
    came.counters.count_hook("status", "untagged" if attempt is None else kept)
    return KEPT


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


@dataclass(frozen=True, slots=True)
class Route:
    """A way in: its path as the log names it, and who takes what comes."""

    path: str
    take: Callable[[Callback], Awaitable[Response]]
    methods: Sequence[str]

    def fits(self, path: str) -> bool:
        """Say whether a path is this one; the last part of ours may stand for anything that is not empty."""
        before, _, last = self.path.rpartition("/")
        theirs, _, given = path.rpartition("/")
        return theirs == before and (given == last or (last.startswith("{") and given != ""))


ROUTES = (
    Route("/hooks/twilio/sms", receive_text, methods=["POST"]),
    Route("/hooks/twilio/status/{tag}", receive_receipt, methods=["POST"]),
)


class Door:
    """Answers callbacks before the framework looks at them: its own ways in cost twice what storing them does."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a callback, or leave the request to the app."""
        if scope["type"] != "http" or not scope["path"].startswith(HOOKS):
            await self._app(scope, receive, send)
            return
        try:
            response = await _answered(scope, receive)
        except ANSWERED as error:
            response = answer_error(Request(scope), error)
        await response(scope, receive, send)


async def _answered(scope: Scope, receive: Receive) -> Response:
    route = next((route for route in ROUTES if route.fits(scope["path"])), None)
    if route is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    scope["route"] = route
    if scope["method"] not in route.methods:
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(route.methods)})
    response = await route.take(await callback_of(scope, receive))
    # A receipt that was kept, now or before, is a row, and counted: a line of log would say it a third time.
    scope["state"][IS_TOLD_ELSEWHERE] = response is KEPT
    return response
