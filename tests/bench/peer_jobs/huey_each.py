"""huey: a job is taken off its list before it runs, and a scheduler looks once a second for those with a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from huey import RedisHuey

from tests.bench.peer_jobs.job import broker, send

huey = RedisHuey("peers", url=broker())
send_text = huey.task(name="send_text")(send)


def publish(numbers: Sequence[int]) -> None:
    """Queue a job for each."""
    for number in numbers:
        send_text(number)


def delay(dues: Sequence[tuple[int, float]]) -> None:
    """Queue each for its time, which huey takes as the machine's wall time."""
    for number, due in dues:
        send_text.schedule(args=(number,), eta=datetime.fromtimestamp(due))  # noqa: DTZ006 - as it wants it
