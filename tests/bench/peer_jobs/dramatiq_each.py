"""dramatiq: each worker process has eight threads; delayed messages wait in their memory."""

from __future__ import annotations

import time
from collections.abc import Sequence

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from tests.bench.peer_jobs.job import broker, send

dramatiq.set_broker(RedisBroker(url=broker()))
send_text = dramatiq.actor(send, actor_name="send_text")


def publish(numbers: Sequence[int]) -> None:
    """Queue a message for each."""
    for number in numbers:
        send_text.send(number)


def delay(dues: Sequence[tuple[int, float]]) -> None:
    """Queue each for its time, as milliseconds from now."""
    for number, due in dues:
        send_text.send_with_options(args=(number,), delay=max(0, round(1000 * (due - time.time()))))
