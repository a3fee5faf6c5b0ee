"""Together or apart: work on many at once, and if that fails on each alone: one bad row must not stop the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from reminders.core.errors import NotReadyError

T = TypeVar("T")
R = TypeVar("R")
log = structlog.get_logger()


def together_or_apart(items: Sequence[T], act: Callable[[Sequence[T]], R], blame: Callable[[T], None]) -> list[R]:
    """Act on all items in one go; where that raises, on each alone, and blame those that raise alone.

    A database that is away is nobody's fault: NotReadyError is passed on, and where a blame cannot be recorded
    either, that error is. Safe to use where nobody knows whether a failed go was committed after all: acting on an
    item that is done must change nothing.
    """
    try:
        return [act(items)]
    except NotReadyError:
        raise
    except Exception as error:
        if not items:
            raise
        log.warning("work.failed", count=len(items), exc=error)
    if len(items) == 1:
        blame(items[0])
        return []
    return [result for item in items for result in together_or_apart([item], act, blame)]
