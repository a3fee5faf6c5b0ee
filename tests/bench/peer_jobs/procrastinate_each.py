"""procrastinate: the queue is a table of PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import procrastinate

from tests.bench.peer_jobs.job import DATABASE, send

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ[DATABASE]))
send_text = app.task(send, name="send_text")


def publish(numbers: Sequence[int]) -> None:
    """Queue a job for each."""
    with app.open():
        for number in numbers:
            send_text.defer(number=number)


def delay(dues: Sequence[tuple[int, float]]) -> None:
    """Queue each for its time."""
    with app.open():
        for number, due in dues:
            send_text.configure(schedule_at=datetime.fromtimestamp(due, UTC)).defer(number=number)
