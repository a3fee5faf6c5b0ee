"""Celery as the common tutorial of appointment reminders has it: a task with a time for each text, at its defaults."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from celery import Celery

from tests.bench.peer_jobs.job import broker, send

LOADED_WITHIN = 12.0
"""Seconds in which workers start and take what is to come into their memory, before all of it is due."""

app = Celery("peers", broker=broker().replace("unix://", "redis+socket://"))
app.conf.broker_connection_retry_on_startup = True
send_text = app.task(send, name="send_text")


def publish(numbers: Sequence[int]) -> None:
    """Queue all for one time that is near."""
    due = time.time() + LOADED_WITHIN
    delay([(number, due) for number in numbers])


def delay(dues: Sequence[tuple[int, float]]) -> None:
    """Queue each for its time."""
    for number, due in dues:
        send_text.apply_async((number,), eta=datetime.fromtimestamp(due, UTC))
