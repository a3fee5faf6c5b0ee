"""A fault proxy: stands in front of Redis, PostgreSQL or the provider, and breaks what passes, on request.

It listens on a TCP port of loopback, carries bytes to a TCP port or a unix socket, and is steered by method calls from
the test (it runs in a thread of its own). One fault is in force at a time; `heal` ends it. What each does to
connections that are open already, and to new ones, is told at its method.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Self

Upstream = tuple[str, int] | Path
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_CHUNK = 65_536
_PATIENCE_SECONDS = 10.0
_RESET_NOT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, no time: the kernel sends RST and drops what is unsent


class Way(Enum):
    """The direction in which bytes pass."""

    TO_SERVER = auto()
    TO_CLIENT = auto()


@dataclass(frozen=True, slots=True)
class Break:
    """When a connection ends: after so many bytes one way, or when a pattern passes; and how: RST, or FIN too early."""

    way: Way = Way.TO_SERVER
    after: int = 0
    pattern: bytes | None = None
    arrives: bool = True
    """Whether what holds the pattern still reaches the server (the reply is lost) or not (the request is lost)."""
    chance: float = 1.0
    most: int | None = None
    is_reset: bool = True


@dataclass(eq=False, slots=True)
class _Link:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    passed: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))
    tails: dict[Way, bytes] = field(default_factory=lambda: dict.fromkeys(Way, b""))
    is_dead: bool = False
    """Swallows what the client says and never answers, not even with FIN."""
    is_doomed: bool = False
    """Ends with the next bytes of the server, which nobody sees."""

    def sink(self, way: Way) -> asyncio.StreamWriter:
        return self.server if way is Way.TO_SERVER else self.client

    def abort(self, *, is_reset: bool = True) -> None:
        for writer in (self.client, self.server):
            if is_reset:
                _reset(writer)
            else:
                writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.family != socket.AF_UNIX and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_NOT_CLOSE)
    writer.transport.abort()


class Proxy:
    """Carries bytes between clients and one server. Use it with `with`; `port` is known from the start."""

    def __init__(self, upstream: Upstream, *, port: int = 0, seed: int = 1) -> None:
        self._upstream = upstream
        self._chances = random.Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self.accepted = 0
        """Connections taken so far."""
        self.broken = 0
        """Connections that the last break has ended."""
        self._latency = 0.0
        self._break: Break | None = None
        self._is_resetting = False
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ask(self._open)
        return self

    def __exit__(self, *_: object) -> None:
        self._ask(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_SECONDS)
        self._loop.close()

    def latency(self, seconds: float) -> None:
        """Deliver every piece so late, in both directions, on open and new connections."""
        self._set(latency=seconds)

    def stall(self) -> None:
        """Accept and pass nothing, on open and new connections; what is held back goes on after `heal`."""
        self._set()
        self._ask(self._flowing.clear)

    def reset(self) -> None:
        """Answer open and new connections with RST at once."""
        self._set(is_resetting=True)
        self.cut()

    def break_(self, how: Break) -> None:
        """End each connection, open or new, as said; bytes are counted from now."""
        self._set(how=how)

    def truncate(self, after: int, way: Way = Way.TO_CLIENT) -> None:
        """Let so many bytes pass on each connection, and then end it as if that had been all."""
        self.break_(Break(way, after, is_reset=False))

    def half_open(self) -> None:
        """Lose all open connections without a word to the client, not even FIN; new ones are well."""
        self._set()
        self._ask(self._lose)

    def refuse(self) -> None:
        """Listen no longer, and reset what is open: as when the server's machine has stopped it."""
        self._set()
        self._ask(self._refuse)

    def cut(self) -> None:
        """Reset what is open now; new connections are not touched."""
        self._ask(self._cut)

    def heal(self) -> None:
        """End the fault in force. Connections that were lost stay lost."""
        self._set()

    def _set(self, *, latency: float = 0.0, how: Break | None = None, is_resetting: bool = False) -> None:
        def change() -> None:
            self._latency, self._break, self._is_resetting = latency, how, is_resetting
            self.broken = 0 if how is not None else self.broken
            for link in self._links:
                link.passed, link.tails = dict.fromkeys(Way, 0), dict.fromkeys(Way, b"")
            self._flowing.set()

        self._ask(change)
        self._ask(self._open)

    def _ask(self, work: Callable[[], object]) -> None:
        async def do() -> None:
            found = work()
            if asyncio.iscoroutine(found):
                await found

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(_PATIENCE_SECONDS)

    async def _open(self) -> None:
        if self._server is None:
            if self._socket.fileno() < 0:
                self._socket = _listen(self.port)
            self._server = await asyncio.start_server(self._accept, sock=self._socket)

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._cut()

    def _cut(self) -> None:
        for link in list(self._links):
            link.abort()

    def _lose(self) -> None:
        for link in self._links:
            link.is_dead = True
            _reset(link.server)

    async def _close(self) -> None:
        self._is_resetting = True
        self._refuse()
        self._flowing.set()
        # They end by themselves: what asyncio.start_server began logs a traceback where it is cancelled.
        await asyncio.gather(*self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        me = asyncio.current_task()
        assert me is not None
        self._tasks.add(me)
        try:
            await self._flowing.wait()
            if self._is_resetting:
                _reset(writer)
                return
            await self._carry((reader, writer), await self._dial())
        except OSError:
            _reset(writer)
        finally:
            self._tasks.discard(me)

    async def _dial(self) -> Streams:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(self._upstream)
        return await asyncio.open_connection(*self._upstream)

    async def _carry(self, client: Streams, server: Streams) -> None:
        link = _Link(client[1], server[1])
        self._links.add(link)
        try:
            await asyncio.gather(self._pump(link, Way.TO_SERVER, client[0]), self._pump(link, Way.TO_CLIENT, server[0]))
        finally:
            self._links.discard(link)
            link.abort(is_reset=False)

    async def _pump(self, link: _Link, way: Way, source: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while piece := await source.read(_CHUNK):
                if not await self._pass(link, way, piece):
                    return
        if not link.is_dead:
            with suppress(OSError, RuntimeError):  # the other side may be gone already
                link.sink(way).write_eof()

    async def _pass(self, link: _Link, way: Way, piece: bytes) -> bool:
        """Deliver a piece, or what the fault in force leaves of it; return whether the connection goes on."""
        if self._latency:
            await asyncio.sleep(self._latency)
        await self._flowing.wait()
        if link.is_dead:
            return way is Way.TO_SERVER
        if link.is_doomed and way is Way.TO_CLIENT:
            link.abort()
            return False
        how = self._break
        if how is not None and how.way is way and (how.most is None or self.broken < how.most):
            return await self._pass_breaking(link, how, piece)
        return await _write(link.sink(way), piece)

    async def _pass_breaking(self, link: _Link, how: Break, piece: bytes) -> bool:
        sink, way = link.sink(how.way), how.way
        if how.pattern is not None:
            if not self._is_hit(link, how, piece):
                return await _write(sink, piece)
            self.broken += 1
            if how.arrives and way is Way.TO_SERVER:
                link.is_doomed = True
                return await _write(sink, piece)
            link.abort(is_reset=how.is_reset)
            return False
        left = how.after - link.passed[way]
        link.passed[way] += len(piece)
        await _write(sink, piece[: max(left, 0)])
        if len(piece) < left:
            return True
        self.broken += 1
        link.abort(is_reset=how.is_reset)
        return False

    def _is_hit(self, link: _Link, how: Break, piece: bytes) -> bool:
        pattern = how.pattern or b""
        seen = link.tails[how.way] + piece
        link.tails[how.way] = seen[-len(pattern) + 1 :] if len(pattern) > 1 else b""
        return pattern in seen and self._chances.random() < how.chance


async def _write(sink: asyncio.StreamWriter, piece: bytes) -> bool:
    if piece:
        sink.write(piece)
        await sink.drain()
    return True


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(512)
    return listener
