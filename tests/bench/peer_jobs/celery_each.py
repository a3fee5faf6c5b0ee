"""Celery as most people run it: a task for each text, acknowledged when it ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from celery import Celery

from tests.bench.peer_jobs.job import broker, send

app = Celery("peers", broker=broker().replace("unix://", "redis+socket://"))
app.conf.update(task_acks_late=True, broker_connection_retry_on_startup=True)
send_text = app.task(send, name="send_text")


def publish(numbers: Sequence[int]) -> None:
    """Queue a task for each."""
    for number in numbers:
        send_text.delay(number)


def delay(dues: Sequence[tuple[int, float]]) -> None:
    """Queue a task for each, with its time: workers hold them in their memory."""
    for number, due in dues:
        send_text.apply_async((number,), eta=datetime.fromtimestamp(due, UTC))
