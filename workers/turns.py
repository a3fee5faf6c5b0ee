"""Turns: of many hints at the same work one process does it once, and once more if a hint came meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Turn:
    """Work that takes everything that waits, so that doing it at once in several threads only makes them compete."""

    def __init__(self, work: Callable[[], None]) -> None:
        """Take the work."""
        self._work = work
        self._is_free = threading.Lock()
        self._is_wanted = threading.Event()

    def take(self) -> None:
        """Work, or leave it to the thread that is at it: it then goes round again before it stops."""
        self._is_wanted.set()
        while self._is_wanted.is_set() and self._is_free.acquire(blocking=False):
            try:
                self._is_wanted.clear()
                self._work()
            finally:
                self._is_free.release()
