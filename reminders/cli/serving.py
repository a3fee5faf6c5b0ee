"""Serve an app until told to stop, and do next to nothing while nobody asks."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from types import FrameType

from typing_extensions import override
from uvicorn import Config, Server

TENTHS = 10
"""How many tenths of a second it sleeps: uvicorn counts its time in them, and sets the date header every ten."""


class CalmServer(Server):
    """Wakes once a second, and at once when it is told to stop; uvicorn's own loop wakes ten times to find out."""

    _told: asyncio.Event | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    @override
    async def main_loop(self) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        tenths = 0
        while not await self.on_tick(tenths):
            tenths += TENTHS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TENTHS / 10)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None and self._told is not None:
            self._loop.call_soon_threadsafe(self._told.set)


def serve(factory: str, *, host: str, port: int) -> None:
    """Serve the app that a function makes, named as `module:function`, until told to stop.

    Ends the process with code 3, as uvicorn does, where it cannot begin.
    """
    # No access log: it would hold the secret of every patient's link. Addresses come from our own settings, never
    # from headers, so nothing that a proxy says is needed or believed.
    server = CalmServer(
        Config(
            factory,
            factory=True,
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            workers=1,  # more are more commands: nobody's environment starts them unseen
        )
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises the signal again once it has stopped
        server.run()
    if not server.started:
        sys.exit(3)
