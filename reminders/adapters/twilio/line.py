"""The line to Twilio that sending, looking and asking share, and the account that it belongs to."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from reminders.adapters.twilio.loop_thread import LoopThread
from reminders.adapters.twilio.passage import Passage, UnreadableError, passing
from reminders.core.errors import SettingsError
from reminders.ports import Clock

if TYPE_CHECKING:
    from twilio.http.response import Response
    from twilio.rest import Client

    from reminders.adapters.twilio.wire import Wire

REAL_TWILIO = "https://api.twilio.com"
T = TypeVar("T")

_CONNECTIONS_FOR_LOOKS = 4
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_HEARTBEAT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class TwilioConfig:
    """One account and one sender. `status_callback_base` is a public address that ends where the attempt's tag follows.

    Credentials are an API key with its secret, or the account's auth token. Timeouts are seconds.
    """

    account_sid: str
    status_callback_base: str
    api_key: str | None = None
    api_secret: str | None = field(default=None, repr=False)
    auth_token: str | None = field(default=None, repr=False)
    sender: str | None = None
    messaging_service_sid: str | None = None
    base_url: str = REAL_TWILIO
    connect_timeout: float = 3.0
    read_timeout: float = 10.0
    concurrency: int = 32

    def __post_init__(self) -> None:
        """Raise SettingsError where credentials or a sender are missing."""
        faults = []
        if not self.auth_token and not (self.api_key and self.api_secret):
            faults.append(
                "REMINDERS_TWILIO_API_KEY and _API_SECRET, or REMINDERS_TWILIO_AUTH_TOKEN: needed to call Twilio"
            )
        if not self.sender and not self.messaging_service_sid:
            faults.append("REMINDERS_TWILIO_FROM or REMINDERS_TWILIO_MESSAGING_SERVICE_SID: needed to send texts")
        if faults:
            raise SettingsError(faults)

    @property
    def credentials(self) -> tuple[str, str]:
        """User name and password of each call; a key is preferred, because it can be revoked alone."""
        if self.api_key and self.api_secret:
            return self.api_key, self.api_secret
        return self.account_sid, self.auth_token or ""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that is open: everything that belongs to one event loop of one process."""

    pid: int
    thread: LoopThread
    wire: Wire
    client: Client
    slots: asyncio.Semaphore

    @property
    def is_usable(self) -> bool:
        """Say whether this process can still use it."""
        return self.pid == os.getpid() and self.thread.is_alive

    async def ask(self, url: str, passage: Passage, **params: str) -> Mapping[str, Any]:
        """Read one JSON object. Raises what `Wire.request` raises, UnreadableError where it is no object."""
        with passing(passage):
            return _object(await self.client.request_async("GET", url, params=dict(params)))

    async def tell(self, url: str, passage: Passage, form: Mapping[str, object]) -> Mapping[str, Any]:
        """Send a form and read one JSON object. Raises as `ask` does.

        What twilio-python would make of form and answer costs more than its client itself.
        """
        with passing(passage):
            return _object(await self.client.request_async("POST", url, data=dict(form), headers=dict(_FORM)))


def _object(reply: Response) -> Mapping[str, Any]:
    try:
        document = json.loads(reply.text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("the answer is no JSON") from error
    if not isinstance(document, dict):
        raise UnreadableError("the answer is no object")
    return document


class TwilioLine:
    """One background thread with its connections. It opens with the first use in a process, and again after a fork.

    `skew` is how far Twilio's clock was ahead of this machine's at its last answer, whatever that said; None before.
    """

    def __init__(self, config: TwilioConfig, clock: Clock) -> None:
        """Open nothing yet: the process may still fork."""
        self.skew: timedelta | None = None
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._open_line: OpenLine | None = None
        self._inherited: list[OpenLine] = []

    @staticmethod
    def load() -> None:
        """Import what a line needs: half a second that a worker spends ahead, not between an intent and its call."""
        from twilio.rest.api.v2010.account import message  # noqa: F401, PLC0415 - else twilio-python imports it on our loop

        import reminders.adapters.twilio.wire  # noqa: F401, PLC0415 - a process that sends nothing need not spend it

    def run(self, work: Callable[[OpenLine], Coroutine[Any, Any, T]]) -> T:
        """Run on the line and wait for it. Raises what the work raises, TimeoutError where the line broke down."""
        line = self._line()
        future: Future[T] = line.thread.submit(work(line))
        try:
            while line.is_usable and not wait([future], timeout=_HEARTBEAT_SECONDS).done:
                pass
            return future.result(timeout=0)  # TimeoutError where the thread has died
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel what runs and close the line; the next use opens a new one."""
        with self._lock:
            line, self._open_line = self._open_line, None
        if line is None or not line.is_usable:
            return
        line.thread.close(line.wire.close)

    def _line(self) -> OpenLine:
        with self._lock:
            if self._open_line is None or not self._open_line.is_usable:
                if self._open_line is not None:
                    # After a fork its sockets are the parent's: kept, so that nothing here closes them.
                    self._inherited.append(self._open_line)
                self._open_line = self._open()
            return self._open_line

    def _open(self) -> OpenLine:
        self.load()
        from twilio.rest import Client  # noqa: PLC0415 - as in load

        from reminders.adapters.twilio.wire import Wire  # noqa: PLC0415 - as in load

        config = self._config

        async def connect() -> OpenLine:
            wire = Wire(
                config.base_url,
                connections=config.concurrency + _CONNECTIONS_FOR_LOOKS,
                connect_timeout=config.connect_timeout,
                read_timeout=config.read_timeout,
                hear_time=self._hear_time,
            )
            # With no environment given, the client would read the real one.
            nothing = {"TWILIO_EDGE": ""}
            client = Client(*config.credentials, config.account_sid, http_client=wire, environment=nothing)
            return OpenLine(os.getpid(), thread, wire, client, asyncio.Semaphore(config.concurrency))

        thread = LoopThread("twilio")
        return thread.submit(connect()).result(config.read_timeout)

    def _hear_time(self, at: datetime) -> None:
        self.skew = self._clock.skew_from(at)
