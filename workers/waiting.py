"""The thread by which a worker looks for itself: it sleeps until something falls due, hint or no hint.

Each worker process has one. It makes the broker a convenience: with Redis gone, work is found within seconds. It also
leaves the sign of life by which the supervisor and the health checks judge the process: work done, not a ping.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery.signals import beat_init, worker_process_init, worker_process_shutdown, worker_ready, worker_shutting_down
from typing_extensions import override

from reminders.core.patients import Channel
from reminders.ports import Queue
from reminders.services.apply_receipts import apply_receipts
from reminders.services.deps import Deps
from reminders.services.expire_overdue import expire_overdue
from reminders.services.next_due import next_due
from reminders.services.read_status import leave_beat
from reminders.services.receive_replies import receive_replies
from reminders.services.resolve_unknowns import resolve_unknowns
from workers.pumps import run_pump, stopping
from workers.services import services

log = structlog.get_logger()
LONGEST_WAIT = timedelta(seconds=1)
SWEEP_EVERY = 5.0
BEAT_EVERY = 10.0
CHANNELS = {Queue.SMS: Channel.SMS, Queue.EMAIL: Channel.EMAIL}
SWEEPS: dict[Queue, tuple[Callable[[Deps], int], ...]] = {
    Queue.INBOUND: (apply_receipts, receive_replies),
    Queue.UPKEEP: (resolve_unknowns, expire_overdue),
}
NAMES = {
    frozenset({Queue.SMS}): "worker-sms",
    frozenset({Queue.EMAIL}): "worker-email",
    frozenset({Queue.INBOUND}): "worker-inbound",
    frozenset({Queue.SCHEDULE, Queue.UPKEEP}): "worker-upkeep",
}


class Waiting(threading.Thread):
    """Looks for work of some queues until it is told to stop."""

    def __init__(self, queues: Collection[Queue], name: str) -> None:
        """Take the queues this process serves, and the name of its sign of life."""
        super().__init__(name="waiting", daemon=True)
        self._queues = frozenset(queues)
        self._sign = name
        self._last: dict[str, float] = {}

    @override
    def run(self) -> None:
        """Work, wait, and survive whatever goes wrong: the database may be away for a while."""
        while not stopping.is_set():
            try:
                self._round(services().deps)
            except Exception as error:  # noqa: BLE001 - this thread is what finds work again after any trouble
                log.warning("waiting.failed", exc=error)
                stopping.wait(1.0)

    def _round(self, deps: Deps) -> None:
        if self._is_time(deps, "beat", BEAT_EVERY):
            leave_beat(deps, self._sign)
        if self._is_time(deps, "sweep", SWEEP_EVERY):
            for queue in self._queues & SWEEPS.keys():
                for sweep in SWEEPS[queue]:
                    sweep(deps)
        sent = sum(run_pump(CHANNELS[queue]) for queue in self._queues & CHANNELS.keys())
        if not sent:
            self._sleep(deps)

    def _is_time(self, deps: Deps, what: str, every: float) -> bool:
        now = deps.clock.monotonic()
        if now - self._last.get(what, float("-inf")) < every:
            return False
        self._last[what] = now
        return True

    def _sleep(self, deps: Deps) -> None:
        """Sleep until the next message falls due, a second of machine time at most."""
        due: datetime | None = next_due(deps) if self._queues & CHANNELS.keys() else None
        latest = deps.clock.now() + LONGEST_WAIT * deps.clock.speed
        until = min(due, latest) if due is not None and due > deps.clock.now() else latest
        deps.clock.sleep_until(until, at_most=LONGEST_WAIT, wake=stopping.wait)


def start(queues: Collection[Queue]) -> None:
    """Begin to wait for the work of these queues."""
    stopping.clear()
    Waiting(queues, NAMES.get(frozenset(queues), "worker")).start()


def _queues_of(app: Any) -> list[Queue]:  # noqa: ANN401 - Celery is not typed
    return [Queue(name) for name in app.amqp.queues.consume_from if name in set(Queue)]


def _on_ready(sender: Any = None, **_: object) -> None:  # noqa: ANN401 - Celery is not typed
    """Start the thread in a worker whose tasks run in its own process (threads)."""
    if "prefork" not in type(sender.pool).__module__:
        start(_queues_of(sender.app))


def _on_child(**_: object) -> None:
    """Start the thread in each child of a prefork worker."""
    from workers.app import app  # noqa: PLC0415 - the application includes this module

    start(_queues_of(app))


def _on_stop(**_: object) -> None:
    stopping.set()


def _on_beat(**_: object) -> None:
    """Let beat leave its sign of life too."""
    Waiting([], "beat").start()


worker_ready.connect(_on_ready, weak=False)
worker_process_init.connect(_on_child, weak=False)
worker_shutting_down.connect(_on_stop, weak=False)
worker_process_shutdown.connect(_on_stop, weak=False)
beat_init.connect(_on_beat, weak=False)
