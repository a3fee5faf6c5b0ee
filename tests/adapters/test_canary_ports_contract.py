"""What every stub provider and every heartbeat does: by HTTP, and in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from typing_extensions import override

from reminders.adapters.heartbeat import HttpHeartbeat
from reminders.adapters.memory_canary import MemoryHeartbeat, MemoryStubProvider
from reminders.adapters.stub_provider import HttpStubProvider
from reminders.core.errors import SettingsError
from reminders.ports import Heartbeat, StubProvider

CANARY = UUID(int=7)


@dataclass
class Listener:
    """A web server that answers with a status, and remembers what it was asked."""

    status: int = 200
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, seal: str | None) -> int:
        self.asked.append((method, path, seal))
        return self.status


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(listener.answer(self.command, self.path, self.headers.get("X-Canary-Signature")))
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name that the server looks for

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        listener.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    with listening(found):
        yield found


@dataclass
class Provider:
    """A stub provider, and a way to let the hook it calls take reports or not."""

    provider: StubProvider
    open_hook: Callable[[bool], None]
    seals: Callable[[], list[str]]


@pytest.fixture(params=["http", "memory"])
def provider(request: pytest.FixtureRequest) -> Provider:
    if request.param == "http":
        listener: Listener = request.getfixturevalue("listener")

        def answer(is_open: bool) -> None:  # noqa: FBT001 - the switch is all there is
            listener.status = 204 if is_open else 403

        return Provider(HttpStubProvider(listener.url), answer, lambda: [seal or "" for _, _, seal in listener.asked])
    seals: list[str] = []
    twin = MemoryStubProvider()

    def hook(_canary: UUID, seal: str) -> bool:
        seals.append(seal)
        return True

    def let(is_open: bool) -> None:  # noqa: FBT001 - as above
        twin.hook = hook if is_open else None

    return Provider(twin, let, lambda: seals)


def test_a_stub_provider_reports_with_the_seal_and_says_whether_the_hook_took_it(provider: Provider) -> None:
    provider.open_hook(True)  # noqa: FBT003 - as above
    assert provider.provider.send(CANARY, "seal")
    assert provider.seals() == ["seal"]
    provider.open_hook(False)  # noqa: FBT003 - as above
    assert not provider.provider.send(CANARY, "seal")


@dataclass
class Outside:
    """A heartbeat, and a way to let it hear or not."""

    heartbeat: Heartbeat
    deafen: Callable[[], None]


@pytest.fixture(params=["http", "memory"])
def outside(request: pytest.FixtureRequest) -> Outside:
    if request.param == "http":
        listener: Listener = request.getfixturevalue("listener")

        def fail() -> None:
            listener.status = 500

        return Outside(HttpHeartbeat(f"{listener.url}/ping"), fail)
    twin = MemoryHeartbeat()

    def deafen() -> None:
        twin.is_deaf = True

    return Outside(twin, deafen)


def test_a_heartbeat_says_whether_it_was_heard(outside: Outside) -> None:
    assert outside.heartbeat.tell()
    outside.deafen()
    assert not outside.heartbeat.tell()


def test_a_report_goes_to_the_hook_of_its_canary_and_never_by_a_proxy(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert HttpStubProvider(listener.url).send(CANARY, "seal")
    assert listener.asked == [("POST", f"/hooks/canary/{CANARY}", "seal")]


def test_nobody_at_the_other_end_is_an_answer_too() -> None:
    assert not HttpStubProvider("http://127.0.0.1:9").send(CANARY, "seal")
    assert not HttpHeartbeat("http://127.0.0.1:9/").tell()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/", "nonsense", "http://"])
def test_a_heartbeat_is_a_web_address(url: str) -> None:
    with pytest.raises(SettingsError, match="REMINDERS_HEARTBEAT_URL"):
        HttpHeartbeat(url)
