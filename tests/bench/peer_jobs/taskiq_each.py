"""taskiq on a list of Redis: a job is taken off it before it runs; blocking functions run in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from taskiq import TaskiqScheduler
from taskiq_redis import ListQueueBroker, ListRedisScheduleSource

from tests.bench.peer_jobs.job import broker as address
from tests.bench.peer_jobs.job import send

broker = ListQueueBroker(address())
source = ListRedisScheduleSource(address())
scheduler = TaskiqScheduler(broker, [source])
send_text = broker.task(task_name="send_text")(send)


def publish(numbers: Sequence[int]) -> None:
    """Queue a job for each."""
    asyncio.run(_publish(numbers))


def delay(dues: Sequence[tuple[int, float]]) -> None:
    """Queue each for its time; the scheduler, a process of its own, looks for them."""
    asyncio.run(_delay(dues))


async def _publish(numbers: Sequence[int]) -> None:
    await broker.startup()
    for number in numbers:
        await send_text.kiq(number)
    await broker.shutdown()


async def _delay(dues: Sequence[tuple[int, float]]) -> None:
    await broker.startup()
    for number, due in dues:
        await send_text.schedule_by_time(source, datetime.fromtimestamp(due, UTC), number)
    await broker.shutdown()
