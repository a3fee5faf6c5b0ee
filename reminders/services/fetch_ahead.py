"""Fetch ahead: make the next messages and claim them while those before them are being called for."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from reminders.core.errors import NotReadyError
from reminders.core.patients import Channel
from reminders.services.claim_due import Claim, claim_due, release
from reminders.services.deps import Deps
from reminders.services.dispatch_due import dispatch_due

log = structlog.get_logger()
PATIENCE = 0.05
"""Seconds for which a pump that has nothing else to do waits for the round that runs."""


@dataclass(slots=True)
class Fetched:
    """What a round brought: claims that hold something, and whether there may be more."""

    claims: list[Claim] = field(default_factory=list)
    may_be_more: bool = False


class Fetching:
    """The rounds of one pump. In line, or beside the sending where the database serves both at a time."""

    def __init__(self, deps: Deps, channel: Channel) -> None:
        """Begin with no round."""
        self._deps = deps
        self._channel = channel
        self._aside = ThreadPoolExecutor(1, thread_name_prefix=f"fetch-{channel}") if deps.policy.works_aside else None
        self._round: Future[Fetched] | None = None

    def __enter__(self) -> Self:
        """Keep a thread, if that is how it is done."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the round that runs come to its end, give back what it claimed, and tell what it failed of.

        Nobody asks for either any more.
        """
        if self._aside is not None:
            self._aside.shutdown(wait=True)
        try:
            left = self.take()
        except Exception as failed:
            log.warning("fetch.failed", exc=failed)
            if kind is None:
                raise
            return
        if left is not None:
            with suppress(NotReadyError):
                for claim in left.claims:
                    release(self._deps, claim.token)

    @property
    def is_busy(self) -> bool:
        """Say whether a round is under way at this moment."""
        return self._round is not None and not self._round.done()

    @property
    def has_news(self) -> bool:
        """Say whether a round has come to its end and nobody took what it brought."""
        return self._round is not None and self._round.done()

    def begin(self) -> None:
        """Begin a round, unless the last one is under way or was not taken yet."""
        if self._round is not None:
            return
        if self._aside is not None:
            self._round = self._aside.submit(_fetch, self._deps, self._channel)
            return
        self._round = Future()
        self._round.set_result(_fetch(self._deps, self._channel))

    def take(self) -> Fetched | None:
        """Return what a round brought that has ended; None where none has. Raises what it raised."""
        ended = self._round
        if ended is None or not ended.done():
            return None
        self._round = None
        return ended.result()

    def wait(self) -> None:
        """Wait a moment for the round that runs."""
        if self._round is not None:
            wait([self._round], timeout=PATIENCE)


def _fetch(deps: Deps, channel: Channel) -> Fetched:
    """Claim what is there; make more, and claim that too, unless there is plenty.

    No further ahead than one claim: what waits long after it was written may have become untrue.
    """
    first = claim_due(deps, channel)
    if len(first.due) >= deps.policy.claim_size:
        return Fetched([first], may_be_more=True)
    try:
        made = dispatch_due(deps)
        second = claim_due(deps, channel, is_made=True) if made else None
    except Exception:
        if first.due:
            with suppress(NotReadyError):
                release(deps, first.token)
        raise
    claims = [claim for claim in (first, second) if claim is not None and claim.due]
    return Fetched(claims, may_be_more=made > 0 or bool(claims))
