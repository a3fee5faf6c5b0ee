"""How twilio-python's requests reach a server: its own async client has neither a timeout nor a size limit."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlencode, urlsplit

import aiohttp
from twilio.http.response import Response
from typing_extensions import override

from reminders.adapters.twilio.passage import EndedError, Passage, RefusedError, UnreadableError, current_passage
from reminders.adapters.twilio.protocol import http_date

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

_MOST_BYTES = 1_000_000
_MAIN_HOST = "api.twilio.com"
_OTHER_HOSTS = frozenset({"lookups.twilio.com", "messaging.twilio.com"})
_CHANGED = re.compile(rb"[^A-Za-z0-9_.~ -]")
_ESCAPES = tuple(b"%%%02X" % byte for byte in range(256))
_OK, _FIRST_THAT_IS_NO_SUCCESS = 200, 300


class Wire:
    """An HTTP client as twilio-python wants one. To be made on the event loop that uses it.

    No retry, no redirect, no proxy from the environment, and no log of requests: theirs holds phone numbers.
    """

    is_async = True

    def __init__(
        self,
        base_url: str,
        *,
        connections: int,
        connect_timeout: float,
        read_timeout: float,
        hear_time: Callable[[datetime], None],
    ) -> None:
        """Send every request to `base_url` (see `destination`); timeouts in seconds.

        `hear_time` is told what time it is by the clock of whoever answers, at each answer.
        """
        self._hear_time = hear_time
        self._base = urlsplit(base_url.rstrip("/"))
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._session = aiohttp.ClientSession(
            connector=_Gate(limit=connections),
            cookie_jar=aiohttp.DummyCookieJar(),
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
        passage = current_passage() or Passage(self._connect_timeout)
        read_timeout = passage.read_timeout or self._read_timeout
        async with (
            asyncio.timeout(passage.connect_timeout + read_timeout),
            self._session.request(
                method,
                destination(self._base, url, params),
                data=None if data is None else form_of(data),
                headers={**(headers or {}), **_authorization(auth)},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=passage.connect_timeout,
                    sock_connect=passage.connect_timeout,
                    sock_read=read_timeout,
                ),
            ) as reply,
        ):
            if (at := http_date(reply.headers.get("Date", ""))) is not None:
                self._hear_time(at)
            return await _read(reply)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def destination(base: SplitResult, url: str, params: Mapping[str, object] | None = None) -> str:
    """Return where a request for `url` goes: to the base address, whatever host it names.

    So a next-page address in an answer cannot lead our credentials elsewhere. Only the real Twilio has other hosts
    that are its own; a simulator answers for all of them.
    """
    asked = urlsplit(url)
    is_own = base.hostname == _MAIN_HOST and asked.scheme == "https" and asked.netloc in _OTHER_HOSTS
    netloc, folder = (asked.netloc, "") if is_own else (base.netloc, base.path)
    query = "&".join(part for part in (asked.query, urlencode(params or {}, doseq=True)) if part)
    return asked._replace(scheme=base.scheme, netloc=netloc, path=folder + asked.path, query=query).geturl()


def form_of(data: Mapping[str, object]) -> bytes:
    """Return a form as `urlencode` writes it: that one looks up every byte, not only those that change."""
    return urlencode(data, doseq=True, quote_via=_quoted).encode()  # type: ignore[arg-type]  # it gives texts alone


def _quoted(text: str, *_: object) -> str:
    if text.isascii() and text.isalnum():
        return text
    return _CHANGED.sub(_escaped, text.encode()).replace(b" ", b"+").decode("ascii")


def _escaped(found: re.Match[bytes]) -> bytes:
    return _ESCAPES[found[0][0]]


class _Gate(aiohttp.TCPConnector):
    """Connections, each asked for leave at the moment when it is ready: before it, nothing can have been sent."""

    @override
    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        try:
            _ask_to_leave()
        except BaseException:
            connection.close()  # uvloop never ends while a connection is left that nobody holds
            raise
        return connection


def _ask_to_leave() -> None:
    passage = current_passage()
    if passage is not None and not passage.leave():
        raise EndedError


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
