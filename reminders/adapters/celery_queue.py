"""Hints for the workers, by Celery. The broker may be down or frozen: the rows in the database are the work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from reminders.failpoints import Failpoint, reach
from reminders.ports import Job

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger()

_EXPIRES_SECONDS = 60
_TIMEOUT_SECONDS = 2
GAP_SECONDS = 0.1
"""Who sleeps hears of what came meanwhile so late at most; nobody who writes or is written to notices it."""


class CeleryJobQueue:
    """Sends task names to their queues; workers elsewhere know what they mean."""

    def __init__(
        self,
        broker_url: str,
        routes: Mapping[Job, str],
        *,
        key_prefix: str = "",
        silence: float = 5.0,
        gap: float = GAP_SECONDS,
    ) -> None:
        """Open nothing yet. `routes` names the queue of each job; the prefix is that of the workers' broker keys.

        After a failure nothing is tried for `silence` seconds, so that a frozen broker costs each caller little. Hints
        at one job that come within `gap` seconds of one are sent as one more.
        """
        self._routes = dict(routes)
        self._silence = silence
        self._silent_until = 0.0
        self._broker_url, self._key_prefix = broker_url, key_prefix
        self._spaced = _Spacing(self._send, gap=gap)

    def hint(self, jobs: Iterable[Job]) -> None:
        """Say that there may be work, unless a failure was a moment ago."""
        wanted = list(dict.fromkeys(jobs))
        if wanted and time.monotonic() >= self._silent_until:
            self._spaced.hint(wanted)

    def _send(self, jobs: Sequence[Job]) -> None:
        if time.monotonic() < self._silent_until:
            return
        try:
            reach(Failpoint.HINT)
            for job in jobs:
                self._app.send_task(
                    job.value,
                    queue=self._routes[job],
                    expires=_EXPIRES_SECONDS,
                    retry=False,
                    ignore_result=True,
                )
        except Exception as error:  # noqa: BLE001 - the port promises not to raise: a lost hint is harmless
            self._silent_until = time.monotonic() + self._silence
            self._spaced.forget()
            log.warning("hint.lost", jobs=[job.value for job in jobs], error=type(error).__name__)

    def close(self) -> None:
        """Send what still waits, and close the connections to the broker."""
        self._spaced.send_late()
        if "_app" in self.__dict__:
            self._app.close()

    @cached_property
    def _app(self) -> Celery:
        from celery import Celery  # noqa: PLC0415 - a third of a second, for those who hint only

        app = Celery("reminders-hints", broker=self._broker_url, set_as_current=False)
        app.conf.update(
            task_ignore_result=True,
            task_serializer="json",
            broker_connection_timeout=_TIMEOUT_SECONDS,
            broker_transport_options={
                "socket_timeout": _TIMEOUT_SECONDS,
                "socket_connect_timeout": _TIMEOUT_SECONDS,
                "retry_on_timeout": False,
                "max_retries": 0,
                "global_keyprefix": self._key_prefix,
            },
        )
        return app


class _Spacing:
    """Hands over hints: of those at one job that come within a moment the first at once, one more when it is over.

    Each hint costs the broker, and every worker that hears it, more than a look at the rows does; and who hears one
    takes all the work that waits.
    """

    def __init__(self, send: Callable[[Sequence[Job]], None], *, gap: float) -> None:
        """Take what sends hints; `send` must not raise, and may be called by several threads."""
        self._send = send
        self._gap = gap
        self._lock = threading.Lock()
        self._free_at: dict[Job, float] = {}
        self._late: dict[Job, None] = {}
        self._timer: threading.Timer | None = None

    def hint(self, jobs: Collection[Job]) -> None:
        """Send hints at these jobs, now or at the end of their gap."""
        with self._lock:
            now = time.monotonic()
            ready = [job for job in jobs if self._free_at.get(job, 0.0) <= now]
            self._late |= {job: None for job in jobs if job not in ready}
            self._free_at |= dict.fromkeys(ready, now + self._gap)
            if self._late and self._timer is None:
                self._begin_waiting(min(self._free_at[job] for job in self._late) - now)
        if ready:
            self._send(ready)

    def forget(self) -> None:
        """Let the next hint go at once: what was sent last did not arrive."""
        with self._lock:
            self._free_at.clear()

    def send_late(self) -> None:
        """Send what waits for the end of its gap."""
        with self._lock:
            late, self._late = list(self._late), {}
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._free_at |= dict.fromkeys(late, time.monotonic() + self._gap)
        if late:
            self._send(late)

    def _begin_waiting(self, seconds: float) -> None:
        timer = threading.Timer(seconds, self.send_late)
        timer.name, timer.daemon = "late-hints", True
        try:
            timer.start()
        except RuntimeError:  # no thread is to be had: the next hint tries again
            log.warning("hint.not_late", jobs=[job.value for job in self._late])
            return
        self._timer = timer
