"""A small HTTP server that keeps messages as Twilio would, and misbehaves at the level of sockets when asked to."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from typing_extensions import override

ACCOUNT = "AC" + "1" * 32
SCRIPTED_PAGE_SIZE = 3


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    headers: dict[str, str]


Behaviour = Callable[[socket.socket, Callable[[], bytes]], bool]
"""Acts on a connection; the second argument makes the good answer (and the message). Says whether to keep it open."""


def answer(status: int, body: object = None, **headers: str) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def http_now(ahead: timedelta = timedelta(0)) -> str:
    return format_datetime(datetime.now(UTC) + ahead, usegmt=True)


def replying(content: bytes) -> Behaviour:
    def act(line: socket.socket, _: Callable[[], bytes]) -> bool:
        line.sendall(content)
        return True

    return act


def refusing(status: int, code: int | None = None, message: str = "", **headers: str) -> Behaviour:
    body = {"status": status, "message": message} | ({} if code is None else {"code": code})
    return replying(answer(status, body, **headers))


def keeping_silent(seconds: float) -> Behaviour:
    def act(_: socket.socket, __: Callable[[], bytes]) -> bool:
        time.sleep(seconds)
        return False

    return act


def resetting(line: socket.socket, _: Callable[[], bytes]) -> bool:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def accepting_then_resetting(line: socket.socket, good: Callable[[], bytes]) -> bool:
    good()
    return resetting(line, good)


def taking(seconds: float) -> Behaviour:
    def act(line: socket.socket, good: Callable[[], bytes]) -> bool:
        time.sleep(seconds)
        line.sendall(good())
        return True

    return act


@dataclass
class ScriptedTwilio:
    """Messages newest last; `documents` are shown at their paths, who asks for `forbidden` ones is turned away.

    `script` holds what the next requests meet, `always` what all others meet; `ahead` is its clock's lead.
    """

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    messages: list[dict[str, object]] = field(default_factory=list)
    documents: dict[str, object] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    script: deque[Behaviour] = field(default_factory=deque)
    always: Behaviour | None = None
    next_page_host: str = ""
    ahead: timedelta = timedelta(0)
    peak: int = 0
    in_flight: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, to: str, body: str, *, at: datetime | None = None, status: str = "queued") -> dict[str, object]:
        message: dict[str, object] = {
            "sid": f"SM{len(self.messages):032x}",
            "to": to,
            "body": body,
            "status": status,
            "date_created": format_datetime(at or datetime.now(UTC)),
        }
        self.messages.append(message)
        return message

    def good_answer(self, request: Request) -> bytes:
        with self.lock:
            status, document = self._document(request)
            return answer(status, document, Date=http_now(self.ahead))

    def _document(self, request: Request) -> tuple[int, object]:
        if request.method == "POST":
            return 201, self.keep(request.form["To"][0], request.form["Body"][0])
        if request.path in self.forbidden:
            return 401, {"code": 20003, "status": 401, "message": "Authenticate"}
        if request.path in self.documents:
            return 200, self.documents[request.path]
        if request.path.endswith("/Messages.json"):
            return 200, self._page(request)
        sid = request.path.rpartition("/")[2].removesuffix(".json")
        found = [message for message in self.messages if message["sid"] == sid]
        return (200, found[0]) if found else (404, {"code": 20404, "status": 404, "message": "not found"})

    def _page(self, request: Request) -> dict[str, object]:
        to, skip = request.query["To"][0], int(request.query.get("PageToken", ["0"])[0])
        wanted = [message for message in reversed(self.messages) if message["to"] == to]
        page = list(islice(wanted, skip, skip + SCRIPTED_PAGE_SIZE))
        query = urlencode({"To": to, "PageToken": skip + SCRIPTED_PAGE_SIZE})
        has_more = skip + SCRIPTED_PAGE_SIZE < len(wanted)
        following = f"{self.next_page_host}{request.path}?{query}" if has_more else None
        key = "next_page_url" if self.next_page_host else "next_page_uri"
        extra = {"meta": {"key": "messages", key: following}} if self.next_page_host else {key: following}
        return {"messages": page, **extra}


class _Handler(StreamRequestHandler):
    server: _Server

    @override
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while (request := self._read()) is not None and self._meet(request):
                pass

    def _meet(self, request: Request) -> bool:
        twilio = self.server.twilio
        with twilio.lock:
            twilio.requests.append(request)
            behaviour = twilio.script.popleft() if twilio.script else twilio.always
            twilio.in_flight += 1
            twilio.peak = max(twilio.peak, twilio.in_flight)
        try:
            return (behaviour or taking(0))(self.connection, lambda: twilio.good_answer(request))
        finally:
            with twilio.lock:
                twilio.in_flight -= 1

    def _read(self) -> Request | None:
        first = self.rfile.readline().decode().split()
        if len(first) != 3:
            return None
        headers: dict[str, str] = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", "0"))).decode()
        target = urlsplit(first[1])
        return Request(
            first[0],
            target.path,
            parse_qs(target.query, keep_blank_values=True),
            parse_qs(body, keep_blank_values=True),
            headers,
        )


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, twilio: ScriptedTwilio) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.twilio = twilio


@contextmanager
def scripted_twilio() -> Iterator[ScriptedTwilio]:
    twilio = ScriptedTwilio()
    with _Server(twilio) as server:
        twilio.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield twilio
        finally:
            server.shutdown()
            thread.join()
