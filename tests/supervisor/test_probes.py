import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from reminders.supervisor import answers_http


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(HTTPStatus.OK if self.path == "/healthz" else HTTPStatus.SERVICE_UNAVAILABLE)
        self.end_headers()


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_good_status_is_a_yes_and_a_bad_one_a_no(port: int) -> None:
    assert answers_http("127.0.0.1", port, "/healthz")
    assert not answers_http("127.0.0.1", port, "/readyz")


def test_a_closed_port_is_a_no() -> None:
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        port = server.server_port
    assert not answers_http("127.0.0.1", port, "/healthz")
