"""Gather: what comes side by side is stored by one commit, and each request is answered only after it.

A disk takes a few hundred commits a second, whatever is in them. So the first that comes waits a moment for others, and
while one group is being stored the next one gathers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOST = 100
WAIT_SECONDS = 0.002


class Gathering(Generic[T, R]):
    """Hands over in groups what requests bring one by one; all of them on the event loop that serves the requests."""

    def __init__(self, store: Callable[[Sequence[T]], Sequence[R]]) -> None:
        """Take what stores a group in a thread, and returns what became of each, in their order."""
        self._store = store
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._work: asyncio.Task[None] | None = None

    async def store(self, item: T) -> R:
        """Return what became of an item, once that is certain. Raises what the storing of its group raised."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, answer))
        if self._work is None:
            self._work = loop.create_task(self._store_waiting())
        return await answer

    async def _store_waiting(self) -> None:
        """Store groups until nothing waits."""
        try:
            while self._waiting:
                if len(self._waiting) < MOST:
                    await asyncio.sleep(WAIT_SECONDS)
                group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._store_group(group)
        finally:
            self._work = None

    async def _store_group(self, group: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            found = await asyncio.to_thread(self._store, [item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - whoever brought one of them is told
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), kept in zip(group, found, strict=True):
            if not answer.done():
                answer.set_result(kept)
