"""Work that goes on after an answer was given: deliveries, callbacks, texts on their way."""

import asyncio
import logging
from collections.abc import Coroutine

_log = logging.getLogger(__name__)


class Errands:
    """Tasks of the running loop, kept until they end; a failed one is logged, not lost."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, errand: Coroutine[object, object, object]) -> None:
        """Run it beside everything else."""
        task: asyncio.Task[object] = asyncio.ensure_future(errand)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    async def settle(self) -> None:
        """Wait until nothing is under way any more."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def cancel(self) -> None:
        """Drop everything under way."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("an errand failed", exc_info=task.exception())
