"""The limits of one request on its way through twilio-python, and how it can fail there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class RefusedError(Exception):
    """The server answered, and did not do it. `code` is Twilio's, empty where the answer has none."""

    def __init__(self, status: int, code: str, retry_after: str | None) -> None:
        """Keep what decides; the server's own words may repeat a number and are dropped."""
        super().__init__(f"HTTP {status} {code}".rstrip())
        self.status, self.code, self.retry_after = status, code, retry_after


class UnreadableError(Exception):
    """The server said yes in a way that cannot be read."""


class EndedError(Exception):
    """The call was given up before its request was written."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The limits of one request: `leave` is asked just before the first byte is written.

    Without a `read_timeout` the line's own holds. Both timeouts are seconds.
    """

    connect_timeout: float
    leave: Callable[[], bool] = lambda: True
    read_timeout: float | None = None


_passage: ContextVar[Passage | None] = ContextVar("passage", default=None)


@contextmanager
def passing(passage: Passage) -> Iterator[None]:
    """Set the limits of the requests made inside: twilio-python hands no context of ours through."""
    token = _passage.set(passage)
    try:
        yield
    finally:
        _passage.reset(token)


def current_passage() -> Passage | None:
    """Return the limits that the caller of twilio-python set."""
    return _passage.get()
