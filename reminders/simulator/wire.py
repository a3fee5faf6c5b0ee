"""Breaks HTTP connections as a bad network would: answers that never come, and resets."""

import asyncio
import socket
import struct

from fastapi import Request, Response
from uvicorn import Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from reminders.simulator.wall_clock import ticks

_LOOK_EVERY = 0.05  # seconds between looks whether a caller has given up
_RESET_NOT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, no time: the kernel sends RST and drops what is unsent


class Wire:
    """Reaches through uvicorn to the connection that a request came on."""

    def __init__(self) -> None:
        self._server: Server | None = None

    def attach(self, server: Server) -> None:
        """Name the server whose connections these are."""
        self._server = server

    async def hang(self, request: Request, seconds: float) -> Response:
        """Say nothing until the caller gives up, the time is over, or the server stops; then break the connection."""
        end = ticks() + seconds
        gone = asyncio.ensure_future(request.receive())
        while not gone.done() and ticks() < end and not (self._server and self._server.should_exit):
            await asyncio.wait({gone}, timeout=_LOOK_EVERY)
        gone.cancel()
        return await self.reset(request)

    async def reset(self, request: Request) -> Response:
        """Break the connection; what is returned reaches nobody."""
        connections = self._server.server_state.connections if self._server and request.client else ()
        for connection in list(connections):
            if isinstance(connection, H11Protocol) and connection.client == tuple(request.client or ()):
                raw = connection.transport.get_extra_info("socket")
                if raw is not None:
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_NOT_CLOSE)
                connection.transport.abort()
        await request.receive()  # its body was read before: what comes now is the end of the connection
        return Response(status_code=500)
