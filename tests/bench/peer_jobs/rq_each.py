"""rq: its worker forks for each job, which imports, connects and says goodbye by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from redis import Redis
from rq import Queue

from tests.bench.peer_jobs.job import broker, send

QUEUE = "texts"


def publish(numbers: Sequence[int]) -> None:
    """Queue a job for each."""
    queue = _queue()
    for number in numbers:
        queue.enqueue(send, number)


def delay(dues: Sequence[tuple[int, float]]) -> None:
    """Queue each for its time."""
    queue = _queue()
    for number, due in dues:
        queue.enqueue_at(datetime.fromtimestamp(due, UTC), send, number)


def _queue() -> Queue:
    return Queue(QUEUE, connection=Redis.from_url(broker()))
