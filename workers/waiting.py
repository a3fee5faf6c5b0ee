"""The threads by which a worker looks for itself: each sleeps until something falls due, hint or no hint.

Each worker process has one for each of its queues. They make the broker a convenience: with Redis gone, work is found
within seconds. One queue's slow work (a provider that does not answer) holds up no other's. A last thread leaves the
sign of life by which supervisor and health checks judge the process: that all the others move, not that it is there.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from celery.signals import beat_init, worker_process_init, worker_process_shutdown, worker_ready, worker_shutting_down
from typing_extensions import override

from reminders.core.patients import Channel
from reminders.ports import Queue
from reminders.services.next_due import first_due, next_due
from reminders.services.read_status import leave_beat
from reminders.services.receive_replies import make_ready
from workers.pumps import run_pump, stopping
from workers.services import services
from workers.tasks.inbound import apply_receipts, climb, receive_replies
from workers.tasks.schedule import sync_schedule
from workers.tasks.upkeep import (
    expire_overdue,
    follow_up,
    hurry_opt_outs,
    index_patients,
    keep_feed,
    look_up_lines,
    poll_stuck,
    purge,
    release_canary,
    resolve_unknowns,
    watch_appointments,
)

log = structlog.get_logger()
LONGEST_WAIT = timedelta(seconds=2)
"""What a sending thread sleeps at most: where no hint can come, what was made meanwhile leaves so much later."""
LEAST_REST = 0.2
"""Seconds between two rounds of sweeps, however long one takes."""
SIGN_EVERY = 10.0
STUCK_AFTER = 240.0
"""A round may take this many seconds; a thread that takes longer hangs, and the process shows no sign of life."""
CHANNELS = {Queue.SMS: Channel.SMS, Queue.EMAIL: Channel.EMAIL}
SWEEPS: dict[Queue, tuple[tuple[float, Callable[[], None]], ...]] = {
    Queue.SMS: (),
    Queue.EMAIL: (),
    Queue.INBOUND: ((5, apply_receipts), (5, receive_replies), (2, climb)),
    Queue.UPKEEP: (
        (5, resolve_unknowns),
        (5, expire_overdue),
        (10, release_canary),
        (15, follow_up),
        (30, watch_appointments),
        (60, look_up_lines),
        (60, keep_feed),
        (60, index_patients),
        (300, poll_stuck),
        (600, hurry_opt_outs),
        (3600, purge),
    ),
    Queue.SCHEDULE: ((30, sync_schedule),),
}
"""What each queue's thread does by itself, and how often: the beat table's work, should no hint come."""
NAMES = {
    frozenset({Queue.SMS}): "worker-sms",
    frozenset({Queue.EMAIL}): "worker-email",
    frozenset({Queue.INBOUND}): "worker-inbound",
    frozenset({Queue.SCHEDULE, Queue.UPKEEP}): "worker-upkeep",
}


class Looking(threading.Thread):
    """Looks for the work of one queue until it is told to stop."""

    def __init__(self, queue: Queue) -> None:
        """Take the queue."""
        super().__init__(name=f"looking-{queue}", daemon=True)
        self._channel = CHANNELS.get(queue)
        self._sweeps = SWEEPS[queue]
        self._next = [0.0] * len(self._sweeps)
        self.moved_at = monotonic()

    @override
    def run(self) -> None:
        """Work, wait, and survive whatever goes wrong: the database may be away for a while."""
        while not stopping.is_set():
            self.moved_at = monotonic()
            try:
                self._round()
            except Exception as error:  # noqa: BLE001 - this thread is what finds work again after any trouble
                log.warning("looking.failed", exc=error)
                stopping.wait(1.0)

    def _round(self) -> None:
        if self._channel is not None:
            self._send(self._channel)
            return
        for place, (every, sweep) in enumerate(self._sweeps):
            if monotonic() >= self._next[place]:
                self._next[place] = monotonic() + every
                sweep()
        stopping.wait(max(LEAST_REST, min(self._next) - monotonic()))

    def _send(self, channel: Channel) -> None:
        """Send where anything may leave, else sleep: by one look, for most of the time there is nothing."""
        deps = services().deps
        first, soon = first_due(deps, channel), deps.clock.now() + deps.policy.ahead
        if first is None or first > soon:
            self._sleep_until(None if first is None else first - deps.policy.ahead)
        elif not run_pump(channel):
            self._sleep_until(next_due(deps))

    def _sleep_until(self, at: datetime | None) -> None:
        """Sleep until an instant that is still to come, two seconds of machine time at most."""
        clock = services().deps.clock
        latest = clock.now() + LONGEST_WAIT * clock.speed
        until = min(at, latest) if at is not None and at > clock.now() else latest
        clock.sleep_until(until, at_most=LONGEST_WAIT, wake=stopping.wait)


class Signing(threading.Thread):
    """Leaves a sign of life while all the others move."""

    def __init__(self, name: str, others: Sequence[Looking]) -> None:
        """Take the name to sign with, and whom to watch."""
        super().__init__(name="signing", daemon=True)
        self._sign = name
        self._others = others

    @override
    def run(self) -> None:
        """Sign until told to stop; with the database away there is nowhere to."""
        while not stopping.is_set():
            try:
                if all(monotonic() - other.moved_at < STUCK_AFTER for other in self._others):
                    leave_beat(services().deps, self._sign)
            except Exception as error:  # noqa: BLE001 - the next sign may succeed
                log.warning("signing.failed", exc=error)
            stopping.wait(SIGN_EVERY)


def start(queues: Collection[Queue]) -> None:
    """Begin to look for the work of these queues."""
    stopping.clear()
    if Queue.SMS in queues:
        services().load_ahead()
    if Queue.INBOUND in queues:
        make_ready()
    _spare_collection()
    looking = [Looking(queue) for queue in queues]
    for thread in (*looking, Signing(NAMES.get(frozenset(queues), "worker"), looking)):
        thread.start()


def _spare_collection() -> None:
    """Let the garbage collector leave alone what stays for good, and look less often at what comes and goes by batches.

    By its usual numbers it took a sixth of the time of a worker that drains a backlog.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


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
    Signing("beat", []).start()


worker_ready.connect(_on_ready, weak=False)
worker_process_init.connect(_on_child, weak=False)
worker_shutting_down.connect(_on_stop, weak=False)
worker_process_shutdown.connect(_on_stop, weak=False)
beat_init.connect(_on_beat, weak=False)
