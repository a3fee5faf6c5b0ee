"""Dispatch ahead: make the next messages while those before them are being called for."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

import structlog

from reminders.services.deps import Deps
from reminders.services.dispatch_due import dispatch_due

log = structlog.get_logger()
PATIENCE = 0.05
"""Seconds for which a pump that has nothing else to do waits for the round that runs."""


class Dispatching:
    """The rounds of one pump. In line, or beside the sending where the database serves both at a time."""

    def __init__(self, deps: Deps) -> None:
        """Begin with no round."""
        self._deps = deps
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="dispatch") if deps.policy.dispatches_aside else None
        self._round: Future[int] | None = None

    def __enter__(self) -> Self:
        """Keep a thread, if that is how it is done."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the round that runs come to its end, and tell what it failed of: nobody asks for its end any more."""
        if self._aside is not None:
            self._aside.shutdown(wait=True)
        failed = self._round.exception() if self._round is not None else None
        if failed is not None:
            log.warning("dispatch.failed", exc=failed)
            if kind is None:
                raise failed

    @property
    def is_under_way(self) -> bool:
        """Say whether a round has not told its end yet."""
        return self._round is not None

    def go_on(self) -> bool:
        """Make some more messages of what is due; say whether any were made, or may be at this moment.

        Raises what the round raised.
        """
        if self._aside is None:
            return bool(dispatch_due(self._deps))
        if self._round is None:
            self._round = self._aside.submit(dispatch_due, self._deps)
        if not self._round.done():
            return True
        made, self._round = self._round, None
        return bool(made.result())

    def wait(self) -> None:
        """Wait a moment for the round that runs."""
        if self._round is not None:
            wait([self._round], timeout=PATIENCE)
