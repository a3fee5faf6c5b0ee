"""What is around every answer: a size limit, headers, one line of log, and a fence that no error gets through.

It stands outside the framework's own layers, so that even an answer to an unforeseen error carries the headers.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminders.bootstrap import Services
from reminders.web.api.problem import refusal
from reminders.web.errors import problem
from reminders.web.pages import base_path

log = structlog.get_logger()

MOST_BYTES = 64_000
"""No form of ours and no callback is larger (requirement 5 of the webhooks)."""
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}
ONE_YEAR = 31_536_000
HOOKS = "/hooks/"
IS_TOLD_ELSEWHERE = "is_told_elsewhere"
"""Set in a request's state by whoever stored and counted it: then the log has no line of its own for it."""
CACHE_CONTROL = b"cache-control"
MAY_BE_KEPT = frozenset({HTTPStatus.OK, HTTPStatus.NOT_MODIFIED})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class Envelope:
    """The outermost layer, in ASGI's own terms: it sees the answer after everything else had its say."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        """Stand around an app."""
        self._app = app
        self._identity = services.deps.identity
        self._clock = services.deps.clock
        self._base = base_path(services)
        headers = dict(HEADERS)
        if services.facts.public_url.startswith("https:"):
            headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}"
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reference = self._identity.new_id()
        scope.setdefault("state", {})["reference"] = str(reference)
        begun = self._clock.monotonic()
        answer = _Answer(send, self._headers, is_static=scope["path"].startswith("/static/"))
        await self._within_fence(scope, receive, answer, reference)
        if scope["state"].get(IS_TOLD_ELSEWHERE):
            return
        log.info(
            "web.request",
            route=_template(scope),
            method=scope["method"],
            status=answer.status,
            duration_ms=round((self._clock.monotonic() - begun) * 1000, 1),
            id=str(reference),
        )

    async def _within_fence(self, scope: Scope, receive: Receive, answer: _Answer, reference: UUID) -> None:
        body = await _whole(scope, receive)
        if body is None:
            await self._refuse(scope, receive, answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reference)
            return
        if _has_nul(scope, body):
            await self._refuse(scope, receive, answer, HTTPStatus.BAD_REQUEST, reference)
            return
        try:
            await self._app(scope, _again(body, receive), answer)
        except Exception as error:
            log.error("web.failed", exc=error, id=str(reference))  # noqa: TRY400 - a traceback may quote what a person wrote
            if answer.status:
                raise
            await self._refuse(scope, receive, answer, HTTPStatus.INTERNAL_SERVER_ERROR, reference)

    async def _refuse(
        self, scope: Scope, receive: Receive, answer: _Answer, status: HTTPStatus, reference: UUID
    ) -> None:
        is_page = "text/html" in Headers(scope=scope).get("accept", "")
        response = refusal(scope["path"], status, reference=str(reference), base=self._base) or problem(
            status, wants_page=is_page, reference=str(reference), base=self._base
        )
        await response(scope, receive, answer)


class _Answer:
    """Sends an answer on, with our headers, and remembers its status."""

    def __init__(self, send: Send, headers: Sequence[tuple[bytes, bytes]], *, is_static: bool) -> None:
        self.status = 0
        self._send = send
        self._headers = headers
        self._is_static = is_static

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # Browsers keep styles but ask whether they changed; pages are kept nowhere.
            may_keep = self._is_static and self.status in MAY_BE_KEPT
            ours = [*self._headers, (CACHE_CONTROL, b"no-cache" if may_keep else b"no-store")]
            names = {name for name, _ in ours}
            message["headers"] = [*(item for item in message["headers"] if item[0].lower() not in names), *ours]
        await self._send(message)


async def _whole(scope: Scope, receive: Receive) -> bytes | None:
    """Read the body; None where it is too large, whatever its headers claim."""
    claimed = Headers(scope=scope).get("content-length", "0")
    if not claimed.isdecimal() or int(claimed) > MOST_BYTES:
        return None
    body: bytes = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > MOST_BYTES:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return body


def _has_nul(scope: Scope, body: bytes) -> bool:
    """Say whether a form or a query holds the sign that no keyboard has, and that PostgreSQL takes in no text.

    A callback is heard all the same: whatever else a text holds, it may be a STOP.
    """
    if scope["path"].startswith(HOOKS):
        return False
    media = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    is_in_form = media in FORMS and (b"%00" in body or b"\0" in body)
    return is_in_form or b"%00" in scope["query_string"]


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that brings the body once, then whatever else there is to hear."""
    told = False

    async def bring() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return bring


def _template(scope: Scope) -> str:
    """Return the route as it is spelled in code: a path may hold a token and is never logged (requirement 13)."""
    return getattr(scope.get("route"), "path", "none")
