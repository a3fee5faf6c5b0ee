"""Hints for the workers, by Celery. The broker may be down or frozen: the rows in the database are the work."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
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


class CeleryJobQueue:
    """Sends task names to their queues; workers elsewhere know what they mean."""

    def __init__(
        self, broker_url: str, routes: Mapping[Job, str], *, key_prefix: str = "", silence: float = 5.0
    ) -> None:
        """Open nothing yet. `routes` names the queue of each job; the prefix is that of the workers' broker keys.

        After a failure nothing is tried for `silence` seconds, so that a frozen broker costs each caller little.
        """
        self._routes = dict(routes)
        self._silence = silence
        self._silent_until = 0.0
        self._broker_url, self._key_prefix = broker_url, key_prefix

    def hint(self, jobs: Iterable[Job]) -> None:
        """Say that there may be work, unless a failure was a moment ago."""
        wanted = list(dict.fromkeys(jobs))
        if not wanted or time.monotonic() < self._silent_until:
            return
        try:
            reach(Failpoint.HINT)
            for job in wanted:
                self._app.send_task(
                    job.value,
                    queue=self._routes[job],
                    expires=_EXPIRES_SECONDS,
                    retry=False,
                    ignore_result=True,
                )
        except Exception as error:  # noqa: BLE001 - the port promises not to raise: a lost hint is harmless
            self._silent_until = time.monotonic() + self._silence
            log.warning("hint.lost", jobs=[job.value for job in wanted], error=type(error).__name__)

    def close(self) -> None:
        """Close the connections to the broker."""
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
