"""The Celery application: its settings, each with its reason, and the one typed wrapper for tasks.

The database is the queue. What travels here are hints, so nothing is retried, delayed or stored by the broker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from celery import Celery

from reminders.bootstrap import KEY_PREFIX
from reminders.failpoints import Failpoint, reach
from reminders.ports import QUEUES, Job, Queue
from workers.beat import BEAT
from workers.services import services

F = TypeVar("F", bound=Callable[[], None])
NO_BROKER = "memory://"
"""Without a broker the worker still works: its waiting thread needs no hint."""

app = Celery("reminders", broker=services().facts.redis_url or NO_BROKER, include=["workers.tasks", "workers.waiting"])
app.conf.update(
    beat_schedule=BEAT,
    beat_max_loop_interval=10,  # no entry comes more often
    broker_connection_max_retries=None,  # never give up on the broker
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 120,
        "unacked_restore_interval": 30,  # each look is three trips; what a hint was for is found without it
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "polling_interval": 3,  # seconds for which one question to the broker waits for a hint, which comes at once
        "global_keyprefix": KEY_PREFIX,
    },
    visibility_timeout=120,
    task_acks_late=True,  # tasks are idempotent hints; the database recovers what a dead worker held
    task_reject_on_worker_lost=False,  # a task that kills its worker must not come back for ever
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_serializer="json",
    accept_content=["json"],
    task_create_missing_queues=True,
    task_default_queue=Queue.UPKEEP.value,
    task_routes={job.value: {"queue": queue.value} for job, queue in QUEUES.items()},
    task_soft_time_limit=60,  # prefork only; in threads every call carries its own timeout
    task_time_limit=90,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,  # a kill in the middle of a call makes an unknown
    worker_soft_shutdown_timeout=20,
    worker_enable_soft_shutdown_on_idle=True,
    worker_max_tasks_per_child=1000,
    worker_send_task_events=False,  # nobody needs a bus that could carry arguments
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    timezone="UTC",
)


def task(job: Job) -> Callable[[F], F]:
    """Register a function without arguments as the doer of a job."""

    def register(function: F) -> F:
        @wraps(function)
        def run() -> None:
            reach(Failpoint.TASK_BEGUN)
            function()

        decorate: Any = app.task(name=job.value, ignore_result=True)
        decorate(run)
        return function

    return register
