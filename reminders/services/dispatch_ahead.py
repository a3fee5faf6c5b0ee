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
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="dispatch") if deps.policy.works_aside else None
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

    @property
    def is_busy(self) -> bool:
        """Say whether a round is being made at this moment."""
        return self._round is not None and not self._round.done()

    @property
    def has_news(self) -> bool:
        """Say whether a round has come to its end and nobody asked what it made."""
        return self._round is not None and self._round.done()

    def go_on(self) -> bool:
        """Make some more messages of what is due; say whether any were made, or may be at this moment.

        Where a round made some, the next begins at once: it makes more while these leave. Raises what a round raised.
        """
        if self._aside is None:
            return bool(dispatch_due(self._deps))
        ended, is_over = self._round, self.has_news
        if is_over:
            self._round = None
        is_wanted = ended is None or (is_over and ended.result() > 0)
        if is_wanted:
            self._round = self._aside.submit(dispatch_due, self._deps)
        return is_wanted or self.is_busy

    def wait(self) -> None:
        """Wait a moment for the round that runs."""
        if self._round is not None:
            wait([self._round], timeout=PATIENCE)
