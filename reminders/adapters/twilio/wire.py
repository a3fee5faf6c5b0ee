"""How twilio-python's requests reach a server: its own async client has neither a timeout nor a size limit."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.http.response import Response

from reminders.adapters.twilio.passage import EndedError, Passage, RefusedError, UnreadableError, current_passage

_MOST_BYTES = 1_000_000
_OK, _FIRST_THAT_IS_NO_SUCCESS = 200, 300


class Wire:
    """An HTTP client as twilio-python wants one. To be made on the event loop that uses it.

    No retry, no redirect, no proxy from the environment, and no log of requests: theirs holds phone numbers.
    """

    is_async = True

    def __init__(self, base_url: str, *, connections: int, connect_timeout: float, read_timeout: float) -> None:
        """Send every request to `base_url`, whatever host it names; timeouts in seconds."""
        self._base = urlsplit(base_url.rstrip("/"))
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_trace()],
            trust_env=False,
        )

    async def request(  # noqa: PLR0917 - twilio-python's signature
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - as above; ours is in force
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002 - as above; never
    ) -> Response:
        """Make one request.

        Raises:
            RefusedError: for every answer but a success.
            UnreadableError: for a success that is too large or cut off.
            aiohttp.ClientError, OSError, TimeoutError: where no answer came.
        """
        passage = current_passage() or Passage(self._connect_timeout, lambda: True)
        async with (
            asyncio.timeout(passage.connect_timeout + self._read_timeout),
            self._session.request(
                method,
                self._address(url, params),
                data=None if data is None else urlencode(data, doseq=True).encode(),
                headers={**(headers or {}), **_authorization(auth)},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=passage.connect_timeout,
                    sock_connect=passage.connect_timeout,
                    sock_read=self._read_timeout,
                ),
                trace_request_ctx=passage,
            ) as reply,
        ):
            return await _read(reply)

    def _address(self, url: str, params: Mapping[str, object] | None) -> str:
        asked = urlsplit(url)
        query = "&".join(part for part in (asked.query, urlencode(params or {}, doseq=True)) if part)
        # The host is always ours: a next-page address in an answer cannot lead our credentials elsewhere.
        full = asked._replace(
            scheme=self._base.scheme, netloc=self._base.netloc, path=self._base.path + asked.path, query=query
        )
        return full.geturl()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def _trace() -> aiohttp.TraceConfig:
    """Watch for the moment when a connection is ready: before it, nothing can have been sent."""

    async def ask_to_leave(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        passage: Passage = context.trace_request_ctx
        if not passage.leave():
            raise EndedError

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(ask_to_leave)
    trace.on_connection_reuseconn.append(ask_to_leave)
    return trace


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}


async def _read(reply: aiohttp.ClientResponse) -> Response:
    is_success = _OK <= reply.status < _FIRST_THAT_IS_NO_SUCCESS
    try:
        text = await _text(reply)
    except (UnreadableError, aiohttp.ClientError, OSError, ValueError):
        if is_success:
            raise
        text = ""  # the status line alone says that it was refused
    if not is_success:
        raise RefusedError(reply.status, _code(text), reply.headers.get("Retry-After"))
    return Response(reply.status, text, reply.headers)


async def _text(reply: aiohttp.ClientResponse) -> str:
    found = bytearray()
    async for piece in reply.content.iter_any():
        found += piece
        if len(found) > _MOST_BYTES:
            reply.close()
            raise UnreadableError("the answer is too large")
    return found.decode("utf-8")


def _code(text: str) -> str:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    code = answer.get("code") if isinstance(answer, dict) else None
    return str(code) if isinstance(code, int) and not isinstance(code, bool) else ""
