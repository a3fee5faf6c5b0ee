"""A stand-in for the service: a web server that keeps what is posted to it and answers as told."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl

from typing_extensions import override


@dataclass(frozen=True)
class Post:
    url: str
    params: dict[str, str]
    signature: str


@dataclass
class Service:
    answer: str = ""
    statuses: list[int] = field(default_factory=list)  # of the next posts; 200 when empty
    posts: list[Post] = field(default_factory=list)
    url: str = ""
    log: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                params = dict(parse_qsl(body, keep_blank_values=True))
                service.posts.append(Post(service.url + self.path, params, self.headers["X-Twilio-Signature"]))
                status = service.statuses.pop(0) if service.statuses else 200
                content = service.answer.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            @override
            def log_message(self, format: str, *args: object) -> None:
                service.log.append(format % args)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reset(self) -> None:
        self.answer = ""
        self.statuses.clear()
        self.posts.clear()


def until(condition: Callable[[], bool], *, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
