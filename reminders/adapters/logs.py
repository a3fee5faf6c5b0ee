"""Logs: one JSON object a line, made of allowed fields only, so that no name, number or text can slip in.

What is not on the list is dropped and its key named under `dropped`; a person's data in a log is worse than a gap.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        "at", "attempts", "cause", "channel", "child", "code", "count", "detail", "doubles", "duration_ms", "error",
        "event", "host", "id", "job", "jobs", "kind", "level", "method", "outcome", "phase", "provider_status",
        "queue", "reason", "route", "seconds", "speed", "state", "status", "step", "tag", "timestamp",
        "where", "which",
    }
)  # fmt: skip


class _StandardError:
    """Standard error as it is when a line is written, not as it was when this was set up."""

    def msg(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is where log lines leave

    log = debug = info = warn = warning = error = critical = exception = fatal = failure = msg


def configure_logs() -> None:
    """Send our events to standard error as JSON lines."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _StandardError(),
        cache_logger_on_first_use=False,
    )


def only_allowed(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keep allowed fields; of an error keep its class and where it happened, never its text."""
    error = event.pop("exc", None)
    if isinstance(error, BaseException):
        event["error"], event["where"] = type(error).__name__, where(error)
    dropped = sorted(set(event) - ALLOWED)
    kept = {key: value for key, value in event.items() if key in ALLOWED}
    return kept | ({"dropped": dropped} if dropped else {})


def where(error: BaseException) -> str:
    """Return the place in our own code at which an error came up: module and line, no values."""
    places = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [place for place in places if {"reminders", "workers"} & set(place[0].parts)]
    path, line = (ours or places or [(Path(), 0)])[-1]
    return "/".join(path.parts[-2:]) + f":{line}"
