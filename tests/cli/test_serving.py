"""The web process while nobody asks, and when it is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from starlette.applications import Starlette
from uvicorn import Config

from reminders.cli.serving import CalmServer

SOON = 10.0


@contextmanager
def _serving() -> Iterator[tuple[CalmServer, threading.Thread, str]]:
    with socket.create_server(("127.0.0.1", 0)) as own:
        server = CalmServer(Config(Starlette(), log_level="critical"))
        thread = threading.Thread(target=server.run, args=([own],), daemon=True)
        thread.start()
        until = time.monotonic() + SOON
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield server, thread, f"http://127.0.0.1:{own.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(SOON)


def test_it_stops_without_waiting_for_its_next_second() -> None:
    with _serving() as (server, thread, _):
        time.sleep(0.1)  # it is asleep by now
        begun = time.monotonic()
        server.handle_exit(signal.SIGTERM, None)
        thread.join(SOON)
        assert not thread.is_alive()
        assert time.monotonic() - begun < 0.8


def test_answers_are_dated_to_the_second() -> None:
    with _serving() as (_, _, url):
        dates = set()
        for _ in range(8):
            dates.add(httpx.get(url).headers["date"])
            time.sleep(0.3)
    assert len(dates) >= 2


@pytest.mark.parametrize("signals", [1, 2])
def test_a_second_signal_hurries_it(signals: int) -> None:
    with _serving() as (server, _, _):
        for _ in range(signals):
            server.handle_exit(signal.SIGINT, None)
        assert server.force_exit == (signals > 1)
