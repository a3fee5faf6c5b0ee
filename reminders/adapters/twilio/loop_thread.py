"""An event loop in one background thread, so that synchronous callers can have many calls in flight."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

try:
    import uvloop
except ImportError:  # not built for every platform; the standard loop does the same, with a little more work
    _loops: type[asyncio.AbstractEventLoop] | None = None
else:
    _loops = uvloop.Loop

T = TypeVar("T")
_SHUTDOWN_SECONDS = 5.0


class LoopThread:
    """A running event loop. It belongs to the process that made it: a forked child has the object and no thread."""

    def __init__(self, name: str) -> None:
        """Start the thread. Raises RuntimeError where the system gives no thread."""
        self._loop = _loops() if _loops is not None else asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Say whether work submitted now can run."""
        return self._thread.is_alive() and not self._loop.is_closed()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel what still runs, let it end, run the farewell, and stop."""
        try:
            self.submit(_wind_down(farewell)).result(_SHUTDOWN_SECONDS)
        except TimeoutError:
            pass
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_SHUTDOWN_SECONDS)
            if not self._thread.is_alive():
                self._loop.close()


async def _wind_down(farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await farewell()
