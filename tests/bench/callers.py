"""Callers: whoever posts prepared requests over so many connections, as fast as they are answered or at a steady rate.

A process of its own, so that what the callers cost is not counted as ours. It is told what to post by a line of JSON,
says `ready` when every connection is open and warm, begins at the next line, and tells what was answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import uvloop
from typing_extensions import override

from tests.chaos.processes import ROOT

HOST = "127.0.0.1"
PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to post. `warm` is posted before the clock runs; without a rate each answer brings the next request."""

    port: int
    connections: int
    requests: Sequence[bytes]
    warm: Sequence[bytes] = ()
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back. Times are the machine's, in seconds since the epoch, one for each request in its place."""

    began: float
    ended: float
    cpu: float
    statuses: Mapping[str, int]
    sent_at: Sequence[float]
    answered_at: Sequence[float]

    @property
    def rate(self) -> float:
        """How many a second were answered."""
        return len(self.sent_at) / (self.ended - self.began)


@contextmanager
def ready_callers(order: Order) -> Iterator[subprocess.Popen[str]]:
    """Yield callers that wait for the word."""
    command = [sys.executable, "-m", "tests.bench.callers"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="latin-1"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = {
            "port": order.port,
            "connections": order.connections,
            "requests": [item.decode("latin-1") for item in order.requests],
            "warm": [item.decode("latin-1") for item in order.warm],
            "rate": order.rate,
        }
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n", "the callers could not reach the server"
        try:
            yield process
        finally:
            process.kill()


def post_all(callers: subprocess.Popen[str]) -> Answers:
    """Let them post; return what was answered."""
    assert callers.stdin is not None
    assert callers.stdout is not None
    callers.stdin.write("go\n")
    callers.stdin.flush()
    return Answers(**json.loads(callers.stdout.readline()))


class _Line(asyncio.Protocol):
    """One connection that asks again as soon as it has an answer."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    @property
    def is_open(self) -> bool:
        """Whether the server still listens: it hangs up on who says nothing for some seconds."""
        return not self._transport.is_closing()

    async def ask(self, request: bytes) -> int:
        """Post a request; return the status of the answer. Raises ConnectionError where the server hangs up."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if gap and self._answer is not None and len(body) >= _length(head):
            self._buffer = b""
            self._answer.set_result(int(head[9:12]))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the server hung up"))


class _Caller:
    """Posts one request after the other, and dials again where the server hung up, as any client does."""

    def __init__(self, port: int, line: _Line) -> None:
        self._port = port
        self._line = line

    async def ask(self, request: bytes) -> int:
        """Post a request, once more where the server hung up at that moment; return the status of the answer."""
        if self._line.is_open:
            with suppress(ConnectionError):
                return await self._line.ask(request)
        [self._line] = await _connected(self._port, 1)
        return await self._line.ask(request)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


async def _connected(port: int, count: int) -> list[_Line]:
    until = time.monotonic() + PATIENCE
    found: list[_Line] = []
    while len(found) < count:
        try:
            _, line = await asyncio.get_running_loop().create_connection(_Line, HOST, port)
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.05)
        else:
            found.append(line)
    return found


class _Round:
    """Requests on their way, and when each left and was answered."""

    def __init__(self, requests: Sequence[bytes], rate: float) -> None:
        self._requests = requests
        self._rate = rate
        self._next = iter(range(len(requests)))
        self._began = time.time()
        self.sent_at = [0.0] * len(requests)
        self.answered_at = [0.0] * len(requests)
        self.statuses: Counter[str] = Counter()

    async def carry(self, caller: _Caller) -> None:
        """Post, on one connection, whatever is next."""
        for place in self._next:
            if self._rate:
                await asyncio.sleep(max(0.0, self._began + place / self._rate - time.time()))
            self.sent_at[place] = time.time()
            self.statuses[str(await caller.ask(self._requests[place]))] += 1
            self.answered_at[place] = time.time()


async def _post(callers: Sequence[_Caller], requests: Sequence[bytes], rate: float) -> _Round:
    found = _Round(requests, rate)
    await asyncio.gather(*map(found.carry, callers))
    return found


async def _serve_order() -> None:
    order = json.loads(sys.stdin.readline())
    requests, warm = ([item.encode("latin-1") for item in order[name]] for name in ("requests", "warm"))
    callers = [_Caller(order["port"], line) for line in await _connected(order["port"], order["connections"])]
    await _post(callers, warm, 0.0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    before, began = os.times(), time.time()
    found = await _post(callers, requests, order["rate"])
    after, ended = os.times(), time.time()
    told = {
        "began": began,
        "ended": ended,
        "cpu": after.user + after.system - before.user - before.system,
        "statuses": found.statuses,
        "sent_at": found.sent_at,
        "answered_at": found.answered_at,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_serve_order())
